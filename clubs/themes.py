"""The themes reports may name, from the rows that staff may change; the built-in table stands for an installation without any.

Loaded with each text, as its words are; the table made of the same rows is made only once.
"""

from collections.abc import Mapping
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs.grammar.words import THEMES
from translations.models import Theme

Themes = Mapping[int, tuple[str, str]]


def themes(session: Session) -> Themes:
    """By code: the name in an echo, and a shorter one for lists."""
    rows = session.execute(select(Theme.code, Theme.short).order_by(Theme.code))
    return _table(tuple((code, short) for code, short in rows))


@lru_cache(maxsize=8)
def _table(rows: tuple[tuple[int, str], ...]) -> Themes:
    return {code: _named(code, name) for code, name in rows} or THEMES


def _named(code: int, name: str) -> tuple[str, str]:
    """A theme that staff renamed has no shorter name than its own."""
    built_in = THEMES.get(code)
    return built_in if built_in is not None and built_in[0] == name else (name, name)
