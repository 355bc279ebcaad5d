"""`packs export`, `packs import`: a language's approved words as a file, and another programme's as drafts here."""

import io
import tempfile
from pathlib import Path

import click
from flask.cli import AppGroup

from console.commands.audio import bring as bring_sounds
from console.commands.saying import refuse
from console.edge import exchange, now, reading, writing
from console.staff import Staff

command = AppGroup("packs", help="Les paquets de langue.")


@command.command("export")
@click.argument("code", metavar="LANGUE")
@click.argument("target", metavar="FICHIER", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--sons", "sounds", is_flag=True, help="Joindre les sons approuvés : seulement si chaque voix l'accepte.")
def export(code: str, target: Path, sounds: bool) -> None:
    """Écrire dans FICHIER les textes approuvés, le glossaire et l'écriture simplifiée d'une LANGUE (bm, ffm, dts…)."""
    from runtime import audit
    from translations import language_packs
    from translations.models import Language

    with reading() as session:
        language = session.get(Language, code)
        if language is None:
            raise refuse(f"La langue « {code} » n'existe pas ici.")
        with target.open("wb") as file:
            pack = language_packs.write(session, language, exchange().settings.var, now(session), file, sounds=sounds)
    with writing() as session:
        texts, held = len(pack.words), len(pack.sounds)
        audit.record(session, now(session), "make_pack", "language", language=code, texts=texts, sounds=held)
    click.echo(f"Textes : {len(pack.words)}. Termes : {len(pack.terms)}. Sons : {len(pack.sounds)}.")


@command.command("import")
@click.argument("source", metavar="FICHIER", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--par", "author", metavar="NOM", required=True, help="Qui l'apporte : ce compte ne pourra pas approuver ces textes."
)
@click.option("--proposer", "propose", is_flag=True, help="Demander tout de suite la relecture.")
@click.option("--sons", "sounds", is_flag=True, help="Prendre aussi les sons.")
@click.pass_context
def bring(context: click.Context, source: Path, author: str, propose: bool, sounds: bool) -> None:
    """Prendre le paquet d'un autre programme : ses textes entrent comme brouillons, rien n'est approuvé."""
    from translations import language_packs, taken_in
    from translations.language_packs import PackRefused

    with reading() as session:
        person = session.query(Staff).filter_by(username=author).one_or_none()
    if person is None:
        raise refuse(f"Personne ne s'appelle « {author} » ici. Regardez « Réglages », « Personnes ».")
    data = io.BytesIO(source.read_bytes())
    try:
        pack = language_packs.read(data)
        with writing() as session:
            # A sound takes words out of review: those are proposed once it is there.
            taken = taken_in.carry_out(session, pack, person.id, now(session), propose=propose and not sounds)
    except PackRefused as error:
        raise refuse(str(error)) from error
    click.echo(f"Textes reçus : {len(taken.taken)} sur {len(pack.words)}. Termes : {taken.terms}. Lettres : {taken.letters}.")
    if sounds and pack.sounds:
        wanted = [one.words.sound for one in taken.taken if one.words.sound]
        with tempfile.TemporaryDirectory() as folder:
            for name, sound in language_packs.sounds_of(data, wanted):
                (Path(folder) / Path(name).name).write_bytes(sound)
            context.invoke(bring_sounds, source=Path(folder), author=author, licence="paquet de langue")
