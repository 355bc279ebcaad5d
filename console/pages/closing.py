"""Clôturer le mois: its report, what is still open, a narrative, a signature; and apart from it what changed afterwards."""

from datetime import date
from typing import Any

from flask import url_for

from clubs.month import before
from console import result_words
from console.access import Answer, Pages, R, who
from console.club_scope import month_asked
from console.club_words import DOUBTS, KIND_NAMES, REPORT_STATES
from console.edge import now, reading, writing
from console.forms import Typed, done, draft, render
from console.staff import names_of
from console.words import _
from results import closing
from results.indicators import figures
from results.scope import month

pages = Pages("closing")
ROLES = {R.SUIVI}
FEW = 12


@pages.page("/cloture", roles=ROLES)
def index() -> Answer:
    """The month that is asked for, else the last one that is over, and the months closed before."""
    kept = draft("close-month") or {}
    return _show(Typed({**kept, "read": ()}))  # what was typed waits; nobody signs by a tick of another day


@pages.page("/cloture/signer", roles=ROLES, post=True)
def sign() -> Answer:
    """Keep the figures as they stand, under this person's name."""
    form = Typed.sent_or()
    narrative = form.text("narrative", needed=_("Écrivez ce que ce mois a montré."), most=8000)
    if not form.ticked("read"):
        form.wrong("read", _("Cochez la case pour signer."))
    if not form.errors:
        try:
            with writing() as session:
                first = month_asked(before(now(session).date()))
                closing.close_month(session, first, narrative, who().id, now(session))
            return done(url_for("closing.index", mois=f"{first:%Y-%m}"), _("Mois clôturé et signé."))
        except closing.ClosingError:
            form.wrong("narrative", _("Ce mois n'est pas fini. Attendez son dernier jour."))
    return _show(form), 422


def _show(form: Typed) -> str:
    with reading() as session:
        today = now(session).date()
        first = month_asked(before(today))
        closed = closing.closed(session)
        signed = next((row for row in closed if row.month == first), None)
        values: dict[str, Any] = {"month": first, "closed": closed, "signed": signed, "over": month(first).end <= now(session)}
        values |= {"open": closing.still_open(session, first), "odd": closing.in_doubt(session, first, today)}
        values["figures"] = closing.signed_figures(signed) if signed else figures(session, month(first), small_cells=True)
        values["changed"] = closing.changed(session, signed) if signed else []
        values["corrections"] = closing.corrections(session, signed) if signed else []
        values["names"] = names_of(session, [row.signed_by for row in closed])
    values |= {"words": result_words, "states": REPORT_STATES, "kinds": KIND_NAMES, "doubts": DOUBTS, "form": form}
    return render("results/closing.html", months=_months(today), **values)


def _months(today: date) -> list[date]:
    """The last months that are over, the newest first."""
    place = today.year * 12 + today.month - 1
    return [date((place - back) // 12, (place - back) % 12 + 1, 1) for back in range(1, FEW + 1)]
