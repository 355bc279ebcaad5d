"""The last questions before anything leaves, asked inside the claim's own transaction.

So a STOP, a pause or « Tout arrêter » that has committed binds every row not yet sending: there is no later moment at which a
forgotten check could let one through.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from messaging import contacts, limits
from messaging.channels import SIMULATOR, trains
from messaging.models import Broadcast, Channel, Contact, ContactState, Kind, Message, Purpose
from messaging.money import Outgoing
from messaging.numbers import is_simulated
from messaging.queue import PRIORITY
from messaging.windows import Windows
from runtime.settings import Settings
from translations.languages import SOURCE
from translations.models import Variant, VariantState

Known = TypeVar("Known", Variant, Broadcast)
UNASKED = (Kind.PUSH, Kind.REMINDER, Kind.ANSWER)


@dataclass(frozen=True)
class Go:
    """May leave now."""


@dataclass(frozen=True)
class Later:
    """Stays queued until `at`."""

    at: datetime


@dataclass(frozen=True)
class Never:
    """Will not leave, for this reason; `expired`, `held` say which other state than suppressed it takes."""

    reason: str
    expired: bool = False
    held: bool = False


Verdict = Go | Later | Never


class Guards:
    """What one claim must know about its rows, loaded once for all of them.

    `given` counts the pushes that a claim of several rounds has let go: its earlier ones are not `sending` yet.
    """

    def __init__(
        self,
        session: Session,
        settings: Settings,
        channel: Channel,
        windows: Windows,
        now: datetime,
        rows: list[Outgoing],
        people: dict[int, Contact],
        given: dict[int, int] | None = None,
    ) -> None:
        self._settings, self._channel, self._windows, self._now, self._people = settings, channel, windows, now, people
        self._rank: int | None = None
        ids = sorted({row.contact_id for row in rows if row.kind in UNASKED})
        self._consent = {
            purpose: contacts.consenting(session, ids, purpose) if ids else set()
            for purpose in (Purpose.PUSH, Purpose.CALL, Purpose.SERIES)
        }
        self._pushed = limits.pushes_since(session, ids, now - timedelta(days=7)) if ids else {}
        self._variants = _by_id(session, Variant, {row.variant_id for row in rows})
        self._broadcasts = _by_id(session, Broadcast, {row.broadcast_id for row in rows})
        outranked = sorted({row.contact_id for row in rows if row.kind is Kind.PUSH and row.priority > self._least(session)})
        self._above = limits.waiting(session, outranked, now, windows.local_day(now) + timedelta(days=1)) if outranked else {}
        self._trains = trains(channel)
        self._given = {} if given is None else given

    def _least(self, session: Session) -> int:
        """The priority of the most important broadcast under way: with all of one rank nobody has to step back."""
        if self._rank is None:
            ranks = select(func.min(Broadcast.priority)).where(Broadcast.state.in_(limits.LEAVES))
            self._rank = PRIORITY[Kind.PUSH] + (session.scalar(ranks) or 0)
        return self._rank

    def judge(self, row: Outgoing) -> Verdict:
        """What to do with one row; a push that may go is counted, so that two of one claim cannot both pass a limit."""
        contact = self._people[row.contact_id]
        if row.expires_at is not None and row.expires_at <= self._now:
            return Never("expired", expired=True)
        if refused := self._number(contact) or self._person(row, contact) or self._words(row):
            return refused
        if row.kind not in UNASKED:
            return Go()
        return self._moment(row)

    def _number(self, contact: Contact) -> Never | None:
        number = contact.number
        if number is None or contact.state is ContactState.ERASED:
            return Never("erased")
        if not number.startswith("+"):
            return Never("machine")
        if is_simulated(number) and self._channel.gateway != SIMULATOR:
            return Never("simulated_number")
        return None

    def _person(self, row: Outgoing, contact: Contact) -> Never | None:
        if row.kind not in UNASKED:
            return None
        if contact.state is not ContactState.ACTIVE:
            return Never({ContactState.DEAD: "dead_number"}.get(contact.state, contact.state.value))
        if row.contact_id not in self._consent[Purpose.PUSH if isinstance(row, Message) else Purpose.CALL]:
            return Never("no_consent")
        if contact.doubt_at is not None:
            return Never("doubt", held=isinstance(row, Message))
        broadcast = self._broadcasts.get(row.broadcast_id or 0)
        if broadcast is not None and broadcast.series and row.contact_id not in self._consent[Purpose.SERIES]:
            return Never("no_series_consent")
        return None

    def _words(self, row: Outgoing) -> Never | None:
        if row.variant_id is None:
            return None
        variant = self._variants[row.variant_id]
        if variant.state is VariantState.APPROVED:
            early = variant.valid_from is not None and self._now < variant.valid_from
            late = variant.valid_until is not None and self._now >= variant.valid_until
            return Never("not_valid") if early or late else None
        draft = variant.state is not VariantState.OUTDATED and variant.language == SOURCE and not variant.machine_written
        return None if self._trains and draft else Never("not_approved")

    def _moment(self, row: Outgoing) -> Verdict:
        broadcast = None if row.broadcast_id is None else self._broadcasts[row.broadcast_id]
        if broadcast is None or broadcast.quiet_hours:
            opens = self._windows.within(row.hours).next_open(self._now)
            if opens > self._now:
                return Later(opens)
        if row.kind is not Kind.PUSH:
            return Go()
        return self._limited(row)

    def _limited(self, row: Outgoing) -> Verdict:
        given = self._given.get(row.contact_id, 0)
        times = [*self._pushed.get(row.contact_id, []), *([self._now] * given)]
        today = self._windows.local_day(self._now)
        tomorrow = today + timedelta(days=1)
        if row.kept_off and today.date().isoformat() in row.kept_off:
            return self._on_another_day(row, tomorrow, "priority")
        per_day, per_week = self._settings.pushes_per_day, self._settings.pushes_per_week
        if len(times) >= per_week:
            oldest = times[-per_week] if per_week else self._now
            return self._on_another_day(row, oldest + timedelta(days=7), "week_limit")
        left = per_day - sum(at >= today for at in times)
        if left <= 0:
            return self._on_another_day(row, tomorrow, "day_limit")
        if left == 1 and self._above.get(row.contact_id, row.priority) < row.priority:
            return self._on_another_day(row, tomorrow, "priority")
        self._given[row.contact_id] = given + 1
        return Go()

    def _on_another_day(self, row: Outgoing, earliest: datetime, reason: str) -> Verdict:
        hours = self._windows.within(row.hours)
        opens = hours.next_open(earliest.astimezone(self._now.tzinfo))
        while row.kept_off and hours.local_day(opens).date().isoformat() in row.kept_off:
            opens = hours.next_open((hours.local_day(opens) + timedelta(days=1)).astimezone(self._now.tzinfo))
        reachable = row.expires_at is None or opens < row.expires_at
        allowed = self._settings.pushes_per_day > 0 and self._settings.pushes_per_week > 0
        return Later(opens) if reachable and allowed else Never(reason)


def _by_id(session: Session, model: type[Known], ids: set[int | None]) -> dict[int, Known]:
    wanted = [one for one in ids if one is not None]
    if not wanted:
        return {}
    return {row.id: row for row in session.scalars(select(model).where(model.id.in_(wanted)))}
