"""Behind a figure: the reports, expected days or actions it counts; and two periods side by side.

Partners get totals only: the rows behind them are for staff, each within their own villages.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import abort, request, url_for

from console import result_words
from console.access import EVERYONE, STAFF, Answer, Pages
from console.asked import asked, query
from console.club_words import ACTIONS, EXPECTED_STATES, REPORT_STATES, sees_small, told
from console.edge import reading
from console.forms import Page, Typed, render
from console.words import _
from results import behind, release, targets
from results.scope import Scope
from results.tables import theme_names

pages = Pages("behind")
BEFORE = ("du_avant", "au_avant")


@pages.page("/resultats/derriere/<figure>", roles=STAFF)
def index(figure: str) -> Answer:
    """The rows behind one figure, under the filters of the address."""
    if figure not in behind.FIGURES:
        abort(404)
    with reading() as session:
        form, here = asked(session)
        page = Page.asked(behind.count(session, figure, here))
        lines = behind.lines(session, figure, here, page.offset, page.limit)
        made = {each.id: each for each in release.page(session, here, small_cells=sees_small()).figures}[figure]
        names = theme_names(session)
    themes = {code: name.partition(" ")[2] for code, name in names.items()}
    values: dict[str, Any] = {"lines": lines, "page": page, "made": made, "asked": here, "form": form, "themes": themes}
    words = {"words": result_words, "told": told, "states": REPORT_STATES, "expected": EXPECTED_STATES, "actions": ACTIONS}
    return render("results/behind.html", back=url_for("results.index", **query(form)), **values, **words)


@pages.page("/resultats/comparer", roles=EVERYONE)
def compare() -> Answer:
    """Each indicator over two periods that do not meet, with what both sides count."""
    with reading() as session:
        form, here = asked(session)
        form_before, before = asked(session, *BEFORE)
        given = [name for name in BEFORE if request.args.get(name)]
        if not given:
            before = _just_before(here)
        shown = form_before if form_before.errors else form
        problem = None
        if len(given) == 1:
            empty = next(name for name in BEFORE if name not in given)
            shown.wrong(empty, _("Donnez les deux dates d'avant, ou aucune."))
        elif before.until >= here.since and before.since <= here.until:
            problem = _("Les deux périodes se recouvrent. Choisissez-en deux qui ne se touchent pas.")
        lines = []
        if problem is None and not shown.errors:
            shown = Typed({**request.args.to_dict(), **_dates(here, "du", "au"), **_dates(before, *BEFORE)})
            small = sees_small()
            first, second = (release.page(session, each, small_cells=small).figures for each in (before, here))
            lines = targets.compare(first, second)
    values: dict[str, Any] = {
        "lines": lines,
        "problem": problem,
        "before": before,
        "after": here,
        "form": shown,
        "words": result_words,
    }
    return render("results/compare.html", back=url_for("results.index", **query(form)), kept=query(form), **values)


def _dates(here: Scope, first: str, last: str) -> dict[str, Any]:
    return {first: here.since, last: here.until}


def _just_before(here: Scope) -> Scope:
    until = here.since - timedelta(days=1)
    return replace(here, since=until - (here.until - here.since), until=until)
