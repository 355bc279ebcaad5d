"""The console's English: one PO file, compiled on the first start after it changed.

`flask --app wsgi catalogs` (`make catalogs`) collects the French words from code and templates into it again.
"""

import os
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from runtime.settings import Settings

HERE = Path(__file__).parent
SOURCE = HERE / "translations" / "en" / "LC_MESSAGES" / "messages.po"
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy": None}


def folder(settings: Settings) -> Path:
    """The folder of compiled catalogs, made now if the PO file is newer."""
    compiled = settings.var / "catalogs"
    target = compiled / "en" / "LC_MESSAGES" / "messages.mo"
    if not target.exists() or target.stat().st_mtime < SOURCE.stat().st_mtime:
        target.parent.mkdir(parents=True, exist_ok=True)
        built = BytesIO()
        write_mo(built, catalog())
        part = target.with_name(f"{target.name}.{os.getpid()}")
        part.write_bytes(built.getvalue())
        part.replace(target)
    return compiled.resolve()


def catalog() -> Catalog:
    """The English catalog as it stands."""
    with SOURCE.open("rb") as file:
        return read_po(file, locale="en")


def collected() -> Catalog:
    """Every French word of code and templates, without translations."""
    words = Catalog(project="lamen", charset="utf-8")
    for name, line, message, comments, context in extract_from_dir(HERE, METHODS, OPTIONS, KEYWORDS):
        words.add(message, None, [(name, line)], auto_comments=comments, context=context)
    return words


def update() -> list[str]:
    """Bring the PO file up to date with the words; the ones still to translate."""
    known = catalog()
    known.update(collected(), no_fuzzy_matching=True)
    known.obsolete.clear()
    built = BytesIO()
    write_po(built, known, sort_output=True, no_location=True, omit_header=False, width=120)
    SOURCE.write_bytes(built.getvalue())
    return missing(known)


def missing(known: Catalog) -> list[str]:
    """The words without English."""
    return [_text(message.id) for message in known if message.id and not _whole(message.string)]


def _text(identity: object) -> str:
    return str(identity[0]) if isinstance(identity, (tuple, list)) else str(identity)


def _whole(translation: object) -> bool:
    return all(translation) if isinstance(translation, (tuple, list)) else bool(translation)
