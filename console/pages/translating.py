"""Translating: a sheet of one language goes out as XLSX or PO, and comes back checked line by line before anything is written."""

from typing import Any

from flask import Response, abort, request, url_for

from clubs.sheets import SheetError, read
from console import content_words, uploads
from console.access import Answer, Pages, R, who
from console.contents import sentence
from console.edge import exchange, now, reading, wall_time, writing
from console.forms import Page, Typed, done, render
from console.uploads import Upload
from console.words import _, ngettext
from runtime import audit
from runtime.database import Session
from translations import contents, returned, worksheets
from translations.languages import SOURCE
from translations.returned import Plan
from translations.review import ReviewError
from translations.worksheets import READ, Returned, WorksheetError

pages = Pages("translating")
ROLES = {R.COMMUNICATION, R.LANGUE}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SORTS = {"tout": worksheets.KINDS} | {kind.value: (kind,) for kind in worksheets.KINDS}


@pages.page("/messages/traduire", roles=ROLES, form=True)
def index() -> Answer:
    """Take a sheet out, or bring one back."""
    form = Typed.sent_or({"langue": request.args.get("langue", "")})
    with reading() as session:
        languages = _languages(session)
    language = form.one_of("langue", languages, needed=_("Choisissez la langue de la feuille.") if form.sent else None)
    if form.sent:
        file = uploads.sent(form, exchange().settings.upload_megabytes)
        if not form.errors:
            token = uploads.keep(exchange().settings.var, who().id, file.name, file.data, wall_time())
            return done(url_for("translating.rows", token=token, langue=language))
    sorts = [("tout", _("Tous les textes")), *((kind.value, content_words.KINDS[kind]) for kind in worksheets.KINDS)]
    values: dict[str, Any] = {"languages_": [(code, name.capitalize()) for code, name in languages.items()], "sorts": sorts}
    return render("messages/translate.html", form=form, **values), 422 if form.errors else 200


@pages.page("/messages/traduire/feuille", roles=ROLES)
def sheet() -> Answer:
    """The sheet to fill."""
    language, wanted = request.args.get("langue", ""), request.args.get("sorte", "tout")
    with reading() as session:
        languages = _languages(session)
        if language not in languages or wanted not in SORTS:
            return done(url_for("translating.index"), _("Choisissez une langue."))
        lines = worksheets.lines(session, language, SORTS[wanted])
        po = request.args.get("format") == "po"
        body = worksheets.as_po(lines) if po else worksheets.as_xlsx(lines)
    headers = {"Content-Disposition": f'attachment; filename="traduire-{language}.{"po" if po else "xlsx"}"'}
    return Response(body, mimetype="text/x-gettext-translation" if po else XLSX, headers=headers)


@pages.page("/messages/traduire/<token>", roles=ROLES, form=True)
def rows(token: str) -> Answer:
    """What the sheet would change, and the lines that stay out; sending the form writes the drafts."""
    upload, form = uploads.find(exchange().settings.var, token, who().id) or abort(404), Typed.sent_or()
    language = request.args.get("langue", "")
    with reading() as session:
        languages = _languages(session)
    if language not in languages:
        abort(404)
    if form.sent:
        written = _carry_out(form, upload, language)
        if written is not None:
            uploads.drop(exchange().settings.var, token)
            said = ngettext("%(num)s brouillon enregistré.", "%(num)s brouillons enregistrés.", written)
            return done(url_for("messages.index", langue=language, etat="draft"), said)
    plan: Plan | None = None
    try:
        with reading() as session:
            plan = _plan(session, upload, language)
    except (SheetError, WorksheetError) as error:
        form.wrong("", _(str(error)))
    page = Page.asked(len(plan.refused) if plan else 0)
    values = {"plan": plan, "page": page, "upload": upload, "language": languages[language], "why": content_words.refusal}
    return render("messages/returned.html", form=form, **values), 422 if form.errors else 200


def _carry_out(form: Typed, upload: Upload, language: str) -> int | None:
    """Write what was shown; None with the reason on the form when it is not that any more."""
    shown = form.whole("ready", needed=_("Relisez cette page avant d'enregistrer."))
    try:
        with writing() as session:
            plan = _plan(session, upload, language)
            if len(plan.ready) != shown or not plan.ready:
                form.wrong("", _("Les textes ont changé pendant ce temps. Relisez, puis enregistrez."))
            if form.errors:
                return None
            written = returned.carry_out(session, plan, who().id, now(session))
            audit.record(
                session, now(session), "bring_back_sheet", "language", staff_id=who().id, language=language, rows=written
            )
            return written
    except ReviewError as error:
        form.wrong("", sentence(error))
    except (SheetError, WorksheetError) as error:
        form.wrong("", _(str(error)))
    return None


def _plan(session: Session, upload: Upload, language: str) -> Plan:
    return returned.check(session, language, _returned(upload))


def _returned(upload: Upload) -> list[Returned]:
    if upload.name.lower().endswith(".po"):
        return worksheets.from_po(upload.data)
    sheet = read(upload.data, upload.name, dict.fromkeys(READ, ()))
    if missing := [column for column in ("clé", "langue", "versions") if column not in sheet.columns]:
        raise WorksheetError(f"La colonne « {missing[0]} » manque. Renvoyez la feuille telle qu'elle est sortie d'ici.")
    return [Returned(row.number, dict(row.cells)) for row in sheet.rows]


def _languages(session: Session) -> dict[str, str]:
    return {one.code: one.name for one in contents.languages(session) if one.code != SOURCE}
