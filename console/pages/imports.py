"""Import: a file of members, step by step; nothing is written before a person has seen every bad row and confirmed the rest.

The file waits sealed on the server between the steps, so that nobody sends it twice over a slow line.
"""

import csv
import io
from typing import Any

from flask import Response, abort, request, url_for

from clubs import imports
from clubs.imports import ImportPlan
from clubs.rows import HEADINGS
from clubs.sheets import Row, Sheet, SheetError, read
from console import uploads
from console.access import Answer, Pages, R, who
from console.edge import exchange, now, reading, wall_time, writing
from console.forms import Page, Typed, done, render
from console.uploads import Upload
from console.words import _, ngettext, whole
from messaging.numbers import mask, normalise
from runtime.database import Session

pages = Pages("imports")
ROLES = {R.COMMUNICATION}
ENCODINGS = {"utf-8-sig": "UTF-8", "cp1252": "Windows (cp1252)"}
PREVIEW = 5


@pages.page("/contacts/import", roles=ROLES, form=True)
def index() -> Answer:
    """Step 1: the file."""
    form = Typed.sent_or()
    if form.sent:
        file = uploads.sent(form, exchange().settings.upload_megabytes)
        if not form.errors and not file.data:
            form.wrong("file", _("Ce fichier est vide. Choisissez-en un autre."))
        if not form.errors:
            token = uploads.keep(exchange().settings.var, who().id, file.name, file.data, wall_time())
            return done(url_for("imports.columns", token=token))
    megabytes = exchange().settings.upload_megabytes
    return render("imports/index.html", form=form, step=1, megabytes=megabytes), 422 if form.errors else 200


@pages.page("/contacts/import/modele.csv", roles=ROLES)
def model() -> Answer:
    """An empty sheet with every heading, as a spreadsheet opens it."""
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerow(HEADINGS)
    headers = {"Content-Disposition": 'attachment; filename="modele-membres.csv"'}
    return Response("\ufeff" + text.getvalue(), mimetype="text/csv", headers=headers)


@pages.page("/contacts/import/<token>", roles=ROLES)
def columns(token: str) -> Answer:
    """Step 2: how the file was read, its columns and first rows."""
    upload, encoding = _upload(token), _encoding(request.args.get("codage"))
    values: dict[str, Any] = {"upload": upload, "token": token, "encodings": ENCODINGS, "encoding": encoding, "step": 2}
    try:
        with reading() as session:
            sheet = _sheet(upload, encoding)
            imports.check(session, sheet, now(session).date())
    except SheetError as error:
        return render("imports/columns.html", problem=str(error), sheet=None, **values), 422
    known = [column for column in HEADINGS if column in sheet.columns]
    absent = [column for column in HEADINGS if column not in sheet.columns]
    return render(
        "imports/columns.html", problem=None, sheet=sheet, known=known, absent=absent, preview=PREVIEW, cell=_cell, **values
    )


@pages.page("/contacts/import/<token>/lignes", roles=ROLES, form=True)
def rows(token: str) -> Answer:
    """Step 3: the bad rows under their own numbers; sending the form imports the good ones."""
    upload, form = _upload(token), Typed.sent_or()
    encoding = _encoding(form.value("encoding") if form.sent else request.args.get("codage"))
    if form.sent:
        said = _carry_out(form, upload, encoding)
        if said is not None:
            uploads.drop(exchange().settings.var, token)
            return done(url_for("contacts.index"), said)
    try:
        with reading() as session:
            plan = _plan(session, upload, encoding)
    except SheetError:
        return done(url_for("imports.columns", token=token, codage=encoding))
    refused, warned = _by_row(plan.refused), _by_row(plan.never_pushed)
    page = Page.asked(len(refused) + len(warned))
    shown = [*((True, each) for each in refused), *((False, each) for each in warned)][page.offset : page.offset + page.limit]
    values = {"plan": plan, "shown": shown, "page": page, "upload": upload, "token": token, "encoding": encoding, "step": 3}
    return render("imports/rows.html", form=form, refused=len(refused), warned=len(warned), **values), 422 if form.errors else 200


def _carry_out(form: Typed, upload: Upload, encoding: str | None) -> str | None:
    """Import what was shown; None with the reason on the form when it is not that any more."""
    shown = form.whole("ready", needed=_("Relisez cette page avant d'importer."))
    try:
        with writing() as session:
            plan = _plan(session, upload, encoding)
            if len(plan.ready) != shown or not plan.ready:
                form.wrong("", _("Les membres ont changé pendant ce temps. Relisez, puis importez."))
            if form.errors:
                return None
            result = imports.carry_out(session, plan, now(session), who().id)
    except SheetError as error:
        form.wrong("", str(error))
        return None
    said = ngettext("%(num)s membre importé", "%(num)s membres importés", result.members)
    return _(
        "%(said)s : %(numbers)s numéros, %(consents)s accords.",
        said=said,
        numbers=whole(result.contacts),
        consents=whole(result.consents),
    )


def _upload(token: str) -> Upload:
    return uploads.find(exchange().settings.var, token, who().id) or abort(404)


def _cell(row: Row, column: str) -> str:
    """A cell as the preview shows it: numbers are masked, even to whoever sent them."""
    value = row.get(column)
    number = normalise(value) if column == "numéro" else None
    return mask(number) if number else value


def _encoding(asked: str | None) -> str | None:
    return asked if asked in ENCODINGS else None


def _sheet(upload: Upload, encoding: str | None) -> Sheet:
    return read(upload.data, upload.name, HEADINGS, encoding)


def _plan(session: Session, upload: Upload, encoding: str | None) -> ImportPlan:
    return imports.check(session, _sheet(upload, encoding), now(session).date())


def _by_row(remarks: tuple[imports.Remark, ...]) -> list[imports.Remark]:
    return sorted(remarks, key=lambda remark: remark.row)
