"""Caps in whole FCFA: reserved when a row is claimed, released when it provably did not go, kept while nobody knows.

Budgets are locked last and by id, after every message, contact and channel, so that no two transactions wait for each other.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from sqlalchemy import CursorResult, func, or_, select, update
from sqlalchemy.orm import Session

from messaging import costs
from messaging.models import Attempt, Broadcast, Budget, Call, CallState, Channel, Contact, Message, MessageState
from messaging.numbers import operator_of
from messaging.states import move_all
from messaging.windows import Windows
from runtime.installation import Installation, installation

Outgoing = Message | Call
RESERVED_SECONDS = 60
"""The length that a call which no sending makes is thought to have until it is over."""
BUDGET = "budget"
"""Why a row waits."""
ASKED_AGAIN = timedelta(hours=1)
WARN_SHARE = 20  # percent
CHANNEL, DAY, OPERATOR = "channel", "day", "operator"
"""What a scope begins with; a campaign's is `Broadcast.purse`."""


class Scopes:
    """Under which caps some rows count; their numbers' operators and their campaigns are read once for all."""

    def __init__(self, session: Session, rows: Iterable[Outgoing], windows: Windows) -> None:
        self._windows = windows
        known = list(rows)
        contacts = select(Contact).where(Contact.id.in_({row.contact_id for row in known}))
        self._operators = {one.id: one.operator or operator_of(one.number or "") for one in session.scalars(contacts)}
        sent = {row.broadcast_id for row in known if row.broadcast_id is not None}
        shared = select(Broadcast.id, Broadcast.purse).where(Broadcast.id.in_(sent))
        self._purses: dict[int, str | None] = dict(session.execute(shared).all()) if sent else {}

    def of(self, row: Outgoing, at: datetime) -> list[str]:
        """Those of one row, at the moment it leaves."""
        day = self._windows.local_day(at).date().isoformat()
        operator, purse = self._operators.get(row.contact_id), self._purses.get(row.broadcast_id or 0)
        found = [f"{CHANNEL}:{row.channel_id}", f"{DAY}:{day}"]
        return found + ([f"{OPERATOR}:{operator}"] if operator else []) + ([purse] if purse else [])


def call_price(channel: Channel, seconds: float) -> int:
    """What a call of so many seconds costs: whole steps of the channel's tariff, its least at least, nothing unanswered."""
    if seconds <= 0:
        return 0
    billed = max(channel.billing_least, math.ceil(seconds / channel.billing_step) * channel.billing_step)
    return math.ceil(billed * channel.price_per_minute / 60)


class Purse:
    """The budgets of one claim, locked once and counted in memory until the transaction commits."""

    def __init__(self, session: Session, windows: Windows, now: datetime, rows: Iterable[Outgoing]) -> None:
        known = list(rows)
        self._now, self._scopes = now, Scopes(session, known, windows)
        wanted = {scope for row in known for scope in self._scopes.of(row, now)}
        self._budgets = {budget.scope: budget for budget in locked(session, wanted)}

    def reserve(self, row: Outgoing) -> bool:
        """Set the price aside in every budget it touches, or in none: False when one of them would pass its cap."""
        touched = [self._budgets[scope] for scope in self._scopes.of(row, self._now) if scope in self._budgets]
        if any(budget.reserved + row.price > budget.cap for budget in touched):
            return False
        for budget in touched:
            budget.reserved += row.price
        return True


def release(session: Session, rows: Iterable[tuple[Outgoing, datetime | None]], windows: Windows) -> None:
    """Give back what was reserved for rows that did not go, each with the moment it was claimed."""
    owing = [(row, at) for row, at in rows if row.price and at is not None]
    if not owing:
        return
    scopes = Scopes(session, [row for row, _ in owing], windows)
    owed: Counter[str] = Counter()
    for row, at in owing:
        owed.update(dict.fromkeys(scopes.of(row, at), row.price))
    for budget in locked(session, set(owed)):
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
    take_up_again(session, now)  # budgets are locked last, as by the claim
    today = f"day:{windows.local_day(now).date().isoformat()}"
    for budget in session.scalars(select(Budget).where(Budget.scope >= today, Budget.scope.startswith("day:"))):
        if cap is None:
            session.delete(budget)
        else:
            budget.cap = cap
    session.flush()
    cap_days(session, windows, now)


def take_up_again(session: Session, now: datetime) -> int:
    """Let what waits for a budget be claimed: the claim asks each cap anew. How many messages and calls.

    Asked for where a cap is changed, and every hour: a day has begun, or what was set aside was given back. None while a
    restored service holds.
    """
    if installation(session).holds:
        return 0
    held = (Message.state == MessageState.HELD, Message.reason == BUDGET)
    moved = move_all(session, Message, MessageState.QUEUED, now, None, *held)
    waits = (Call.state == CallState.QUEUED, Call.reason == BUDGET)
    calls = update(Call).where(*waits).values(not_before=now, reason=None)
    return moved + cast("CursorResult[object]", session.execute(calls)).rowcount


def wait_for_budget(call: Call, now: datetime) -> None:
    """Calls know no `held`: one that a cap has no room for stays queued, and is judged again within the hour."""
    call.not_before, call.reason = now + ASKED_AGAIN, BUDGET


def set_cap(session: Session, scope: str, cap: int | None, now: datetime, *, anew: bool = False) -> None:
    """Cap what a channel, an operator or a campaign may cost until the next time this is said; None takes the cap away.

    `anew` begins at nothing spent; a first cap does so, too, but for a campaign's, which counts what its sendings have cost.
    """
    take_up_again(session, now)  # budgets are locked last, as by the claim
    budget = next(iter(locked(session, {scope})), None)
    if cap is None:
        if budget is not None:
            session.delete(budget)
    else:
        if budget is None:
            budget = Budget(scope=scope, cap=cap, reserved=_spent_by(session, scope))
            session.add(budget)
        budget.cap = cap
        if anew:
            budget.reserved = 0
    session.flush()


def _spent_by(session: Session, purse: str) -> int:
    sendings = select(Broadcast.id).where(Broadcast.purse == purse)
    texts = select(func.sum(costs.OF_TEXT)).where(Message.broadcast_id.in_(sendings))
    calls = select(func.sum(costs.OF_CALL)).where(Call.broadcast_id.in_(sendings))
    return int(session.scalar(texts) or 0) + int(session.scalar(calls) or 0)


def is_low(budget: Budget, share: int) -> bool:
    """Whether less than `share` percent of a cap is left; a cap of nothing is a decision, not a shortage."""
    return budget.cap > 0 and (budget.cap - budget.reserved) * 100 < budget.cap * share


def in_force(session: Session, windows: Windows, now: datetime) -> list[Budget]:
    """The caps of today, of channels, operators and of campaigns that still send."""
    today = f"{DAY}:{windows.local_day(now).date().isoformat()}"
    running = select(Broadcast.purse).where(Broadcast.ended_at.is_(None), Broadcast.purse.is_not(None))
    alive = or_(
        Budget.scope == today,
        Budget.scope.startswith(f"{CHANNEL}:"),
        Budget.scope.startswith(f"{OPERATOR}:"),
        Budget.scope.in_(running),
    )
    return list(session.scalars(select(Budget).where(alive).order_by(Budget.id)))


def low(session: Session, windows: Windows, now: datetime) -> list[Budget]:
    """Those of them that are nearly reached, by the share that staff set."""
    place = session.get(Installation, 1)
    share = WARN_SHARE if place is None else place.warn_share
    return [one for one in in_force(session, windows, now) if is_low(one, share)]


@dataclass(frozen=True)
class Room:
    """What a cap has left for something that would cost `cost` of it, in whole FCFA."""

    scope: str
    left: int
    cost: int


def rooms(session: Session, costs_by_scope: Mapping[str, int]) -> tuple[Room, ...]:
    """The caps among these scopes, with what they have left."""
    rows = select(Budget).where(Budget.scope.in_(costs_by_scope)).order_by(Budget.id)
    return tuple(Room(one.scope, max(0, one.cap - one.reserved), costs_by_scope[one.scope]) for one in session.scalars(rows))


def locked(session: Session, wanted: set[str]) -> list[Budget]:
    """The budgets of these scopes, locked in the order of all who lock them."""
    if not wanted:
        return []
    rows = select(Budget).where(Budget.scope.in_(wanted)).order_by(Budget.id)
    return list(session.scalars(rows.with_for_update().execution_options(populate_existing=True)))
