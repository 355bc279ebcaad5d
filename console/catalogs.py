"""The console's English: PO files, merged and compiled on the first start after one changed.

One file an area, so that several people can translate at once; `make catalogs` puts new French words into messages.po and takes
out of every file those that are no longer said.
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
SOURCES = HERE / "translations" / "en" / "LC_MESSAGES"
NEW = SOURCES / "messages.po"
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"templates/**.html": {"silent": "false"}}
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy": None}


def folder(settings: Settings) -> Path:
    """The folder of compiled catalogs, made now if a PO file is newer."""
    compiled = settings.var / "catalogs"
    target = compiled / "en" / "LC_MESSAGES" / "messages.mo"
    newest = max(path.stat().st_mtime for path in SOURCES.glob("*.po"))
    if not target.exists() or target.stat().st_mtime < newest:
        target.parent.mkdir(parents=True, exist_ok=True)
        built = BytesIO()
        write_mo(built, catalog())
        part = target.with_name(f"{target.name}.{os.getpid()}")
        part.write_bytes(built.getvalue())
        part.replace(target)
    return compiled.resolve()


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="en", abort_invalid=True)


def catalog() -> Catalog:
    """All the English there is; where two files say the same words, the one translated stands."""
    merged = Catalog(locale="en", charset="utf-8")
    for path in sorted(SOURCES.glob("*.po")):
        for message in _read(path):
            if message.id and _whole(message.string):
                merged.add(message.id, message.string)
    return merged


def collected() -> Catalog:
    """Every French word of code and templates, without translations."""
    words = Catalog(project="lamen", charset="utf-8")
    for name, line, message, comments, context in extract_from_dir(HERE, METHODS, OPTIONS, KEYWORDS):
        words.add(message, None, [(name, line)], auto_comments=comments, context=context)
    return words


def missing() -> list[str]:
    """The words said somewhere and without English."""
    known = {_key(message.id) for message in catalog() if message.id}
    return sorted({_key(message.id) for message in collected() if message.id} - known)


def update() -> list[str]:
    """Bring the PO files up to date with the words; the ones still to translate."""
    said = {_key(message.id) for message in collected() if message.id}
    untranslated = missing()
    for path in sorted(SOURCES.glob("*.po")):
        kept = Catalog(project="lamen", locale="en", charset="utf-8")
        for message in _read(path):
            if message.id and _key(message.id) in said and _whole(message.string):
                kept.add(message.id, message.string)
        if path == NEW:
            for message in collected():
                if message.id and _key(message.id) in untranslated:
                    kept.add(message.id, "" if isinstance(message.id, str) else ("",) * len(message.id))
        built = BytesIO()
        write_po(built, kept, sort_output=True, no_location=True, omit_header=True, width=120)
        path.write_bytes(built.getvalue())
    return untranslated


def _key(identity: str | list[str] | tuple[str, ...]) -> str:
    return identity if isinstance(identity, str) else identity[0]


def _whole(translation: object) -> bool:
    return all(translation) if isinstance(translation, (tuple, list)) else bool(translation)
