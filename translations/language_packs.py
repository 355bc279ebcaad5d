"""A language's approved words, glossary and spellings as one ZIP file that another programme takes in: there they begin anew.

A pack says how many people approved and never who; answers to listeners, names and licences stay at home. Nothing it brings
is approved where it arrives: texts come as drafts of whoever brought them, spellings wait for that programme's own editors.
"""

import hashlib
import json
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from translations import clips, glossary, spellings
from translations.errors import TranslationError
from translations.languages import SOURCE
from translations.library import clip_of, newest_variants, sendable
from translations.models import Clip, Content, ContentKind, Language, Variant

FORMAT, VERSION = "lamen-language-pack", 1
MANIFEST, CONTENTS, GLOSSARY, SPELLINGS, SOUNDS = "manifest.json", "contents.json", "glossary.json", "spellings.json", "sounds/"
SHARED = tuple(kind for kind in ContentKind if kind is not ContentKind.ANSWER)
WORDS = (MANIFEST, CONTENTS, GLOSSARY, SPELLINGS)
MOST_ENTRIES, MOST_WORDS, MOST_SOUND, MOST_SOUNDS = 5000, 5_000_000, 30_000_000, 2_000_000_000
_WRITTEN = (1980, 1, 1, 0, 0, 0)  # the same words make the same archive
_NOT_A_PACK = "Ce fichier n'est pas un paquet de langue. Envoyez le ZIP tel qu'il est sorti de l'autre installation."
_DAMAGED = "Ce paquet est abîmé : « %(name)s » n'est pas ce que sa liste annonce. Demandez-le de nouveau."


class PackRefused(TranslationError):
    """A file that is no whole language pack; the text is the French sentence for whoever sent it: `said` with its `name`."""

    def __init__(self, said: str, name: str = "") -> None:
        super().__init__(said % {"name": name})
        self.said = said
        self.name = name


@dataclass(frozen=True)
class Words:
    """One content of a pack: its French as it stood there, and the words in the pack's language. `sound`: a name in the ZIP."""

    key: str
    kind: str
    title: str
    version: int
    french: Mapping[str, Any]
    text: str | None
    spoken: str | None
    options: tuple[str, ...]
    simplified: tuple[str, ...]
    sound: str | None = None


@dataclass(frozen=True)
class Pack:
    """What a pack holds; `approvers` is how many people approved its words, `terms` are (term, translation, note)."""

    language: str
    language_name: str
    made_on: str
    approvers: int
    words: tuple[Words, ...]
    terms: tuple[tuple[str, str, str], ...]
    letters: tuple[tuple[str, str], ...]

    @property
    def sounds(self) -> tuple[str, ...]:
        """The names of its sounds."""
        return tuple(one.sound for one in self.words if one.sound)


def write(session: Session, language: Language, var: Path, now: datetime, target: IO[bytes], *, sounds: bool = False) -> Pack:
    """Write the pack of a language to `target`; with `sounds`, its approved recordings too, for voices that agreed to it.

    Minutes of recordings take a while: never inside a transaction that writes.
    """
    found = list(_approved(session, language.code, now))
    words: list[Words] = []
    recorded: dict[str, Path] = {}
    for content, variant, french in found:
        clip = clip_of(variant) if sounds else None
        path = clips.path_of(var, clip.sha256) if clip is not None else None
        name = f"{SOUNDS}{content.key.removeprefix('prompt:').replace(':', '.')}.{language.code}.wav"
        if path is not None and path.exists():
            recorded[name] = path
        words.append(_words(content, variant, french, name if name in recorded else None))
    terms = tuple((one.term, one.translation, one.note) for one in glossary.terms(session, language.code))
    letters = tuple(sorted(spellings.agreed(session, language.code).items()))
    approvers = {
        who for _, variant, _ in found for who in (variant.approved_by, *_clip_approvers(variant.clips)) if who is not None
    }
    pack = Pack(language.code, language.name, f"{now:%Y-%m-%d}", len(approvers), tuple(words), terms, letters)
    files = {CONTENTS: _json([asdict(one) for one in pack.words]), GLOSSARY: _json(pack.terms), SPELLINGS: _json(pack.letters)}
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in {MANIFEST: _manifest(pack, files, recorded), **files}.items():
            archive.writestr(_entry(name), data)
        for name, path in recorded.items():
            with path.open("rb") as sound, archive.open(_entry(name), "w") as file:
                shutil.copyfileobj(sound, file)
    return pack


def read(source: IO[bytes]) -> Pack:
    """What a ZIP file holds, every hash checked. PackRefused says in French why it is not read."""
    try:
        with zipfile.ZipFile(source) as archive:
            _check(archive)
            pack = _pack({name: json.loads(archive.read(name)) for name in WORDS})
            for name in sorted(set(pack.sounds) - (set(archive.namelist()) - set(WORDS))):
                raise PackRefused(_DAMAGED, name[:80])
            return pack
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:  # as an archive
        raise PackRefused(_NOT_A_PACK) from error
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:  # as words
        raise PackRefused(_NOT_A_PACK) from error


def sounds_of(source: IO[bytes], wanted: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The sounds of a pack that was read, by their names without a folder."""
    with zipfile.ZipFile(source) as archive:
        for name in wanted:
            yield name.removeprefix(SOUNDS), archive.read(name)


def _approved(session: Session, language: str, now: datetime) -> Iterator[tuple[Content, Variant, Variant | None]]:
    contents = session.scalars(select(Content).where(Content.kind.in_(SHARED), ~Content.archived).order_by(Content.key)).all()
    newest = {(one.content_id, one.language): one for one in newest_variants(session, [one.id for one in contents])}
    for content in contents:
        variant = newest.get((content.id, language))
        if variant is not None and sendable(variant, now):
            yield content, variant, newest.get((content.id, SOURCE))


def _clip_approvers(found: Iterable[Clip]) -> set[int | None]:
    return {clip.approved_by for clip in found}


def _words(content: Content, variant: Variant, french: Variant | None, sound: str | None) -> Words:
    said = {"text": french.text, "spoken": french.spoken, "options": list(french.options)} if french is not None else {}
    lists = tuple(variant.options), tuple(variant.simplified)
    return Words(
        content.key, content.kind.value, content.title, variant.version, said, variant.text, variant.spoken, *lists, sound
    )


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _WRITTEN)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _manifest(pack: Pack, files: Mapping[str, bytes], recorded: Mapping[str, Path]) -> bytes:
    held = {"contents": len(pack.words), "terms": len(pack.terms), "spellings": len(pack.letters), "sounds": len(pack.sounds)}
    hashes = {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()}
    for name, path in recorded.items():
        with path.open("rb") as file:
            hashes[name] = {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": path.stat().st_size}
    told = {"format": FORMAT, "version": VERSION, "language": pack.language, "language_name": pack.language_name}
    return _json({**told, "made_on": pack.made_on, "holds": held, "approvers": pack.approvers, "files": hashes})


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _check(archive: zipfile.ZipFile) -> None:
    """Refuse an archive unless each of its files is what the manifest says."""
    entries = _entries(archive)
    manifest = json.loads(archive.read(MANIFEST))
    if manifest["format"] != FORMAT:
        raise PackRefused(_NOT_A_PACK)
    if manifest["version"] != VERSION:
        raise PackRefused("Ce paquet vient d'une version plus récente. Mettez d'abord cette installation à jour.")
    for name in sorted((entries.keys() | manifest["files"].keys()) - {MANIFEST}):
        told, entry = manifest["files"].get(name), entries.get(name)
        if told is None or entry is None or _hashed(archive, entry) != told["sha256"]:
            raise PackRefused(_DAMAGED, name[:80])


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """What the archive declares, before any of it is read: what is stored or deflated never gives more than it declares."""
    entries = {one.filename: one for one in archive.infolist()}
    words = sum(one.file_size for one in entries.values() if one.filename in WORDS)
    sounds = [one.file_size for one in entries.values() if one.filename not in WORDS]
    if MANIFEST not in entries or len(entries) > MOST_ENTRIES or len(entries) != len(archive.infolist()):
        raise PackRefused(_NOT_A_PACK)
    if words > MOST_WORDS or max(sounds, default=0) > MOST_SOUND or sum(sounds) > MOST_SOUNDS:
        raise PackRefused(_NOT_A_PACK)
    if not all(_expected(one) for one in entries.values()):
        raise PackRefused(_NOT_A_PACK)
    return entries


def _expected(entry: zipfile.ZipInfo) -> bool:
    plain = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not entry.flag_bits & 1
    return plain and (entry.filename in WORDS or entry.filename.startswith(SOUNDS))


def _hashed(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    digest = hashlib.sha256()
    with archive.open(entry) as file:
        while part := file.read(65_536):
            digest.update(part)
    return digest.hexdigest()


def _pack(read: Mapping[str, Any]) -> Pack:
    manifest = read[MANIFEST]
    words = tuple(_read_words(one) for one in read[CONTENTS])
    terms = tuple((_text(term, 80), _text(translation, 120), _text(note, 200)) for term, translation, note in read[GLOSSARY])
    letters = tuple((_text(letter, 4), _text(spelled, 8)) for letter, spelled in read[SPELLINGS])
    code, name, day = (_text(manifest[field], 64) for field in ("language", "language_name", "made_on"))
    return Pack(code, name, day, int(manifest["approvers"]), words, terms, letters)


def _read_words(row: Mapping[str, Any]) -> Words:
    return Words(
        key=_text(row["key"], 80),
        kind=_text(row["kind"], 24),
        title=_text(row["title"], 120),
        version=int(row["version"]),
        french=dict(row["french"]),
        text=_text_or_none(row["text"]),
        spoken=_text_or_none(row["spoken"]),
        options=tuple(_text(one, 200) for one in row["options"]),
        simplified=tuple(_text(one, 8) for one in row["simplified"]),
        sound=_text_or_none(row["sound"]),
    )


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value, 2000)


def _text(value: object, most: int) -> str:
    if not isinstance(value, str) or len(value) > most or "\0" in value:
        raise ValueError("not a text of that length")
    value.encode()  # half a pair of surrogates is a ValueError, too: no database takes it
    return value
