"""Résultats: the indicators over a period, each beside its formula, the tables beside their drawings, and both as files.

Partners read totals only: counts of fewer than five people are kept back from them, and from every file whoever asks for it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response, abort, request, url_for
from markupsafe import Markup

from clubs import overview
from clubs.models import Sex
from console import result_words
from console.access import EVERYONE, Answer, Pages, R, scope, who
from console.club_words import sees_small
from console.edge import now, reading, writing
from console.forms import Typed, render
from console.words import _
from results import charts, exports, release
from results.figure import Figure
from results.scope import Scope
from results.table import Table
from runtime import audit
from runtime.database import Session

pages = Pages("results")
WEEKS = 4
GOOD, MIDDLING = 80, 50
DRAWN = {"weeks": "Présences", "villages": "Présences", "themes": "Séances", "quiz": "Gain (points)", "quiz_phones": "Justes (%)"}
DRAWN |= {"communes": "Présences", "languages": "Prévus", "sexes": "Prévus", "events": "Événements", "operators": "SMS remis (%)"}
DRAWN |= {"quiz_listeners": "Justes (%)", "broadcasts": "Ayant décroché (%)"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Part:
    """One table with its drawing, if there is something to draw."""

    table: Table
    drawing: Markup | None
    column: str


@pages.page("/resultats", roles=EVERYONE)
def index() -> Answer:
    """Indicators and tables over what the address asks for."""
    with reading() as session:
        form, asked = _asked(session)
        small = sees_small()
        found = release.page(session, asked, small_cells=small)
        made = {figure.id: figure for figure in found.figures}
        parts = [_part(table) for table in found.tables]
        villages = [(line.id, line.name) for line in overview.villages(session, now(session).date(), scope(session))]
        languages = list(overview.languages(session).items())
        today = now(session).date()
    groups = [(words, [made[id_] for id_ in ids if id_ in made]) for words, ids in result_words.GROUPS]
    values: dict[str, Any] = {"form": form, "asked": asked, "groups": groups, "villages": villages, "languages_": languages}
    values |= {"parts": [part for part in parts if part.table.rows], "nothing": not made["sessions"].n and not made["sms_sent"].n}
    values |= {"some_hidden": found.hides, "periods": _periods(today), "small": small}
    return render("results/index.html", words=result_words, light=light, query=_query(form), **values)


@pages.page("/resultats/classeur.xlsx", roles=EVERYONE)
def workbook() -> Answer:
    """The same as a workbook."""
    with reading() as session:
        _form, asked = _asked(session)
        data = exports.workbook(session, asked, now(session), each_report=_may_see_reports())
    return _file(data, f"resultats-{asked.since}-{asked.until}.xlsx", XLSX)


@pages.page("/resultats/tableaux.zip", roles=EVERYONE)
def csv() -> Answer:
    """The same as CSV files."""
    with reading() as session:
        _form, asked = _asked(session)
        data = exports.csv_files(session, asked, each_report=_may_see_reports())
    return _file(data, f"resultats-{asked.since}-{asked.until}.zip", "application/zip")


def light(figure: Figure) -> tuple[str, str] | None:
    """The colour and the word of a figure that has a threshold."""
    if figure.id not in ("completeness", "promptness") or figure.value is None:
        return None
    if figure.value >= GOOD:
        return "good", _("bon : %(n)s %% ou plus", n=GOOD)
    if figure.value >= MIDDLING:
        return "warn", _("moyen : de %(n)s à %(m)s %%", n=MIDDLING, m=GOOD - 1)
    return "bad", _("faible : moins de %(n)s %%", n=MIDDLING)


def _may_see_reports() -> bool:
    return not who().roles <= {R.LECTURE, R.LANGUE}


def _file(data: bytes, name: str, kind: str) -> Answer:
    with writing() as session:
        audit.record(session, now(session), "export_results", "results", None, staff_id=who().id, file=name)
    return Response(data, mimetype=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _asked(session: Session) -> tuple[Typed, Scope]:
    """The filters of the address; a village that is not this person's own does not exist."""
    today = now(session).date()
    form = Typed(request.args.to_dict())
    until = form.day("au") or today
    since = form.day("du") or until - timedelta(weeks=WEEKS) + timedelta(days=1)
    if not form.errors:
        form = Typed({**request.args.to_dict(), "du": since, "au": until})
    if since > until:
        form.wrong("du", _("Le début est après la fin. Changez une des deux dates."))
        since = until
    allowed, village = scope(session), request.args.get("village", type=int)
    if village is not None and ((allowed is not None and village not in allowed) or not overview.exists(session, village)):
        abort(404)
    sex = form.kind("sexe", Sex, Sex.WOMAN) if form.value("sexe") in set(Sex) else None
    language = form.value("langue") or None
    if language is not None and language not in overview.languages(session):
        form.wrong("langue", _("Cette langue n'existe pas. Choisissez dans la liste."))
        language = None
    return form, Scope(since, until, allowed if village is None else frozenset({village}), language, sex)


def _periods(today: date) -> list[tuple[str, str]]:
    """Periods one asks for often: words and address."""
    kept: dict[str, Any] = {
        name: value for name, value in request.args.items() if name in ("village", "langue", "sexe") and value
    }
    days = ((_("7 jours"), 7), (_("4 semaines"), 28), (_("3 mois"), 91))
    starts = [(words, today - timedelta(days=length - 1)) for words, length in days]
    starts.append((_("Ce mois"), today.replace(day=1)))
    return [(words, url_for("results.index", du=since, au=today, **kept)) for words, since in starts]


def _query(form: Typed) -> dict[str, str]:
    return {name: form.value(name) for name in ("du", "au", "village", "langue", "sexe") if form.value(name)}


def _part(table: Table) -> Part:
    column = DRAWN.get(table.id, "")
    if column not in table.columns:
        return Part(table, None, "")
    svg = charts.line(table, column) if table.id == "weeks" else charts.bars(table, column)
    return Part(table, None if svg is None else Markup(svg), column)  # noqa: S704  # leather escapes labels
