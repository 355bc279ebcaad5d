"""F17: days of the programme with outages and a clock that somebody sets wrong. Each due time is sent once or said to be skipped,
nobody is disturbed in quiet hours, nothing leaves after its expiry.

The wall clock is moved; the machine's own cannot be, so what was noted on it is moved back by as much as a step takes.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from campaigns.filters import Filter
from campaigns.models import Campaign, CampaignEvent, CampaignState, CatchUp, Occurrence, OccurrenceState
from messaging import windows
from messaging.exchange import Exchange
from messaging.gateways.protocol import OutgoingSms, Sent
from messaging.models import Attempt, Broadcast, BroadcastState, Message, Route
from runtime import crypto
from runtime.clock import Clock, ClockLease, trust_wall
from runtime.database import Database
from runtime.settings import Settings
from runtime.work import Immediate
from tests.conftest import KEYS
from tests.faults.processes import FILES, scaled
from tests.messaging.fakes import Scripted, wired
from tests.world import World

pytestmark = [pytest.mark.faults, pytest.mark.parametrize("backend", FILES, indirect=True)]

DAYS = scaled(3, 30)
IN_WINDOWS, OUTSIDE = timedelta(minutes=10), timedelta(minutes=60)
DUE = ((9, 0), (11, 30), (13, 0), (16, 30), (19, 50), (22, 0))
"""In the morning, late in it, between the windows, in the afternoon, at its end, at night."""
POLICIES = (CatchUp.SEND_LATE, CatchUp.SKIP, CatchUp.SEND_NEXT)
EXPIRES_HOURS = 14
HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 16, 6, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Trouble:
    """From `begins` after the start, for `lasts`: nothing runs, or the wall clock stands `wrong`."""

    begins: timedelta
    lasts: timedelta
    wrong: timedelta | None = None


def _at(day: int, hour: int, minute: int = 0) -> timedelta:
    return timedelta(days=day, hours=hour - MONDAY.hour, minutes=minute)


SHORT = (
    Trouble(_at(0, 8, 50), timedelta(minutes=10)),
    Trouble(_at(0, 18, 10), HOUR / 2, HOUR),
    Trouble(_at(1, 10), 7 * HOUR),
    Trouble(_at(2, 9, 20), HOUR / 2, -HOUR),
)
LONG = (
    *SHORT,
    *(Trouble(_at(day, 10 + day % 9, 10), HOUR / 2, HOUR if day % 2 else -HOUR) for day in range(4, 10)),
    Trouble(_at(11, 7), timedelta(days=3)),
    Trouble(_at(16, 15), HOUR, timedelta(days=1)),
    *(Trouble(_at(day, 8 + day % 10), 7 * HOUR) for day in range(18, 28, 2)),
)


@pytest.fixture
def now() -> datetime:
    """A Monday, six in the morning in Bamako."""
    return MONDAY


@pytest.fixture
def var(settings: Settings) -> None:
    """This service runs in the test's own process: the keys stay in memory."""
    crypto.use(KEYS)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nobody is spared a message because of another: what is judged here is time."""
    return settings.model_copy(update={"pushes_per_day": 50, "pushes_per_week": 500})


@dataclass
class Machine:
    """The service and its two clocks; `moment` is the true time, `wrong` what somebody added to the wall's."""

    app: Flask
    database: Database
    moment: datetime
    wrong: timedelta = timedelta()

    def live(self, step: timedelta, *, runs: bool) -> None:
        """Let the time pass, then tick and work if anything runs."""
        self.moment += step
        self._pass(step.total_seconds())
        if not runs:
            return
        exchange = cast(Exchange, self.app.extensions["lamen"])
        with time_machine.travel(self.moment + self.wrong, tick=False):
            cast(Clock, self.app.extensions["lamen.clock"]).tick(datetime.now(UTC))
            cast(Immediate, exchange.work).run_all()

    def _pass(self, seconds: float) -> None:
        with self.database.writing() as session:
            for row in session.scalars(select(ClockLease)):
                row.until -= seconds
                row.beat_seconds -= seconds
                row.ran = {name: at - seconds for name, at in row.ran.items()}
            leased = update(Message).where(Message.lease_until.is_not(None))
            session.execute(leased.values(lease_until=Message.lease_until - seconds))


def _planned(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        for place, (day, (hour, minute)) in enumerate((day, due) for day in range(DAYS) for due in DUE):
            due = now + _at(day, hour, minute)
            campaign = Campaign(
                name=f"Campagne {place}",
                audience=Filter().to_json(),
                route=Route.SMS,
                state=CampaignState.SCHEDULED,
                created_at=now,
                created_by=world.staff["fanta"],
            )
            event = CampaignEvent(content_id=world.contents["eau-propre"], starts_at=due, next_due=due)
            event.catch_up, event.expires_hours = POLICIES[place % len(POLICIES)], EXPIRES_HOURS
            campaign.events = [event]
            session.add(campaign)


def _played(machine: Machine, troubles: tuple[Trouble, ...], began: datetime) -> None:
    hours = windows.of(cast(Exchange, machine.app.extensions["lamen"]).settings)
    while machine.moment < began + timedelta(days=DAYS, hours=8):  # the last day's last message may leave the next morning
        since = machine.moment - began
        now = next((one for one in troubles if one.begins <= since < one.begins + one.lasts), None)
        wrong = now.wrong or timedelta() if now else timedelta()
        set_right, machine.wrong = machine.wrong and not wrong, wrong
        step = IN_WINDOWS if hours.is_open(machine.moment + IN_WINDOWS) else OUTSIDE
        machine.live(step, runs=now is None or now.wrong is not None)
        if set_right:
            with machine.database.writing() as session:
                trust_wall(session)  # whoever set the clock right says so


def test_whatever_happens_to_the_machine_each_due_time_is_sent_once_or_said_to_be_skipped(
    app: Flask, database: Database, exchange: Exchange, world: World, now: datetime, figure: Callable[[str], None]
) -> None:
    machine = Machine(app, database, now)
    left: list[tuple[datetime, str]] = []

    def say(sms: OutgoingSms) -> Sent:
        left.append((machine.moment, sms.reference))
        return wired(sms)

    cast(dict[str, object], exchange.gateways)["simulator"] = Scripted(say=say)
    _planned(database, world, now)
    _played(machine, LONG if DAYS > 3 else SHORT, now)
    with database.reading() as session:
        occurrences = list(session.scalars(select(Occurrence)))
        broadcasts = {row.id: row for row in session.scalars(select(Broadcast))}
        rows = select(Attempt.id, Message).join(Message, Message.id == Attempt.message_id)
        # Days passed: the clubs' facilitators are reminded of reports as well, which is another story.
        sent = {row.id: row.Message for row in session.execute(rows.where(Message.broadcast_id.is_not(None)))}
        pushes = Counter((message.broadcast_id, message.contact_id) for message in sent.values())
    figure(f"{DAYS} days, {len(left)} SMS, {dict(Counter(one.state.value for one in occurrences))}")
    assert Counter(one.event_id for one in occurrences) == Counter(range(1, DAYS * len(DUE) + 1)), "an event missed or doubled"
    assert {one.state for one in occurrences} >= {OccurrenceState.FIRED, OccurrenceState.SKIPPED}
    assert {row.state for row in broadcasts.values()} == {BroadcastState.FINISHED}
    assert set(pushes.values()) == {1}, "somebody got one twice"
    hours = windows.of(exchange.settings)
    assert [at for at, _ in left if not hours.is_open(at)] == []
    late = [(at, broadcasts[sent[attempt].broadcast_id or 0].expires_at) for at, attempt in left if attempt in sent]
    assert [at for at, expires in late if at >= expires] == []
