"""A spreadsheet taken in by steps: the file, its columns as they were read, its bad rows; nothing is written before the last.

The file waits sealed on the server between the steps, so that nobody sends it twice over a slow line.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from flask import Response, abort, request, url_for

from clubs.imports import Remark, SheetPlan
from clubs.sheets import Row, Sheet, SheetError, read
from console import uploads
from console.access import Answer, who
from console.edge import exchange, now, reading, wall_time
from console.forms import Page, Typed, done, render
from console.uploads import Upload
from console.words import _
from messaging.numbers import mask, normalise
from runtime.database import Session

ENCODINGS = {"utf-8-sig": "UTF-8", "cp1252": "Windows (cp1252)"}
PREVIEW = 5
Plan = TypeVar("Plan", bound=SheetPlan)
TakeIn = Callable[[Typed, Upload, str | None], str | None]
"""Takes in what was shown, read in that encoding: what to say of it, or None with the reason on the form."""


@dataclass(frozen=True)
class Steps(Generic[Plan]):
    """What one kind of file has of its own: its blueprint (endpoints index, columns, rows, model), columns and check."""

    blueprint: str
    headings: Mapping[str, Sequence[str]]
    check: Callable[[Session, Sheet, date], Plan]
    model: str

    def address(self, step: str, **values: Any) -> str:
        """The address of one of its pages."""
        return url_for(f"{self.blueprint}.{step}", **values)

    def take(self, template: str, **values: Any) -> Answer:
        """Step 1: the file."""
        form = Typed.sent_or()
        megabytes = exchange().settings.upload_megabytes
        if form.sent:
            file = uploads.sent(form, megabytes)
            if not form.errors and not file.data:
                form.wrong("file", _("Ce fichier est vide. Choisissez-en un autre."))
            if not form.errors:
                token = uploads.keep(exchange().settings.var, who().id, file.name, file.data, wall_time())
                return done(self.address("columns", token=token))
        page = render(template, form=form, step=1, steps=self, megabytes=megabytes, **values)
        return page, 422 if form.errors else 200

    def columns(self, token: str) -> Answer:
        """Step 2: how the file was read, its columns and first rows."""
        upload, encoding = self.upload(token), _encoding_of(request.args.get("codage"))
        values: dict[str, Any] = {"upload": upload, "token": token, "encodings": ENCODINGS, "encoding": encoding}
        values |= {"step": 2, "steps": self}
        try:
            with reading() as session:
                sheet = self._sheet(upload, encoding)
                self.check(session, sheet, now(session).date())
        except SheetError as error:
            return render("imports/columns.html", problem=str(error), sheet=None, **values), 422
        values["known"] = [column for column in self.headings if column in sheet.columns]
        values["absent"] = [column for column in self.headings if column not in sheet.columns]
        return render("imports/columns.html", problem=None, sheet=sheet, preview=PREVIEW, cell=_cell, **values)

    def rows(self, token: str, upload: Upload, form: Typed, template: str, take_in: TakeIn, then: str) -> Answer:
        """Step 3: the bad rows under their own numbers; sending the form takes in the good ones and goes on to `then`."""
        encoding = _encoding_of(form.value("encoding") if form.sent else request.args.get("codage"))
        if form.sent and (said := take_in(form, upload, encoding)) is not None:
            uploads.drop(exchange().settings.var, token)
            return done(url_for(then), said)
        try:
            with reading() as session:
                plan = self.plan(session, upload, encoding)
        except SheetError:
            return done(self.address("columns", token=token, codage=encoding))
        values = {"plan": plan, "upload": upload, "token": token, "encoding": encoding, "step": 3, "steps": self}
        return render(template, form=form, **values, **_bad_rows(plan)), 422 if form.errors else 200

    def upload(self, token: str) -> Upload:
        """The file between its steps, of whoever sent it; 404."""
        return uploads.find(exchange().settings.var, token, who().id) or abort(404)

    def plan(self, session: Session, upload: Upload, encoding: str | None) -> Plan:
        """What its check says of the file as it is; SheetError."""
        return self.check(session, self._sheet(upload, encoding), now(session).date())

    def empty_sheet(self) -> Response:
        """An empty sheet with every heading, as a spreadsheet opens it."""
        text = io.StringIO()
        csv.writer(text, delimiter=";").writerow(self.headings)
        headers = {"Content-Disposition": f'attachment; filename="{self.model}"'}
        return Response("\ufeff" + text.getvalue(), mimetype="text/csv", headers=headers)

    def _sheet(self, upload: Upload, encoding: str | None) -> Sheet:
        return read(upload.data, upload.name, self.headings, encoding)


def _encoding_of(asked: str | None) -> str | None:
    """What somebody chose, None for a guess."""
    return asked if asked in ENCODINGS else None


def _bad_rows(plan: SheetPlan) -> dict[str, Any]:
    """The rows to look at again, refused ones first and fifty at a time; how many, of which one may have several faults."""
    refused, warned = plan.refused, plan.warned
    page = Page.asked(len(refused) + len(warned))
    listed = [*((True, each) for each in _by_row(refused)), *((False, each) for each in _by_row(warned))]
    shown = listed[page.offset : page.offset + page.limit]
    return {"shown": shown, "page": page, "refused": len({remark.row for remark in refused}), "warned": len(warned)}


def _by_row(remarks: Sequence[Remark]) -> list[Remark]:
    return sorted(remarks, key=lambda remark: remark.row)


def _cell(row: Row, column: str) -> str:
    """A cell as the preview shows it: numbers are masked, even to whoever sent them."""
    value = row.get(column)
    number = normalise(value) if column == "numéro" else None
    return mask(number) if number else value
