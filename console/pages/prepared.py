"""Files of results: prepared behind the page and announced with their size, and the report to print."""

from typing import Any

from flask import Response, abort, url_for

from console import result_words
from console.access import EVERYONE, Answer, Pages, R, scope, who
from console.asked import asked, query
from console.edge import exchange, now, reading, writing
from console.forms import done, render
from console.words import _, number
from results import places, prepared, release
from results.models import ExportFile, FileKind, FileState
from results.prepared import Asker
from runtime import audit
from runtime.database import Session

pages = Pages("prepared")
MAPPERS = {R.SUIVI}
TYPES = {
    FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileKind.CSV: "application/zip",
    FileKind.DHIS2: "application/json",
}
# What the printed report tells, in the order of its two pages; the rest stands in the workbook.
FIRST_PAGE = (
    *("sessions", "sessions_held", "active_clubs", "attendances", "attendance_mean", "women", "youth", "mothers", "radio"),
    *("theme_coverage", "quiz_gain", "actions", "plants", "questions", "answer_hours", "events", "demonstrations"),
)
SECOND_PAGE = (
    *("sms_sent", "sms_delivered", "calls_answered", "seconds_heard", "core_reached", "core_cost", "ivr_right", "opt_out"),
    *("completeness", "promptness", "report_error", "verification"),
)


@pages.page("/resultats/fichiers", roles=EVERYONE)
def index() -> Answer:
    """The files this person may fetch, with their progress or size, and the buttons that ask for more."""
    with reading() as session:
        form, here = asked(session)
        files = prepared.files_of(session, _asker(session), now(session))
    kinds = {FileKind.XLSX: _("Classeur (XLSX)"), FileKind.CSV: _("Tableaux (CSV)"), FileKind.DHIS2: _("DHIS2 (JSON)")}
    values: dict[str, Any] = {"files": files, "asked": here, "query": query(form), "kinds": kinds, "ready": FileState.READY}
    return render("results/prepared.html", form=form, failed=FileState.FAILED, size=size, progress=progress, **values)


@pages.page("/resultats/fichiers/<kind>", roles=EVERYONE, post=True)
def ask(kind: str) -> Answer:
    """Have a file of the address's period and place prepared."""
    if kind not in set(FileKind) or (kind == FileKind.DHIS2 and not who().may(*MAPPERS)):
        abort(404)
    with reading() as session:
        form, here = asked(session)
        asker = _asker(session)
    with writing() as session:
        row = prepared.ask(session, exchange(), FileKind(kind), here, asker, now(session))
        audit.record(session, now(session), "ask_results", "export_file", row.id, staff_id=who().id, file=row.name)
    return done(url_for("prepared.index", **query(form)), _("Le fichier se prépare. Actualisez cette page pour le voir prêt."))


@pages.page("/resultats/fichiers/<int:number>", roles=EVERYONE)
def fetch(number: int) -> Answer:
    """A prepared file; somebody else's does not exist."""
    with writing() as session:
        row = prepared.find(session, number, _asker(session), now(session))
        if row is None or row.data is None:
            abort(404)
        audit.record(session, now(session), "export_results", "export_file", row.id, staff_id=who().id, file=row.name)
        data, name, kind = row.data, row.name, row.kind
    return Response(data, mimetype=TYPES[kind], headers={"Content-Disposition": f'attachment; filename="{name}"'})


@pages.page("/resultats/imprimer", roles=EVERYONE)
def printed() -> Answer:
    """Two A4 pages for the village meeting and the donor; small cells are hidden whoever prints, since paper travels."""
    with reading() as session:
        form, here = asked(session)
        made = release.page(session, here, small_cells=False)
        where = [name for _id, name in places.communes(session, here.villages)]
    known = {figure.id: figure for figure in made.figures}
    groups = [[known[id_] for id_ in ids] for ids in (FIRST_PAGE, SECOND_PAGE)]
    tables = {table.id: table for table in made.tables}
    values: dict[str, Any] = {"groups": groups, "communes": tables["communes"], "themes": tables["themes"], "where": where}
    return render("results/printed.html", asked=here, words=result_words, back=url_for("results.index", **query(form)), **values)


def size(bytes_: int) -> str:
    """A file's size as people say it."""
    return _("%(n)s Ko", n=max(1, round(bytes_ / 1000))) if bytes_ < 1_000_000 else _("%(n)s Mo", n=number(bytes_ / 1_000_000))


def progress(row: ExportFile) -> int:
    """How many percent of a file are made."""
    return round(100 * row.done / row.steps) if row.steps else 0


def _asker(session: Session) -> Asker:
    return Asker(who().id, frozenset(role.value for role in who().roles), scope(session))
