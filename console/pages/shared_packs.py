"""Language packs: a language's approved words as a file for another programme, and one of theirs taken in as drafts here."""

import io
import tempfile
from typing import Any

from flask import Response, abort, request, send_file, url_for

from console import content_words, uploads
from console.access import Answer, Pages, R, who
from console.edge import exchange, now, reading, wall_time, writing
from console.forms import Page, Typed, done, render
from console.uploads import Upload
from console.words import _, ngettext
from runtime import audit
from translations import contents, language_packs, taken_in
from translations.language_packs import Pack, PackRefused
from translations.languages import SOURCE
from translations.models import Language
from translations.taken_in import Intake

pages = Pages("shared_packs")
ROLES = {R.COMMUNICATION, R.LANGUE}
TAKES = ROLES | {R.VALIDATION}


@pages.page("/messages/langues/<code>/paquet", roles=TAKES)
def take(code: str) -> Answer:
    """What the pack of a language holds, and the buttons that make it."""
    language = _language(code)
    with reading() as session:
        pack = language_packs.write(session, language, exchange().settings.var, now(session), io.BytesIO())
    return render("messages/pack.html", tongue=language, pack=pack)


@pages.page("/messages/langues/<code>/paquet.zip", roles=TAKES)
def archive(code: str) -> Answer:
    """The pack as a ZIP file, with `?sons=1` its recordings too."""
    language, sounds = _language(code), bool(request.args.get("sons"))
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by the response
    with reading() as session:
        pack = language_packs.write(session, language, exchange().settings.var, now(session), file, sounds=sounds)
    texts, held = len(pack.words), len(pack.sounds)
    with writing() as session:
        audit.record(session, now(session), "make_pack", "language", staff_id=who().id, language=code, texts=texts, sounds=held)
    file.seek(0)
    answer: Response = send_file(file, "application/zip", as_attachment=True, download_name=f"lamen-langue-{code}.zip")
    return answer


@pages.page("/messages/paquets", roles=ROLES, form=True)
def bring() -> Answer:
    """Send a pack of another programme."""
    form = Typed.sent_or()
    if form.sent:
        file = uploads.sent(form, exchange().settings.upload_megabytes)
        if not form.errors and _read(form, file) is not None:
            token = uploads.keep(exchange().settings.var, who().id, file.name, file.data, wall_time())
            return done(url_for("shared_packs.look", token=token))
    return render("messages/bring_pack.html", form=form), 422 if form.errors else 200


@pages.page("/messages/paquets/<token>", roles=ROLES, form=True)
def look(token: str) -> Answer:
    """What the pack would bring; sending the form writes the drafts."""
    upload, form = uploads.find(exchange().settings.var, token, who().id) or abort(404), Typed.sent_or()
    pack = _read(form, upload)
    intake = _intake(form, pack) if pack is not None else None
    if form.sent and pack is not None and intake is not None:
        shown = form.whole("taken", needed=_("Relisez cette page avant d'enregistrer."))
        if shown != len(intake.taken):
            form.wrong("", _("Les textes ont changé pendant ce temps. Relisez, puis enregistrez."))
        if not form.errors:
            with writing() as session:
                written = taken_in.carry_out(session, pack, who().id, now(session), propose=form.ticked("propose"))
            uploads.drop(exchange().settings.var, token)
            return done(url_for("messages.index", langue=pack.language), _told(written))
    left = [one for one in intake.arrivals if one.fate not in (*taken_in.TAKEN, taken_in.Fate.SAME)] if intake else []
    page = Page.asked(len(left))
    values: dict[str, Any] = {"pack": pack, "intake": intake, "left": left[page.offset : page.offset + page.limit], "page": page}
    return render("messages/pack_intake.html", form=form, upload=upload, fates=content_words.FATES, **values), (
        422 if form.errors else 200
    )


def _told(written: Intake) -> str:
    count = len(written.taken)
    return ngettext("%(num)s texte reçu comme brouillon.", "%(num)s textes reçus comme brouillons.", count)


def _read(form: Typed, upload: Upload) -> Pack | None:
    if form.errors:
        return None
    try:
        return language_packs.read(io.BytesIO(upload.data))
    except PackRefused as error:
        form.wrong("file", _(error.said, name=error.name))
        return None


def _intake(form: Typed, pack: Pack) -> Intake | None:
    try:
        with reading() as session:
            return taken_in.check(session, pack)
    except PackRefused as error:
        form.wrong("", _(error.said, name=error.name))
        return None


def _language(code: str) -> Language:
    with reading() as session:
        found = next((one for one in contents.languages(session) if one.code == code and code != SOURCE), None)
    return found if found is not None else abort(404)
