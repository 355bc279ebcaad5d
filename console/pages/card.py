"""The memory card: the sleeve to print, and the archive of a language's approved sounds to put on a card."""

import tempfile

from flask import Response, request, send_file, url_for

from console.access import Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import done, render
from console.words import _
from runtime import audit
from runtime.database import Session
from translations import contents, memory_card
from translations.languages import SOURCE
from translations.memory_card import Track

pages = Pages("card")
READS = {R.COMMUNICATION, R.LANGUE, R.VALIDATION, R.TERRAIN}


@pages.page("/messages/carte-memoire", roles=READS)
def index() -> Answer:
    """The sleeve of one language."""
    with reading() as session:
        languages = {one.code: one.name for one in contents.languages(session)}
        language = _language(languages)
        every = memory_card.by_language(session, exchange().settings.var, now(session))
        tracks, counts = every.get(language, []), {code: len(every.get(code, ())) for code in languages}
    total = sum(track.seconds for track in tracks)
    size = sum(track.bytes for track in tracks)
    values = {"languages_": languages, "chosen": language, "counts": counts, "tracks": tracks}
    return render("messages/card.html", minutes=max(1, round(total / 60)), megabytes=max(0.1, round(size / 1e6, 1)), **values)


@pages.page("/messages/carte-memoire.zip", roles=READS)
def archive() -> Answer:
    """The sounds, numbered, with the sleeve as a text."""
    with reading() as session:
        languages = {one.code: one.name for one in contents.languages(session)}
        language = _language(languages)
        tracks = _tracks(session, language)
    if not tracks:
        return done(url_for("card.index", langue=language), _("Aucun son approuvé dans cette langue pour l'instant."))
    lines = [f"{track.number:03}  {track.length}  {track.title}" for track in tracks]
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by the response
    memory_card.write(tracks, "\r\n".join([f"Lamɛn – {languages[language]}", "", *lines, ""]), file)
    file.seek(0)
    with writing() as session:
        audit.record(session, now(session), "make_memory_card", "language", None, staff_id=who().id, language=language)
    answer: Response = send_file(file, "application/zip", as_attachment=True, download_name=f"lamen-{language}.zip")
    return answer


def _language(languages: dict[str, str]) -> str:
    asked = request.args.get("langue", SOURCE)
    return asked if asked in languages else SOURCE


def _tracks(session: Session, language: str) -> list[Track]:
    return memory_card.tracks(session, language, exchange().settings.var, now(session))
