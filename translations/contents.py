"""Contents that staff make on a page, and what an editor needs to see of one: its languages, versions and facts.

A content made here has no file behind it: loading the content files leaves it alone, whatever its key.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from translations import content_files
from translations.content_entries import Fact
from translations.models import Content, ContentKind, Language, Variant

LONGEST_KEY = 60


def languages(session: Session) -> list[Language]:
    """The languages in use, in the order of the LANGUE menu."""
    return list(session.scalars(select(Language).where(Language.active).order_by(Language.menu_number)))


def versions(session: Session, content_id: int, language: str) -> list[Variant]:
    """Every version of a content in one language with its clips, newest first."""
    return list(
        session.scalars(
            select(Variant)
            .where(Variant.content_id == content_id, Variant.language == language)
            .order_by(Variant.version.desc())
            .options(selectinload(Variant.clips))
        )
    )


@cache
def facts() -> Mapping[int, Fact]:
    """The facts a text may rest on, by number; those on which sources disagree are left out."""
    return {fact.number: fact for fact in content_files.read().facts if fact.publishable}


def create(
    session: Session,
    kind: ContentKind,
    title: str,
    *,
    theme_code: int | None = None,
    source: str = "",
    certainty: str = "",
    facts: Sequence[int] = (),
    key: str | None = None,
) -> Content:
    """A new content without words yet; its key is made from the title, with a number where that is taken."""
    content = Content(
        key=key or _free_key(session, title), kind=kind, title=title, theme_code=theme_code, source=source, certainty=certainty
    )
    content.facts = list(facts)
    session.add(content)
    session.flush()
    return content


def _free_key(session: Session, title: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", title.lower()) if c.isascii())
    key = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_KEY].strip("-") or "texte"
    taken = set(session.scalars(select(Content.key).where(Content.key.startswith(key, autoescape=True))))
    return next(one for one in (key, *(f"{key}-{n}" for n in range(2, len(taken) + 3))) if one not in taken)
