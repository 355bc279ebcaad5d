"""Budgets: what a day and each channel may cost. A cap is reserved against when a message is claimed; beyond it others wait."""

from flask import abort, url_for

from console.access import Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done, render
from console.words import _
from messaging import money, windows
from messaging.channels import SIMULATOR
from messaging.models import Budget, Channel, ChannelState
from runtime import audit
from runtime.database import Session
from runtime.installation import installation

pages = Pages("budgets")
ADMIN = {R.ADMINISTRATION}
MOST = 1_000_000_000


@pages.page("/reglages/budgets", roles=ADMIN, form=True)
def index() -> Answer:
    """Every cap with what is spent of it, and the cap of a day."""
    with reading() as session:
        cap = installation(session).day_cap
    form = Typed.sent_or({"day_cap": "" if cap is None else str(cap)})
    if form.sent:
        asked = form.whole("day_cap", most=MOST, otherwise=-1)
        if not form.errors:
            with writing() as session:
                at = now(session)
                money.set_day_cap(session, windows.of(exchange().settings), at, asked if asked >= 0 else None)
                audit.record(session, at, "set_budget", "day", None, staff_id=who().id, cap=asked if asked >= 0 else None)
            return done(url_for("budgets.index"), _("Plafond du jour enregistré."))
    with reading() as session:
        day = windows.of(exchange().settings).local_day(now(session)).date().isoformat()
        spent = {row.scope: row for row in session.query(Budget)}
        rows = [(channel, spent.get(f"channel:{channel.id}")) for channel in _channels(session)]
    return render("settings/budgets.html", form=form, rows=rows, today=spent.get(f"day:{day}")), 422 if form.errors else 200


@pages.page("/reglages/budgets/<int:number>", roles=ADMIN, form=True)
def channel(number: int) -> Answer:
    """The cap of one channel, kept or begun anew."""
    with reading() as session:
        row = next((one for one in _channels(session) if one.id == number), None) or abort(404)
        budget = session.query(Budget).filter_by(scope=f"channel:{number}").one_or_none()
    form = Typed.sent_or({"cap": "" if budget is None else str(budget.cap)})
    if form.sent:
        cap = form.whole("cap", most=MOST, otherwise=-1)
        if not form.errors:
            with writing() as session:
                money.set_channel_cap(session, number, cap if cap >= 0 else None, anew=form.ticked("anew"))
                audit.record(
                    session, now(session), "set_budget", "channel", number, staff_id=who().id, cap=cap if cap >= 0 else None
                )
            return done(url_for("budgets.index"), _("Plafond enregistré."))
    return render("settings/budget.html", form=form, channel=row, budget=budget), 422 if form.errors else 200


def _channels(session: Session) -> list[Channel]:
    """Those in use, the real ones first."""
    rows = session.query(Channel).filter(Channel.state != ChannelState.REMOVED).order_by(Channel.name)
    return sorted(rows, key=lambda row: row.gateway == SIMULATOR)
