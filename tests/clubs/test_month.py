"""A club's month from its own records, what contradicts them, spot checks, airtime owed, and what the club is told."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs import credit, doubts, feedback, month, spot_checks
from clubs.doubts import Doubt
from clubs.models import Club, Member, Post, Role, Village
from clubs.records import (
    Action,
    ClubSummary,
    CreditOwed,
    ExpectedReport,
    ExpectedState,
    Inquiry,
    InquiryKind,
    InquiryState,
    Report,
    ReportState,
    SpotCheck,
)
from messaging.claim import claim
from messaging.contacts import stop
from messaging.exchange import Exchange
from messaging.models import Contact, Direction, Kind, Message, MessageState
from runtime.database import Database
from tests.world import World

FEBRUARY = date(2026, 2, 1)
MARCH = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def report(session: Session, club: int, number: int, day: date, kind: str = "CR", **values: int) -> Report:
    state = ReportState.VALID
    row = Report(number=number, kind=kind, club_id=club, session_date=day, values=values, state=state, reported_at=MARCH)
    session.add(row)
    session.flush()
    return row


def supervised(session: Session, world: World, name: str = "oumar", village: int = 0) -> None:
    member = session.get_one(Member, world.members[name])
    member.role = Role.SUPERVISOR
    session.add(Post(member_id=member.id, village_id=world.villages[village], since=date(2026, 1, 1)))
    session.flush()


def a_month(session: Session, world: World) -> int:
    club = world.clubs["1032"]
    report(session, club, 1, date(2026, 2, 4), theme=12, women=18, men=7)
    report(session, club, 2, date(2026, 2, 11), theme=31, women=20, men=5, more_themes=[12])  # type: ignore[arg-type]
    report(session, club, 3, date(2026, 2, 4), "QZ", theme=12, before=6, after=15, voters=24)
    report(session, club, 4, date(2026, 2, 18), "RAS", reason=1)
    report(session, club, 5, date(2026, 3, 4), theme=12, women=99, men=1)  # another month
    report(session, world.clubs["2043"], 6, date(2026, 2, 4), theme=12, women=50, men=50)  # Sory's club
    report(session, club, 7, date(2026, 2, 25), theme=11, women=9, men=9).state = ReportState.HELD
    found = {4: ExpectedState.ON_TIME, 11: ExpectedState.LATE, 18: ExpectedState.ON_TIME, 25: ExpectedState.MISSING}
    for day, state in found.items():
        session.add(ExpectedReport(club_id=club, due_on=date(2026, 2, day), state=state))
    session.add(ExpectedReport(club_id=club, due_on=date(2026, 2, 27), state=ExpectedState.EXCUSED))
    for number, due, done in ((1, 10, 9), (2, 20, None), (3, 40, None)):
        decided = FEBRUARY + timedelta(days=due)
        finished = FEBRUARY + timedelta(days=done) if done else None
        session.add(Action(club_id=club, number=number, type=1, decided_on=FEBRUARY, due_on=decided, done_on=finished))
    asked = (
        ("awa", InquiryKind.NUTRITION, True),
        ("moussa", InquiryKind.UNSORTED, False),
        ("awa", InquiryKind.PROTECTION, False),
    )
    for number, (who, kind, answered) in enumerate((*asked, ("sory", InquiryKind.NUTRITION, True)), start=1):
        at = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
        row = Inquiry(number=number, kind=kind, contact_id=world.contacts[who], received_at=at, due_at=at)
        row.answered_at, row.state = (MARCH, InquiryState.ANSWERED) if answered else (None, InquiryState.OPEN)
        session.add(row)
    session.flush()
    return club


def test_a_month_counts_the_clubs_own_valid_records(database: Database, world: World) -> None:
    with database.writing() as session:
        found = month.month_of(session, a_month(session, world), date(2026, 2, 14))
    assert (found.sessions, found.excuses, found.women, found.men) == (2, 1, 38, 12)
    assert found.themes == (12, 31)
    assert found.gain == 38
    assert (found.actions_due, found.actions_done) == (2, 1)
    assert (found.asked, found.answered) == (2, 1), "a disclosure is not counted, nor what Sory's people asked"
    assert (found.expected, found.states[ExpectedState.MISSING], found.states[ExpectedState.LATE]) == (4, 1, 1)
    assert len(found.days) == 28
    assert [day.date.day for day in found.days if not day.empty] == [4, 11, 18, 25, 27]


@pytest.mark.parametrize("day", [date(2026, 2, 1), date(2026, 1, 31), date(2024, 2, 29), date(2026, 12, 5)], ids=str)
def test_weeks_hold_each_day_once_from_monday(database: Database, world: World, day: date) -> None:
    with database.reading() as session:
        found = month.month_of(session, world.clubs["1032"], day)
    flat = [cell for week in found.weeks for cell in week]
    assert [cell for cell in flat if cell is not None] == list(found.days)
    assert all(cell is None or cell.date.weekday() == place % 7 for place, cell in enumerate(flat))
    assert month.before(month.after(day)) == found.first


def test_a_quiz_of_few_voters_shows_no_gain(database: Database, world: World) -> None:
    with database.writing() as session:
        report(session, world.clubs["1032"], 1, FEBRUARY, "QZ", theme=12, before=1, after=9, voters=9)
        assert month.month_of(session, world.clubs["1032"], FEBRUARY).gain is None


@pytest.mark.parametrize(
    ("total", "habit", "usual"),
    [
        pytest.param(60, [25, 24, 26, 25, 27], 25, id="more than twice as many"),
        pytest.param(5, [25, 24, 26, 25, 27], 25, id="hardly anybody"),
        pytest.param(33, [25, 25, 25, 25, 25], None, id="eight guests of a steady club"),
        pytest.param(34, [25, 25, 25, 25, 25], 25, id="nine"),
        pytest.param(60, [25, 24, 26, 25], None, id="four sessions are no habit"),
        pytest.param(45, [10, 40, 25, 15, 35, 20], None, id="a club that varies"),
        pytest.param(30, [500, *[28] * 12], None, id="only the last twelve count"),
    ],
)
def test_what_is_far_from_a_clubs_habit(total: int, habit: list[int], usual: int | None) -> None:
    assert doubts.unusual(total, habit) == usual


def test_contradictions_are_listed_for_their_villages_until_let_stand(database: Database, world: World, now: datetime) -> None:
    club, today = world.clubs["1032"], now.date()
    with database.writing() as session:
        for week in range(6):
            report(session, club, 10 + week, today - timedelta(days=60 - 7 * week), women=15, men=10)
        report(session, club, 20, today - timedelta(days=9), women=60, men=20)
        report(session, club, 21, today - timedelta(days=9), "QZ", before=1, after=2, voters=90)
        report(session, club, 22, today - timedelta(days=5), "QZ", before=1, after=2, voters=9)
        report(session, club, 23, today - timedelta(days=50), "DC", women=1, men=1)  # too long ago
        found = [(one.report.number, one.why) for one in doubts.doubts(session, today)]
        assert found == [(20, Doubt.UNUSUAL), (21, Doubt.VOTERS), (22, Doubt.NO_SESSION)]
        assert doubts.doubts(session, today, {world.villages[1]}) == []
        session.scalars(select(Report).where(Report.number == 20)).one().cleared_at = now
        assert [one.report.number for one in doubts.doubts(session, today, {world.villages[0]})] == [21, 22]


@given(numbers=st.lists(st.integers(1, 10_000), unique=True, max_size=150), parts=st.integers(1, 6), late=st.integers(0, 40))
def test_the_draw_is_the_same_each_time_and_never_forgets(numbers: list[int], parts: int, late: int) -> None:
    def split(some: list[int]) -> dict[int, list[int]]:
        return {place: some[place::parts] for place in range(parts)}

    early = numbers[: max(0, len(numbers) - late)]
    first = spot_checks.chosen(FEBRUARY, split(early))
    assert first == spot_checks.chosen(FEBRUARY, {key: rows[::-1] for key, rows in split(early).items()})
    later = spot_checks.chosen(FEBRUARY, split(numbers), first)
    assert set(first) <= set(later)
    for drawn, some in ((first, early), (later, numbers)):
        assert len(drawn) >= ceil(0.05 * len(some))
        assert all(set(rows) & set(drawn) for rows in split(some).values() if rows)
    assert len(first) <= max(ceil(0.05 * len(early)), parts)


def test_a_month_draws_its_own_sessions() -> None:
    rows = {1: list(range(1, 201))}
    assert spot_checks.chosen(FEBRUARY, rows) != spot_checks.chosen(date(2026, 1, 1), rows)


def test_supervisors_are_asked_once_and_never_told_the_figures(exchange: Exchange, world: World) -> None:
    with exchange.database.writing() as session:
        supervised(session, world)
        for number in range(1, 31):
            report(session, world.clubs["1032"], number, date(2026, 2, 1 + number % 28), women=18, men=7)
    assert spot_checks.due(exchange, MARCH) == 2
    assert spot_checks.due(exchange, MARCH + timedelta(days=1)) == 0
    assert spot_checks.due(exchange, MARCH.replace(day=15)) == 0
    with exchange.database.writing() as session:
        found = spot_checks.checks(session, FEBRUARY)
        asked = session.scalars(select(Message).where(Message.kind == Kind.REMINDER)).all()
        assert {row.contact_id for row in asked} == {world.contacts["oumar"]}
        assert all(f"VU {one.report.number} " in " ".join(row.text or "" for row in asked) for one in found)
        assert not any("18" in (row.text or "").replace(f"{one.report.number}", "") for row in asked for one in found)
        assert {row.parts for row in asked} == {1}
        assert spot_checks.checks(session, FEBRUARY, {world.villages[1]}) == []
        assert spot_checks.factor(found).value is None
        found[0].check.women, found[0].check.men = 15, 5
        session.flush()
        told = spot_checks.factor(spot_checks.checks(session, FEBRUARY))
        assert (told.sessions, told.seen, told.reported, told.value) == (1, 20, 25, 0.8)


def test_a_corrected_report_is_compared_as_it_stands(database: Database, world: World) -> None:
    with database.writing() as session:
        supervised(session, world)
        old = report(session, world.clubs["1032"], 1, FEBRUARY, women=30, men=10)
        check = SpotCheck(report_id=old.id, supervisor_id=world.members["oumar"], drawn_on=MARCH.date(), month=FEBRUARY)
        check.women, check.men = 18, 7
        session.add(check)
        old.state = ReportState.REPLACED
        new = report(session, world.clubs["1032"], 99, FEBRUARY, women=18, men=7)
        new.number, new.version = 1, 2
        session.flush()
        assert spot_checks.factor(spot_checks.checks(session, FEBRUARY)).value == 1.0
        new.state = ReportState.CANCELLED
        session.flush()
        assert spot_checks.factor(spot_checks.checks(session, FEBRUARY)).sessions == 0


def texted(session: Session, world: World, who: str, at: datetime, kind: str, outcome: str) -> Message:
    row = Message(
        direction=Direction.IN,
        channel_id=world.channel,
        contact_id=world.contacts[who],
        state=MessageState.HANDLED,
        not_before=at,
        created_at=at,
        parse={"kind": kind, "outcome": outcome},
        reply_kind=outcome,
    )
    session.add(row)
    session.flush()
    return row


def test_accepted_texts_are_owed_and_paid_once(database: Database, world: World, now: datetime) -> None:
    inside = datetime(2026, 2, 10, 9, tzinfo=UTC)
    with database.writing() as session:
        for kind, outcome in (("CR", "ACK"), ("CR", "FIX"), ("QZ", "ACK"), ("CR", "ASK"), ("Q", "ACK"), ("CR", "HOLD")):
            texted(session, world, "moussa", inside, kind, outcome)
        texted(session, world, "moussa", datetime(2026, 3, 1, tzinfo=UTC), "CR", "ACK")
        held = texted(session, world, "sory", inside, "CR", "HOLD")
        report(session, world.clubs["2043"], 1, FEBRUARY, women=90, men=9).message_id = held.id
        texted(session, world, "awa", inside, "CR", "ACK")  # no facilitator
        session.flush()
        owed = {one.member.name: (one.texts, one.amount) for one in credit.sheet(session, FEBRUARY, 25)}
        assert owed == {"Moussa": (3, 75), "Sory": (1, 25)}
        assert [one.member.name for one in credit.sheet(session, FEBRUARY, 25, {world.villages[1]})] == ["Sory"]
        moussa, fanta = world.members["moussa"], world.staff["fanta"]
        assert credit.pay(session, FEBRUARY, moussa, 25, fanta, now) is not None
        assert credit.pay(session, FEBRUARY, moussa, 25, fanta, now) is None
        assert credit.pay(session, FEBRUARY, world.members["awa"], 25, fanta, now) is None
        texted(session, world, "moussa", inside, "CR", "ACK")
        (paid,) = (one for one in credit.sheet(session, FEBRUARY, 30) if one.member.id == moussa)
        assert (paid.texts, paid.amount, paid.paid_by) == (3, 75, fanta), "as it stood when it was paid"
        assert session.scalars(select(CreditOwed)).one().paid_at == now


Told = Callable[[], list[str | None]]


@pytest.fixture
def told(exchange: Exchange) -> Told:
    def texts() -> list[str | None]:
        with exchange.database.reading() as session:
            return list(session.scalars(select(Message.text).where(Message.kind == Kind.PUSH).order_by(Message.id)))

    return texts


def test_a_club_is_told_its_month_once(exchange: Exchange, world: World, told: Told) -> None:
    with exchange.database.writing() as session:
        a_month(session, world)
    assert feedback.tell(exchange, MARCH.replace(day=8)) == 0, "later it is old news"
    assert feedback.tell(exchange, MARCH) == 3
    assert feedback.tell(exchange, MARCH + timedelta(hours=1)) == 0
    moussas = [text or "" for text in told() if "1032" in (text or "")]
    assert moussas == [
        "Club 1032, 02/2026: séances 2, présences femmes 38, hommes 12. Quiz: +38 points entre avant et après. "
        "Merci à toutes et à tous.",
        "Club 1032, 02/2026: actions faites 1 sur 2, questions répondues 1 sur 2. "
        "Pour écouter le résumé: un bip, puis la touche 7.",
    ]
    assert len(told()) == 4, "Sory's club met, too; the third did not"
    with exchange.database.reading() as session:
        assert len(session.scalars(select(ClubSummary)).all()) == 3
        to = select(Message.contact_id).where(Message.kind == Kind.PUSH, Message.text.contains("1032"))
        sent = session.scalars(select(Message).where(Message.kind == Kind.PUSH)).all()
        assert {row.contact_id for row in sent} == {world.contacts["moussa"], world.contacts["sory"]}, to


def test_its_two_messages_leave_on_two_days_as_the_limits_want(exchange: Exchange, world: World) -> None:
    with exchange.database.writing() as session:
        a_month(session, world)
        session.get_one(Club, world.clubs["2043"]).active = False
    feedback.tell(exchange, MARCH)
    with exchange.database.writing() as session:
        assert len(claim(session, exchange.settings, world.channel, MARCH, "a").taken) == 1
    with exchange.database.writing() as session:
        assert len(claim(session, exchange.settings, world.channel, MARCH + timedelta(days=1), "b").taken) == 1


def test_a_month_without_a_quiz_says_nothing_of_one(exchange: Exchange, world: World, told: Told) -> None:
    with exchange.database.writing() as session:
        report(session, world.clubs["2043"], 6, date(2026, 2, 4), theme=12, women=50, men=40)
    feedback.tell(exchange, MARCH)
    assert told() == ["Club 2043, 02/2026: séances 1, présences femmes 50, hommes 40. Merci à toutes et à tous."]


def test_a_club_of_a_paused_village_is_told_nothing(exchange: Exchange, world: World, told: Told) -> None:
    with exchange.database.writing() as session:
        a_month(session, world)
        session.get_one(Village, world.villages[0]).paused_until = MARCH.date()
    feedback.tell(exchange, MARCH)
    assert not any("1032" in (text or "") for text in told())
    assert any("2043" in (text or "") for text in told())


def test_a_stopped_phone_is_told_nothing(exchange: Exchange, world: World, told: Told) -> None:
    with exchange.database.writing() as session:
        a_month(session, world)
        stop(session, session.get_one(Contact, world.contacts["moussa"]), MARCH, "sms")
    feedback.tell(exchange, MARCH)
    assert not any("1032" in (text or "") for text in told())


@pytest.mark.parametrize("where", [Club, Village], ids=["club", "village"])
def test_a_paused_club_is_told_nothing(exchange: Exchange, world: World, told: Told, where: type[Club] | type[Village]) -> None:
    with exchange.database.writing() as session:
        club = session.get_one(Club, a_month(session, world))
        row = club if where is Club else session.get_one(Village, club.village_id)
        row.paused_until = MARCH.date()
    feedback.tell(exchange, MARCH)
    assert not any("1032" in (text or "") for text in told())
    assert any("2043" in (text or "") for text in told())


def test_the_voice_says_the_same_figures_and_no_loss(database: Database, world: World) -> None:
    with database.writing() as session:
        club = a_month(session, world)
        said = feedback.spoken(month.month_of(session, club, FEBRUARY))
        assert said == [("unit_sessions", 2), ("unit_women", 38), ("unit_men", 12), ("unit_points", 38), ("unit_answers", 1)]
        assert feedback.spoken(month.month_of(session, club, date(2025, 1, 1))) == []
        session.scalars(select(Report).where(Report.kind == "QZ")).one().values = {"before": 9, "after": 1, "voters": 24}
        session.flush()
        assert "unit_points" not in dict(feedback.spoken(month.month_of(session, club, FEBRUARY)))
