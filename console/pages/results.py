"""Résultats: the indicators over a period, each beside its formula, the tables beside their drawings, and both as files.

Partners read totals only: counts of fewer than five people are kept back from them, and from every file whoever asks for it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response, redirect, request, url_for
from markupsafe import Markup

from clubs import overview
from console import result_words
from console.access import EVERYONE, Answer, Pages, scope, who
from console.asked import FILTERS, asked, query, sees_reports
from console.club_words import sees_small
from console.edge import now, reading, writing
from console.forms import render
from console.words import _
from messaging import reading as traffic
from results import behind, charts, exports, places, prepared, release, targets
from results.figure import Figure
from results.table import Table
from runtime import audit

pages = Pages("results")
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
        form, here = asked(session)
        small = sees_small()
        found = release.page(session, here, small_cells=small)
        made = {figure.id: figure for figure in found.figures}
        parts = [_part(table) for table in found.tables]
        villages = [(line.id, line.name) for line in overview.villages(session, now(session).date(), scope(session))]
        languages = list(overview.languages(session).items())
        lists = {
            "communes": places.communes(session, scope(session)),
            "operators": [(each, result_words.operator(each)) for each in traffic.operators(session)],
        }
        aims = targets.targets(session)
        today = now(session).date()
    groups = [(words, [made[id_] for id_ in ids if id_ in made]) for words, ids in result_words.GROUPS]
    values: dict[str, Any] = {"form": form, "asked": here, "groups": groups, "villages": villages, "languages_": languages}
    values |= {"parts": [part for part in parts if part.table.rows], "nothing": not made["sessions"].n and not made["sms_sent"].n}
    values |= {**lists, "aims": aims, "met": targets.met, "behind": behind.FIGURES if sees_reports() else ()}
    values |= {"large": prepared.is_large(here), "some_hidden": found.hides, "periods": _periods(today), "small": small}
    values["all_open"] = request.args.get("tout") == "1"
    return render("results/index.html", words=result_words, light=light, query=query(form), **values)


@pages.page("/resultats/classeur.xlsx", roles=EVERYONE)
def workbook() -> Answer:
    """The same as a workbook."""
    with reading() as session:
        _form, here = asked(session)
        if prepared.is_large(here):
            return redirect(url_for("prepared.index", **query(_form)))
        data = exports.workbook(session, here, now(session), each_report=sees_reports())
    return _file(data, f"resultats-{here.since}-{here.until}.xlsx", XLSX)


@pages.page("/resultats/tableaux.zip", roles=EVERYONE)
def csv() -> Answer:
    """The same as CSV files."""
    with reading() as session:
        _form, here = asked(session)
        if prepared.is_large(here):
            return redirect(url_for("prepared.index", **query(_form)))
        data = exports.csv_files(session, here, each_report=sees_reports())
    return _file(data, f"resultats-{here.since}-{here.until}.zip", "application/zip")


def light(figure: Figure) -> tuple[str, str] | None:
    """The colour and the word of a figure that has a threshold."""
    if figure.id not in ("completeness", "promptness") or figure.value is None:
        return None
    if figure.value >= GOOD:
        return "good", _("bon : %(n)s %% ou plus", n=GOOD)
    if figure.value >= MIDDLING:
        return "warn", _("moyen : de %(n)s à %(m)s %%", n=MIDDLING, m=GOOD - 1)
    return "bad", _("faible : moins de %(n)s %%", n=MIDDLING)


def _file(data: bytes, name: str, kind: str) -> Answer:
    with writing() as session:
        audit.record(session, now(session), "export_results", "results", None, staff_id=who().id, file=name)
    return Response(data, mimetype=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _periods(today: date) -> list[tuple[str, str]]:
    """Periods one asks for often: words and address."""
    kept: dict[str, Any] = {name: value for name, value in request.args.items() if name in FILTERS[2:] and value}
    days = ((_("7 jours"), 7), (_("4 semaines"), 28), (_("3 mois"), 91))
    starts = [(words, today - timedelta(days=length - 1)) for words, length in days]
    starts.append((_("Ce mois"), today.replace(day=1)))
    return [(words, url_for("results.index", du=since, au=today, **kept)) for words, since in starts]


def _part(table: Table) -> Part:
    column = DRAWN.get(table.id, "")
    if column not in table.columns:
        return Part(table, None, "")
    svg = charts.line(table, column) if table.id == "weeks" else charts.bars(table, column)
    return Part(table, None if svg is None else Markup(svg), column)  # noqa: S704  # leather escapes labels
