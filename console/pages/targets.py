"""Cibles: what each indicator should reach, and the themes that clubs are to take up in the quarter."""

from datetime import date
from typing import Any

from flask import request, url_for

from campaigns.quarter_themes import planned
from clubs.month import before, quarter, quarter_after
from console import result_words
from console.access import Answer, Pages, R, who
from console.edge import now, reading, writing
from console.forms import Typed, done, render
from console.words import _
from results import targets
from results.indicators import figures
from results.scope import Scope
from results.tables import theme_names
from runtime import audit

pages = Pages("targets")
ROLES = {R.SUIVI}


@pages.page("/resultats/cibles", roles=ROLES, form=True)
def index() -> Answer:
    """One field an indicator; an empty one removes its target."""
    with reading() as session:
        today = now(session).date()
        known = figures(session, Scope(today, today, frozenset()), small_cells=True)
        set_ = targets.targets(session)
        chosen = planned(session, _quarter(today))
        themes = list(theme_names(session).items())
    form = Typed.sent_or({id_: result_words.value(row.value) for id_, row in set_.items()})
    if form.sent:
        wanted = {figure.id: _number(form, figure.id) for figure in known}
        if not form.errors:
            with writing() as session:
                for indicator, value in wanted.items():
                    targets.set_target(session, indicator, value, who().id, now(session))
                audit.record(session, now(session), "set_targets", "target", None, staff_id=who().id)
            return done(url_for("targets.index"), _("Cibles enregistrées."))
    first = _quarter(today)
    themes_form = Typed({"trimestre": first.isoformat(), "themes": chosen})
    values: dict[str, Any] = {"known": known, "form": form, "themes_form": themes_form, "themes": themes, "quarter": first}
    values |= {"quarters": _quarters(today), "at_most": targets.AT_MOST, "words": result_words}
    return render("results/targets.html", **values), 422 if form.errors else 200


@pages.page("/resultats/themes-prevus", roles=ROLES, post=True)
def plan() -> Answer:
    """The themes of one quarter, all at once."""
    form = Typed.sent_or()
    with reading() as session:
        known, today = set(theme_names(session)), now(session).date()
    codes = {int(code) for code in form.many("themes") if code.isascii() and code.isdigit()} & known
    first = _quarter(today, form.value("trimestre"))
    with writing() as session:
        targets.plan(session, first, codes)
        audit.record(session, now(session), "plan_themes", "quarter", None, staff_id=who().id, quarter=first.isoformat())
    return done(url_for("targets.index", trimestre=first.isoformat()), _("Thèmes du trimestre enregistrés."))


def _quarter(today: date, said: str | None = None) -> date:
    try:
        return quarter(date.fromisoformat(said or request.args.get("trimestre", "")))
    except ValueError:
        return quarter(today)


def _quarters(today: date) -> list[date]:
    first = quarter(today)
    return [quarter(before(first)), first, quarter_after(first)]


def _number(form: Typed, name: str) -> float | None:
    said = form.text(name).replace("\u202f", "").replace("\u00a0", "").replace(" ", "").replace(",", ".")
    if not said:
        return None
    try:
        value = float(said)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        form.wrong(name, _("Écrivez un nombre, par exemple 80 ou 12,5."))
        return None
    return value
