"""A quarter of club life, told by SMS as facilitators tell it, gives the figures that were true.

128 clubs and 90 days with LAMEN_QUARTER=full; a dozen clubs and a month otherwise. LAMEN_SEED plays another life.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, date, datetime
from random import Random
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import func, or_, select

from clubs.models import Club
from clubs.records import ExpectedReport, Report, SpotCheck
from console.api.tokens import Scope as TokenScope
from console.api.tokens import make
from messaging.exchange import Exchange
from messaging.models import Direction, Message, MessageState
from results.indicators import figures as computed
from results.scope import Scope
from runtime.clock import Clock
from runtime.database import Database
from tests import world as small
from tests.conftest import EMPTY_ALL
from tests.quarter import network, phones, truth
from tests.quarter.life import Life, draw, figures_of
from tests.quarter.network import Sms
from tests.quarter.played import Flaky, Played
from tests.quarter.truth import Part

FULL = os.environ.get("LAMEN_QUARTER") == "full"
# The short form is messier, so that little SMS come to meet most messes.
CLUBS, DAYS, MESSY = (128, 90, 0.12) if FULL else (12, 30, 0.3)
BACKENDS = ("sqlite", "postgresql") if FULL else ("sqlite",)
SEED = int(os.environ.get("LAMEN_SEED") or 20260302)
START = date(2026, 3, 2)
KINDS = ("CR", "QZ", "DC", "EV", "RAS")
# Of SMS and calls that we send, of phones and members: nothing that a club's life decides.
NOT_HERE = {
    *("sms_sent", "sms_delivered", "sms_unknown", "sms_received", "calls_answered", "seconds_heard", "heard_whole"),
    *("core_reached", "core_cost", "quiz_right", "ivr_right", "opt_out", "members"),
}


pytestmark = pytest.mark.parametrize("backend", BACKENDS, indirect=True)


@pytest.fixture
def now() -> datetime:
    """The morning before the first day."""
    return datetime(START.year, START.month, START.day, 6, tzinfo=UTC)


@pytest.fixture
def database(backend: str, database_url: str) -> Iterator[Database]:
    """As everywhere, but it can be away."""
    found = Flaky(database_url)
    yield found
    if backend == "postgresql":
        with found.engine.begin() as connection:
            connection.exec_driver_sql(EMPTY_ALL)
    found.close()


def lived() -> tuple[Life, list[Sms], list[network.Outage]]:
    """What was true, what was sent, what was in the way."""
    chance = Random(SEED)
    life = draw(chance, START, CLUBS, DAYS)
    outages = network.troubles(chance, START, DAYS)
    return life, phones.write(life, network.Networks(outages, chance), chance, MESSY), outages


def parts(life: Life) -> dict[str, Part]:
    """The whole, a period that begins and ends in its middle, some villages."""
    third = life.days // 3
    villages = frozenset(club.village for club in life.clubs if club.village % 3 == 1)
    middle = life.start.fromordinal(life.start.toordinal() + third), life.start.fromordinal(life.start.toordinal() + 2 * third)
    return {
        "all of it": Part(life.start, life.until),
        "the middle": Part(*middle),
        "some villages": Part(life.start, life.until, villages),
    }


def test_the_figures_of_a_quarter_are_those_that_were_true(
    app: Flask, database: Database, exchange: Exchange, world: small.World, record_property: Callable[[str, Any], None]
) -> None:
    life, sent, outages = lived()
    app.config["WEBHOOK_PAUSES"] = (0.0,)
    clock = cast(Clock, app.extensions["lamen.clock"])
    played = Played(app.test_client(), exchange, cast(Flaky, database), clock, world, Random(SEED))
    played.found(life)
    began = time.process_time()
    played.play(life, sent, outages)
    record_property("figure", f"{CLUBS} clubs, {DAYS} days, {played.posted} SMS: {time.process_time() - began:.0f} s of CPU")
    assert played.refused == []
    assert _left_lying(database) == [], "SMS that were not read"
    _draw_what_was_visited(database)
    told, stored = _told(life), _stored(app, database)
    found = {
        "reports that should count and do not": dict(told - stored),
        "reports that count and should not": dict(stored - told),
        "session days, true and as we hold them": _fates_apart(database, life),
        **{
            f"figures of {name}, true and ours": _figures_apart(database, life, part, played)
            for name, part in parts(life).items()
        },
    }
    assert {name: apart for name, apart in found.items() if apart} == {}
    with database.reading() as session:
        kept = session.scalar(select(func.count()).select_from(Message).where(Message.direction == Direction.IN))
    assert kept == len({sms.id for sms in sent}), "each SMS is stored once"


def _draw_what_was_visited(database: Database) -> None:
    """The visits of this life are its random ones: they stand for the month's draw."""
    with database.writing() as session:
        for check, day in session.execute(select(SpotCheck, Report.session_date).join(Report, Report.id == SpotCheck.report_id)):
            check.month = day.replace(day=1) if day else check.month


def _left_lying(database: Database) -> list[tuple[int, str]]:
    """What came in and was not handled, or in vain."""
    unread = or_(Message.state != MessageState.HANDLED, Message.handling_failures > 0)
    with database.reading() as session:
        rows = select(Message.id, Message.state).where(Message.direction == Direction.IN, unread)
        return [(id_, state.value) for id_, state in session.execute(rows)]


def _figures_apart(database: Database, life: Life, part: Part, played: Played) -> dict[str, tuple[truth.Pair | None, truth.Pair]]:
    """Numerator and denominator that were true, beside those that were computed, where they are not the same."""
    villages = None if part.villages is None else frozenset(played.villages[place] for place in part.villages)
    with database.reading() as session:
        made = computed(session, Scope(part.since, part.until, villages), small_cells=True)
    ours = {figure.id: (figure.numerator, figure.denominator) for figure in made if figure.id not in NOT_HERE}
    wanted = truth.figures(life, part)
    return {name: (wanted.get(name), pair) for name, pair in ours.items() if wanted.get(name) != pair}


def _fates_apart(database: Database, life: Life) -> dict[tuple[str, date], tuple[str, str]]:
    fates = truth.fates(life, Part(life.start, life.until))
    settled = _settled(database, fates)
    return {day: (fate, settled[day]) for day, fate in fates.items() if settled[day] != fate}


def _settled(database: Database, days: Collection[tuple[str, date]]) -> dict[tuple[str, date], str]:
    """What the product says became of each session day that was due."""
    words = {"on_time": "on time"}
    with database.reading() as session:
        rows = session.execute(select(Club.code, ExpectedReport.due_on, ExpectedReport.state).join(Club))
        found = {(code, day): words.get(state, state.value) for code, day, state in rows}
    return {day: found.get(day, "nowhere") for day in days}


Line = tuple[str, str, str, tuple[tuple[str, int], ...]]


def _told(life: Life) -> Counter[Line]:
    names = {"type": "event_type"}
    return Counter(
        (
            fact.kind,
            fact.club.code,
            fact.day.isoformat(),
            tuple(sorted((names.get(n, n), v) for n, v in figures_of(fact).items())),
        )
        for fact in truth.standing(life)
    )


def _stored(app: Flask, database: Database) -> Counter[Line]:
    """What the API says that counts."""
    with database.writing() as session:
        token = make(session, "quarter", frozenset({TokenScope.REPORTS}), datetime.now(UTC), None)
    lines: Counter[Line] = Counter()
    page: str | None = "/api/v1/reports?state=valid&limit=200"
    while page is not None:
        answer = app.test_client().get(page, headers={"Authorization": f"Bearer {token}"}).get_json()
        lines.update(_line(row) for row in answer["items"] if row["kind"] in KINDS)
        page = answer["next"]
    return lines


def _line(row: dict[str, Any]) -> Line:
    values = dict(row["values"])
    more = values.pop("more_themes", None) or []
    figures = {"second": more[0], **values} if more else values
    return row["kind"], row["club"], row["session_date"], tuple(sorted((name, int(value)) for name, value in figures.items()))
