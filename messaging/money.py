"""Caps in whole FCFA: reserved when a row is claimed, released when it provably did not go, kept while nobody knows.

Budgets are locked last and by id, after every message, contact and channel, so that no two transactions wait for each other.
"""

import math
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from messaging import costs
from messaging.models import Attempt, Budget, Call, Channel, Message
from messaging.windows import Windows
from runtime.installation import installation

Outgoing = Message | Call
RESERVED_SECONDS = 60
"""The length a call is thought to have until it is over."""


def scopes(row: Outgoing, at: datetime, windows: Windows) -> list[str]:
    """Every cap a row counts against, at the moment it leaves."""
    found = [f"channel:{row.channel_id}", f"day:{windows.local_day(at).date().isoformat()}"]
    return found if row.broadcast_id is None else [*found, f"broadcast:{row.broadcast_id}"]


def call_price(channel: Channel, seconds: float) -> int:
    """What a call of so many seconds costs: whole steps of the channel's tariff, its least at least, nothing unanswered."""
    if seconds <= 0:
        return 0
    billed = max(channel.billing_least, math.ceil(seconds / channel.billing_step) * channel.billing_step)
    return math.ceil(billed * channel.price_per_minute / 60)


class Purse:
    """The budgets of one claim, locked once and counted in memory until the transaction commits."""

    def __init__(self, session: Session, windows: Windows, now: datetime, rows: Iterable[Outgoing]) -> None:
        self._windows, self._now = windows, now
        wanted = {scope for row in rows for scope in scopes(row, now, windows)}
        self._budgets = {budget.scope: budget for budget in _locked(session, wanted)}

    def reserve(self, row: Outgoing) -> bool:
        """Set the price aside in every budget it touches, or in none: False when one of them would pass its cap."""
        touched = [self._budgets[scope] for scope in scopes(row, self._now, self._windows) if scope in self._budgets]
        if any(budget.reserved + row.price > budget.cap for budget in touched):
            return False
        for budget in touched:
            budget.reserved += row.price
        return True


def release(session: Session, rows: Iterable[tuple[Outgoing, datetime | None]], windows: Windows) -> None:
    """Give back what was reserved for rows that did not go, each with the moment it was claimed."""
    owed: Counter[str] = Counter()
    for row, at in rows:
        if row.price and at is not None:
            owed.update(dict.fromkeys(scopes(row, at, windows), row.price))
    for budget in _locked(session, set(owed)):
        budget.reserved = max(0, budget.reserved - owed[budget.scope])


def cap_days(session: Session, windows: Windows, now: datetime) -> int:
    """Give today and tomorrow the installation's cap of a day, unless they have one of their own; how many were written."""
    cap = installation(session).day_cap
    if cap is None:
        return 0
    midnight = windows.local_day(now)
    scopes_ = [f"day:{(midnight + timedelta(days=ahead)).date().isoformat()}" for ahead in (0, 1)]
    known = set(session.scalars(select(Budget.scope).where(Budget.scope.in_(scopes_))))
    for ahead, scope in enumerate(scopes_):
        if scope not in known:
            session.add(Budget(scope=scope, cap=cap, reserved=0 if ahead else _spent_since(session, midnight)))
    return len(set(scopes_) - known)


def _spent_since(session: Session, midnight: datetime) -> int:
    """What left since then, for a cap first set in the middle of a day; a call's tries of the days before count with it."""
    tried = (Attempt.started_at >= midnight.astimezone(UTC),)
    texts = select(func.sum(costs.OF_TEXT)).where(
        Message.id.in_(select(Attempt.message_id).where(*tried, Attempt.message_id.is_not(None)))
    )
    calls = select(func.sum(costs.OF_CALL)).where(
        Call.id.in_(select(Attempt.call_id).where(*tried, Attempt.call_id.is_not(None)))
    )
    return int(session.scalar(texts) or 0) + int(session.scalar(calls) or 0)


def set_day_cap(session: Session, windows: Windows, now: datetime, cap: int | None) -> None:
    """Cap every day from today on, over all channels; None takes the cap away. What left today counts."""
    place = installation(session)
    session.refresh(place, with_for_update=True)
    place.day_cap = cap
    today = f"day:{windows.local_day(now).date().isoformat()}"
    for budget in session.scalars(select(Budget).where(Budget.scope >= today, Budget.scope.startswith("day:"))):
        if cap is None:
            session.delete(budget)
        else:
            budget.cap = cap
    session.flush()
    cap_days(session, windows, now)


def set_channel_cap(session: Session, channel_id: int, cap: int | None, *, anew: bool) -> None:
    """Cap what a channel may cost until the next time this is said; None takes the cap away. `anew` begins at nothing spent."""
    budget = next(iter(_locked(session, {f"channel:{channel_id}"})), None)
    if cap is None:
        if budget is not None:
            session.delete(budget)
        return
    if budget is None:
        budget = Budget(scope=f"channel:{channel_id}", cap=cap, reserved=0)
        session.add(budget)
    budget.cap = cap
    if anew:
        budget.reserved = 0


def _locked(session: Session, wanted: set[str]) -> list[Budget]:
    if not wanted:
        return []
    rows = select(Budget).where(Budget.scope.in_(wanted)).order_by(Budget.id)
    return list(session.scalars(rows.with_for_update().execution_options(populate_existing=True)))
