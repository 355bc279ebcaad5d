"""What dates an event besides a date: markets, seasons, radio, answers, births; and which of two campaigns goes first."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from campaigns import broadcasts, enrolments, firing, schedule
from campaigns.errors import CampaignError
from campaigns.filters import Filter
from campaigns.models import (
    Answer,
    Campaign,
    CampaignEvent,
    CatchUp,
    DueMember,
    Enrolment,
    EnrolmentState,
    Given,
    Occurrence,
    OccurrenceState,
    Priority,
    Recipient,
    Repeat,
    Season,
    SeasonKind,
)
from clubs.models import Area, MarketRule, Member, Village
from clubs.records import RadioEpisode, RadioStation
from messaging import contacts, settling
from messaging.exchange import Exchange
from messaging.models import (
    Broadcast,
    Contact,
    Direction,
    Kind,
    Message,
    MessageState,
    OpenPrompt,
    Purpose,
    Route,
)
from messaging.outbox import dispatch
from runtime.installation import installation
from tests.messaging.fakes import Scripted, with_gateway
from tests.world import World

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WIDE = Filter(one_phone_per_club=False)
ZONE = ZoneInfo("UTC")


def plan(
    exchange: Exchange,
    world: World,
    now: datetime,
    *events: dict[str, object],
    wanted: Filter = WIDE,
    priority: Priority = Priority.NORMAL,
) -> int:
    """A scheduled campaign; its id."""
    with exchange.database.writing() as session:
        campaign = Campaign(name="Essai", audience=wanted.to_json(), route=Route.SMS, created_at=now, priority=priority)
        campaign.created_by = world.staff["fanta"]
        campaign.events = [CampaignEvent(content_id=world.contents["eau-propre"], **one) for one in events]
        session.add(campaign)
        session.flush()
        schedule.schedule(session, campaign, now, exchange.settings)
        return campaign.id


def series(exchange: Exchange, world: World, now: datetime, *months: int, who: tuple[str, ...] = ("awa",)) -> int:
    with exchange.database.writing() as session:
        installation(session).series = True
    id_ = plan(exchange, world, now, *({"repeat": Repeat.STAGE, "months_after": month} for month in months))
    with exchange.database.writing() as session:
        for name in who:
            contact = session.get_one(Contact, world.contacts["awa" if name == "kadia" else name])
            contacts.consent(session, contact, Purpose.SERIES, now, via="register", script_version="1")
            member = session.get_one(Member, world.members[name])
            enrolments.enrol(session, session.get_one(Campaign, id_), member, date(2026, 3, 1), now, ZONE)
    firing.redate_all(exchange, now)
    return id_


def come(exchange: Exchange) -> list[tuple[datetime, OccurrenceState]]:
    with exchange.database.reading() as session:
        return [(row.due_at, row.state) for row in session.scalars(select(Occurrence).order_by(Occurrence.due_at))]


def fan_out(exchange: Exchange, now: datetime) -> None:
    with exchange.database.reading() as session:
        ids = list(session.scalars(select(Broadcast.id).where(Broadcast.cursor >= 0).order_by(Broadcast.id)))
    for id_ in ids:
        broadcasts.fan_out(exchange, id_, now)


def people(exchange: Exchange, world: World) -> dict[str, str]:
    """Who is in the last sending: queued, or why not."""
    names = {id_: name for name, id_ in world.members.items()}
    with exchange.database.reading() as session:
        last = session.scalars(select(Broadcast.id).order_by(Broadcast.id.desc()).limit(1)).one()
        rows = session.execute(
            select(Recipient.member_id, Recipient.skipped, Message.state)
            .outerjoin(Message, Message.id == Recipient.message_id)
            .where(Recipient.broadcast_id == last)
        )
        return {names[member]: skipped or state.value for member, skipped, state in rows}


def test_each_market_day_is_for_the_villages_whose_day_it_is(exchange: Exchange, world: World, now: datetime) -> None:
    plan(exchange, world, now, {"repeat": Repeat.MARKET, "market": MarketRule.EVE, "starts_at": now})
    # The first village's market is on Mondays from 16 March, the second's each five days from the 17th.
    for day in range(12):
        firing.fire_due(exchange, now + day * DAY)
    assert [due for due, _ in come(exchange)] == [now + 3 * DAY, now + 4 * DAY, now + 8 * DAY, now + 11 * DAY]
    with exchange.database.reading() as session:
        whose = [row.audience["villages"] for row in session.scalars(select(Broadcast).order_by(Broadcast.id))]
    first, second = ([id_] for id_ in world.villages)
    assert whose == [second, first, second, first]


def test_a_market_that_is_noted_later_dates_a_campaign_that_waits(exchange: Exchange, world: World, now: datetime) -> None:
    plan(exchange, world, now, {"repeat": Repeat.MARKET, "market": MarketRule.ON, "starts_at": now})
    with exchange.database.writing() as session:
        for id_ in world.villages:
            session.get_one(Village, id_).market_anchor = None
    assert firing.redate_all(exchange, now) == 1
    with exchange.database.writing() as session:
        assert session.scalars(select(CampaignEvent.next_due)).one() is None
        session.get_one(Village, world.villages[0]).market_anchor = (now + DAY).date()
    firing.redate_all(exchange, now)
    assert firing.fire_due(exchange, now + DAY) == 1


def test_nobody_with_a_market_is_said_when_it_is_scheduled(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        for id_ in world.villages:
            session.get_one(Village, id_).market_anchor = None
    with pytest.raises(CampaignError, match="no_market"):
        plan(exchange, world, now, {"repeat": Repeat.MARKET, "market": MarketRule.ON, "starts_at": now})


def test_a_season_dated_too_late_is_said_to_be_skipped_and_never_twice(exchange: Exchange, world: World, now: datetime) -> None:
    plan(exchange, world, now - 3 * DAY, {"repeat": Repeat.SEASON, "season": SeasonKind.SIAN, "days_into": 1})
    assert firing.fire_due(exchange, now) == 0
    with exchange.database.writing() as session:
        session.add(Season(kind=SeasonKind.SIAN, first_day=(now - 2 * DAY).date(), last_day=(now + 4 * DAY).date()))
    firing.redate_all(exchange, now)
    firing.fire_due(exchange, now)
    with exchange.database.writing() as session:
        (row,) = session.scalars(select(Occurrence))
        assert (row.due_at.date(), row.state, row.reason) == ((now - DAY).date(), OccurrenceState.SKIPPED, "late")
        session.scalars(select(Season)).one().first_day = (now - 1 * DAY).date()  # corrected by a day: it is the same season
    firing.redate_all(exchange, now)
    firing.fire_due(exchange, now)
    assert len(come(exchange)) == 1


def test_an_episode_is_followed_where_it_was_heard_and_two_at_one_moment_both_are(
    exchange: Exchange, world: World, now: datetime
) -> None:
    plan(exchange, world, now, {"repeat": Repeat.EPISODE, "hours_after": 2})
    with exchange.database.writing() as session:
        area = Area(kind="commune", name="Ailleurs")
        session.add(area)
        session.flush()
        session.get_one(Village, world.villages[1]).area_id = area.id
        here = session.get_one(Village, world.villages[0]).area_id
        for name, place in (("Radio A", here), ("Radio B", area.id)):
            station = RadioStation(name=name, area_id=place)
            session.add(station)
            session.flush()
            session.add(RadioEpisode(station_id=station.id, title="Repas", theme_code=12, airs_at=now))
    firing.redate_all(exchange, now)
    assert firing.fire_due(exchange, now + 2 * HOUR) == 2
    assert [due for due, _ in come(exchange)] == [now + 2 * HOUR, now + 2 * HOUR + timedelta(seconds=1)]
    fan_out(exchange, now + 2 * HOUR)
    assert people(exchange, world) == {"sory": "queued", "oumar": "queued"}


def answer(exchange: Exchange, world: World, name: str, at: datetime, *, right: bool, phase: str | None = None) -> None:
    with exchange.database.writing() as session:
        message = Message(direction=Direction.IN, channel_id=world.channel, contact_id=world.contacts[name], kind=Kind.REPLY)
        message.state, message.not_before, message.created_at = MessageState.HANDLED, at, at
        session.add(message)
        session.flush()
        row = Answer(question_id=world.question, contact_id=world.contacts[name], key=1, right=right, answered_at=at)
        row.message_id, row.phase = message.id, phase
        session.add(row)


def test_a_phone_is_followed_once_after_the_answer_that_is_meant(exchange: Exchange, world: World, now: datetime) -> None:
    event = {"repeat": Repeat.ANSWER, "hours_after": 24, "question_id": world.question, "given": Given.WRONG}
    answer(exchange, world, "oumar", now - HOUR, right=False)  # before it was scheduled
    plan(exchange, world, now, event)
    answer(exchange, world, "awa", now + HOUR, right=False)
    answer(exchange, world, "sory", now + HOUR, right=True)
    firing.redate_all(exchange, now + HOUR)
    assert firing.fire_due(exchange, now + 25 * HOUR) == 1
    fan_out(exchange, now + 25 * HOUR)
    assert people(exchange, world) == {"awa": "queued", "kadia": "queued"}, "two behind one phone"
    answer(exchange, world, "awa", now + 26 * HOUR, right=False, phase="after")
    firing.redate_all(exchange, now + 26 * HOUR)
    assert firing.fire_due(exchange, now + 72 * HOUR) == 0


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({"repeat": Repeat.MARKET}, id="market-without-a-rule"),
        pytest.param({"repeat": Repeat.SEASON}, id="no-season"),
        pytest.param({"repeat": Repeat.EPISODE}, id="no-hours"),
        pytest.param({"repeat": Repeat.ANSWER, "hours_after": 1}, id="no-question"),
    ],
)
def test_what_nothing_could_ever_date_is_refused(
    exchange: Exchange, world: World, now: datetime, event: dict[str, object]
) -> None:
    with pytest.raises(CampaignError, match="incomplete"):
        plan(exchange, world, now, event)


def test_a_series_is_off_until_it_is_switched_on_and_has_one_step_a_month(
    exchange: Exchange, world: World, now: datetime
) -> None:
    step = {"repeat": Repeat.STAGE, "months_after": 2}
    with pytest.raises(CampaignError, match="series_off"):
        plan(exchange, world, now, step)
    with exchange.database.writing() as session:
        installation(session).series = True
    with pytest.raises(CampaignError, match="same_stage"):
        plan(exchange, world, now, step, step)


def test_those_of_one_month_are_sent_to_together_and_go_on_to_their_next_step(
    exchange: Exchange, world: World, now: datetime
) -> None:
    series(exchange, world, now, 1, 3, who=("awa", "sory"))
    first = datetime(2026, 4, 1, 9, tzinfo=UTC)
    assert firing.fire_due(exchange, first) == 1
    fan_out(exchange, first)
    assert people(exchange, world) == {"awa": "queued", "sory": "queued"}
    with exchange.database.reading() as session:
        assert {row.next_due for row in session.scalars(select(Enrolment))} == {datetime(2026, 6, 1, 9, tzinfo=UTC)}
    assert firing.fire_due(exchange, datetime(2026, 6, 1, 9, tzinfo=UTC)) == 1
    with exchange.database.reading() as session:
        assert {row.next_due for row in session.scalars(select(Enrolment))} == {None}


def test_after_a_long_outage_nobody_gets_two_steps_and_each_missed_one_is_said(
    exchange: Exchange, world: World, now: datetime
) -> None:
    series(exchange, world, now, 1, 2, 3, 4)
    back = datetime(2026, 6, 1, 10, tzinfo=UTC)  # the third step is an hour late, the first two are long past
    fired = [firing.fire_due(exchange, back) for _ in range(6)]
    assert sum(fired) == 1
    skipped, sent = OccurrenceState.SKIPPED, OccurrenceState.FIRED
    assert [state for _, state in come(exchange)] == [skipped, skipped, sent]


def test_who_fell_behind_is_repaired_to_the_first_step_not_accounted_for(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = series(exchange, world, now, 1, 3)
    firing.fire_due(exchange, datetime(2026, 4, 1, 9, tzinfo=UTC))
    with exchange.database.writing() as session:
        row = session.scalars(select(Enrolment)).one()
        row.next_due, row.next_event_id = None, None
        campaign = session.get_one(Campaign, id_)
        assert enrolments.repair(session, campaign, ZONE) == 1
        assert row.next_due == datetime(2026, 6, 1, 9, tzinfo=UTC)
        assert enrolments.repair(session, campaign, ZONE) == 0


def test_a_repaired_step_is_said_to_be_skipped_and_none_that_came_comes_again(
    exchange: Exchange, world: World, now: datetime
) -> None:
    id_ = series(exchange, world, now, 1, 2, 4)
    with exchange.database.writing() as session:
        campaign, row = session.get_one(Campaign, id_), session.scalars(select(Enrolment)).one()
        second = campaign.events[1]
        row.next_event_id, row.next_due = second.id, enrolments.due_at(second, row.anchor_month, ZONE)
    firing.redate_all(exchange, now)
    firing.fire_due(exchange, datetime(2026, 5, 1, 9, tzinfo=UTC))
    with exchange.database.writing() as session:
        assert enrolments.repair(session, session.get_one(Campaign, id_), ZONE) == 1
    firing.redate_all(exchange, datetime(2026, 5, 2, 9, tzinfo=UTC))
    firing.fire_due(exchange, datetime(2026, 5, 2, 9, tzinfo=UTC))
    with exchange.database.reading() as session:
        came = session.execute(select(Occurrence.due_at, Occurrence.state).order_by(Occurrence.due_at)).all()
        assert [(at.month, state.value) for at, state in came] == [(4, "skipped"), (5, "fired")]
        assert session.scalars(select(Enrolment.next_due)).one() == datetime(2026, 7, 1, 9, tzinfo=UTC)


def test_the_end_of_a_series_takes_back_what_waits_but_not_a_sisters(exchange: Exchange, world: World, now: datetime) -> None:
    series(exchange, world, now, 1, who=("awa", "kadia", "sory"))
    first = datetime(2026, 4, 1, 8, 50, tzinfo=UTC)
    firing.fire_due(exchange, first)
    fan_out(exchange, first)
    with exchange.database.writing() as session:
        for name in ("awa", "sory"):
            enrolments.end(session.scalars(select(Enrolment).where(Enrolment.member_id == world.members[name])).one(), first)
    assert people(exchange, world) == {"awa": "queued", "kadia": "queued", "sory": "suppressed"}
    with exchange.database.writing() as session:
        enrolments.end(session.scalars(select(Enrolment).where(Enrolment.member_id == world.members["kadia"])).one(), first)
    assert set(people(exchange, world).values()) == {"suppressed"}


def test_a_series_needs_its_own_consent_until_the_moment_it_leaves(exchange: Exchange, world: World, now: datetime) -> None:
    series(exchange, world, now, 1, who=("awa", "sory", "oumar"))
    first = datetime(2026, 4, 1, 9, tzinfo=UTC)
    with exchange.database.writing() as session:
        contacts.withdraw(session, session.get_one(Contact, world.contacts["sory"]), Purpose.SERIES, now)
    firing.fire_due(exchange, first)
    fan_out(exchange, first)
    assert people(exchange, world)["sory"] == "no_series_consent"
    with exchange.database.writing() as session:
        contacts.withdraw(session, session.get_one(Contact, world.contacts["oumar"]), Purpose.SERIES, now)
    broadcasts.start_due(exchange, first + 10 * timedelta(minutes=1))
    dispatch(with_gateway(exchange, Scripted()), world.channel, lambda: first + HOUR)
    with exchange.database.reading() as session:
        rows = session.execute(select(Message.state, Message.reason).where(Message.kind == Kind.PUSH)).all()
    assert sorted((state.value, reason) for state, reason in rows) == [("suppressed", "no_series_consent"), ("wired", None)]


def test_a_phone_unheard_for_ninety_days_is_suspended_asked_again_and_goes_on(
    exchange: Exchange, world: World, now: datetime
) -> None:
    series(exchange, world, now, 1, 9, who=("awa", "kadia", "sory"))
    with exchange.database.writing() as session:
        session.get_one(Contact, world.contacts["sory"]).last_heard_at = now + 20 * DAY
    assert enrolments.suspend_unheard(exchange, now + 89 * DAY) == 0
    later = now + 90 * DAY
    assert enrolments.suspend_unheard(exchange, later) == 2
    assert enrolments.suspend_unheard(exchange, later) == 0
    with exchange.database.writing() as session:
        rows = {row.member_id: row for row in session.scalars(select(Enrolment))}
        assert rows[world.members["sory"]].state is EnrolmentState.ACTIVE
        (asked,) = session.scalars(select(Message).where(Message.kind == Kind.REMINDER))
        assert "Tapez OUI" in (asked.text or "")
        (prompt,) = session.scalars(select(OpenPrompt))
        assert enrolments.agreed_again(session, prompt, later + DAY, ZONE) == 2
        awa = rows[world.members["awa"]]
        assert (awa.state, awa.next_due) == (EnrolmentState.ACTIVE, datetime(2026, 12, 1, 9, tzinfo=UTC))


def test_oui_after_a_suspension_goes_on_with_the_series(exchange: Exchange, world: World, now: datetime, app: object) -> None:
    from campaigns import conversations
    from messaging.inbox import receive  # noqa: F401  # the words come in by the door of every SMS

    series(exchange, world, now, 9)
    enrolments.suspend_unheard(exchange, now + 91 * DAY)
    with exchange.database.writing() as session:
        message = Message(direction=Direction.IN, channel_id=world.channel, contact_id=world.contacts["awa"], kind=Kind.REPLY)
        message.state, message.text = MessageState.RECEIVED, "Oui."
        message.not_before = message.created_at = message.provider_at = now + 92 * DAY
        session.add(message)
        session.flush()
        number = message.id
    conversations.on_sms(exchange, number, now + 92 * DAY)
    with exchange.database.reading() as session:
        assert session.scalars(select(Enrolment.state)).one() is EnrolmentState.ACTIVE
        assert contacts.has_consent(session, world.contacts["awa"], Purpose.SERIES)


def test_a_due_member_is_noted_once(exchange: Exchange, world: World, now: datetime) -> None:
    series(exchange, world, now, 1)
    first = datetime(2026, 4, 1, 9, tzinfo=UTC)
    for _ in range(3):
        firing.fire_due(exchange, first)
    settling.requeue_stale(exchange, first)
    with exchange.database.reading() as session:
        assert len(list(session.scalars(select(DueMember)))) == 1


def test_a_missed_market_waits_for_the_next_one_where_the_policy_says_so(exchange: Exchange, world: World, now: datetime) -> None:
    event = {"repeat": Repeat.MARKET, "market": MarketRule.ON, "starts_at": now, "catch_up": CatchUp.SEND_NEXT}
    plan(exchange, world, now, event)
    firing.fire_due(exchange, now + 6 * DAY)
    states = [state for _, state in come(exchange)]
    assert states.count(OccurrenceState.MERGED) == len(states) > 0
