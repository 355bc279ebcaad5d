"""`audio import`: recorded sounds from a folder or ZIP, named `label.language.wav`; each enters as a clip to be heard by others.

Sounds are brought to telephones' form on every core, outside any transaction; a file taken in before is passed over by its hash.
"""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup

from console.commands.saying import refuse
from console.edge import exchange, now, reading, writing
from console.staff import Staff

if TYPE_CHECKING:
    from translations.clips import Sound
    from translations.recordings import Target
    from translations.sound_files import SoundFile

command = AppGroup("audio", help="Les enregistrements.")


@dataclass
class _Tally:
    taken: int = 0
    known: int = 0
    refused: int = 0

    def refuse(self, name: str, sentence: str) -> None:
        self.refused += 1
        click.echo(f"{name} : refusé. {sentence}")


@command.command("import")
@click.argument("source", metavar="DOSSIER|ZIP", type=click.Path(exists=True, path_type=Path))
@click.option("--par", "author", metavar="NOM", help="Qui a enregistré : ce compte ne pourra ni vérifier ni approuver ces sons.")
@click.option("--licence", default="", metavar="TEXTE", help="Qui a prêté sa voix, et son accord.")
def bring(source: Path, author: str | None, licence: str) -> None:
    """Prendre des sons nommés « nom.langue.wav » (ou mp3, m4a, ogg, webm…) : ils attendent une écoute, puis la Validation."""
    from translations.sound_files import ArchiveRefused, opened

    staff_id, tally = _author(author), _Tally()
    try:
        with opened(source) as files:
            for batch in _batches(_named(files, tally)):
                _take(batch, staff_id, licence[:80], tally)
    except ArchiveRefused as error:
        raise refuse(str(error)) from error
    click.echo(f"Sons reçus : {tally.taken}. Déjà connus : {tally.known}. Refusés : {tally.refused}.")
    if tally.refused:
        raise SystemExit(1)


def _author(username: str | None) -> int | None:
    if username is None:
        return None
    with reading() as session:
        person = session.query(Staff).filter_by(username=username).one_or_none()
    if person is None:
        raise refuse(f"Personne ne s'appelle « {username} » ici. Regardez « Réglages », « Personnes ».")
    return person.id


def _named(files: "list[SoundFile]", tally: _Tally) -> "list[tuple[SoundFile, Target]]":
    """The files whose names say something, with what they say."""
    from translations.recordings import NameRefused, target_of

    found = []
    with reading() as session:
        for file in files:
            if file.refusal is not None:
                tally.refuse(file.name, file.refusal)
                continue
            try:
                found.append((file, target_of(session, file.name)))
            except NameRefused as error:
                tally.refuse(file.name, str(error))
    return found


def _batches(found: "list[tuple[SoundFile, Target]]") -> "Iterator[list[tuple[SoundFile, Target]]]":
    """A few at a time, so that memory holds a few files only; the bar moves where somebody watches."""
    from rich.console import Console
    from rich.progress import Progress

    size = max(os.cpu_count() or 1, 1)
    with Progress(console=Console(stderr=True), disable=not found) as progress:
        bar = progress.add_task("Sons", total=len(found))
        for begin in range(0, len(found), size):
            yield found[begin : begin + size]
            progress.advance(bar, len(found[begin : begin + size]))


def _take(batch: "list[tuple[SoundFile, Target]]", staff_id: int | None, licence: str, tally: _Tally) -> None:
    from translations import recordings

    read = [(file.name, target, file.read()) for file, target in batch]
    with reading() as session:
        known = [recordings.known(session, one.content_id, one.language, _hash(data)) for _, one, data in read]
    for (name, _target, _data), there in zip(read, known, strict=True):
        if there:
            tally.known += 1
            click.echo(f"{name} : déjà reçu.")
    new = [one for one, there in zip(read, known, strict=True) if not there]
    var = exchange().settings.var  # here: a thread of the pool has no application
    with ThreadPoolExecutor(max(len(new), 1)) as pool:
        sounds = list(pool.map(lambda one: _accepted(one[2], var, one[1].most_seconds), new))
    for (name, target, _data), sound in zip(new, sounds, strict=True):
        _keep(name, target, sound, staff_id, licence, tally)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _accepted(data: bytes, var: Path, most_seconds: int) -> "Sound | str":
    """The sound, or the sentence that refuses it."""
    from translations.clips import ClipError, ToolMissing, accept

    try:
        return accept(data, var, most_seconds=most_seconds)
    except ToolMissing as error:
        raise refuse(str(error)) from error
    except ClipError as error:
        return str(error)


def _keep(name: str, target: "Target", sound: "Sound | str", staff_id: int | None, licence: str, tally: _Tally) -> None:
    from runtime import audit
    from translations import recordings
    from translations.clips import ClipError

    if isinstance(sound, str):
        tally.refuse(name, sound)
        return
    try:
        with writing() as session:
            at = now(session)
            clip = recordings.receive(session, target.content_id, target.language, sound, staff_id, at, licence=licence)
            recordings.propose(session, target.content_id, target.language, staff_id, at)
            audit.record(session, at, "clip.import", "clip", clip.id, staff_id=staff_id, actor_kind="command")
    except ClipError as error:
        tally.refuse(name, str(error))
        return
    tally.taken += 1
    click.echo(f"{name} : reçu, attend d'être écouté.{f' {sound.warning}' if sound.warning else ''}")
