"""Budgets: what a day, a channel, an operator and a campaign may cost.

A cap is reserved against when a message is claimed; beyond it others wait.
"""

from typing import Any

from flask import abort, url_for

from campaigns.firing import FIRING, purse_of
from campaigns.models import Campaign
from console.access import Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done, render
from console.phone_words import OPERATORS
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
    """Every cap with what is spent of it, the cap of a day, and when staff are told."""
    with reading() as session:
        place = installation(session)
        cap, share = place.day_cap, place.warn_share
    form = Typed.sent_or({"day_cap": "" if cap is None else str(cap), "warn_share": share})
    if form.sent:
        asked = form.whole("day_cap", most=MOST, otherwise=-1)
        share = form.whole("warn_share", most=100, otherwise=share)
        if not form.errors:
            with writing() as session:
                at = now(session)
                installation(session).warn_share = share
                session.flush()
                money.set_day_cap(session, windows.of(exchange().settings), at, asked if asked >= 0 else None)
                audit.record(session, at, "set_budget", "day", None, staff_id=who().id, cap=asked if asked >= 0 else None)
            return done(url_for("budgets.index"), _("Plafond du jour enregistré."))
    with reading() as session:
        values = _caps(session)
    return render("settings/budgets.html", form=form, **values), 422 if form.errors else 200


def _caps(session: Session) -> dict[str, Any]:
    day = windows.of(exchange().settings).local_day(now(session)).date().isoformat()
    spent = {row.scope: row for row in session.query(Budget)}
    sends = session.query(Campaign).filter(Campaign.state.in_(FIRING)).order_by(Campaign.id.desc())
    campaigns = [(one, spent.get(purse_of(one.id))) for one in sends]
    share = installation(session).warn_share
    return {
        "rows": [(channel, spent.get(f"{money.CHANNEL}:{channel.id}")) for channel in _channels(session)],
        "operators": [(name, words, spent.get(f"{money.OPERATOR}:{name}")) for name, words in OPERATORS.items()],
        "campaigns": [(one, budget) for one, budget in campaigns if budget is not None],
        "today": spent.get(f"{money.DAY}:{day}"),
        "low": {row.scope for row in spent.values() if money.is_low(row, share)},
    }


@pages.page("/reglages/budgets/<int:number>", roles=ADMIN, form=True)
def channel(number: int) -> Answer:
    """The cap of one channel, kept or begun anew."""
    with reading() as session:
        row = next((one for one in _channels(session) if one.id == number), None) or abort(404)
    return _one(f"{money.CHANNEL}:{number}", "channel", number, row.name, url_for("budgets.index"))


@pages.page("/reglages/budgets/operateurs/<name>", roles=ADMIN, form=True)
def operator(name: str) -> Answer:
    """The cap of what goes to one operator's numbers, by whatever channel."""
    words = OPERATORS.get(name) or abort(404)
    return _one(f"{money.OPERATOR}:{name}", "operator", None, str(words), url_for("budgets.index"))


@pages.page("/campagnes/<int:number>/plafond", roles=ADMIN, form=True)
def campaign(number: int) -> Answer:
    """The cap of one campaign, over all its sendings."""
    with reading() as session:
        row = session.get(Campaign, number) or abort(404)
    return _one(purse_of(number), "campaign", number, row.name, url_for("campaigns.show", number=number))


def _one(scope: str, kind: str, number: int | None, name: str, back: str) -> Answer:
    with reading() as session:
        budget = session.query(Budget).filter_by(scope=scope).one_or_none()
    form = Typed.sent_or({"cap": "" if budget is None else str(budget.cap)})
    if form.sent:
        typed = form.whole("cap", most=MOST, otherwise=-1)
        cap = typed if typed >= 0 else None
        if not form.errors:
            with writing() as session:
                at = now(session)
                money.set_cap(session, scope, cap, at, anew=form.ticked("anew"))
                audit.record(session, at, "set_budget", kind, number, staff_id=who().id, cap=cap, scope=scope)
            return done(back, _("Plafond enregistré."))
    return render("settings/budget.html", form=form, name=name, budget=budget, back=back), 422 if form.errors else 200


def _channels(session: Session) -> list[Channel]:
    """Those in use, the real ones first."""
    rows = session.query(Channel).filter(Channel.state != ChannelState.REMOVED).order_by(Channel.name)
    return sorted(rows, key=lambda row: row.gateway == SIMULATOR)
