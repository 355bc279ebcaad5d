"""The clock's side of campaigns: what is due is fired once or said to be skipped."""

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from campaigns import broadcasts, firing, schedule
from campaigns.errors import CampaignError
from campaigns.filters import Filter
from campaigns.models import Campaign, CampaignEvent, CampaignState, CatchUp, Occurrence, OccurrenceState, Repeat
from messaging.exchange import Exchange
from messaging.models import Broadcast, BroadcastState, Message, MessageState, Route
from runtime.installation import installation
from runtime.work import Immediate
from tests.world import World

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)


def plan(exchange: Exchange, world: World, now: datetime, starts: datetime | None, **event: object) -> int:
    """A scheduled campaign of one event; returns its id."""
    with exchange.database.writing() as session:
        campaign = Campaign(
            name="Eau propre", audience=Filter().to_json(), route=Route.SMS, created_at=now, created_by=world.staff["fanta"]
        )
        session.add(campaign)
        session.flush()
        session.add(CampaignEvent(campaign_id=campaign.id, content_id=world.contents["eau-propre"], starts_at=starts, **event))
        session.flush()
        session.refresh(campaign)
        schedule.schedule(session, campaign, now, exchange.settings)
        return campaign.id


def campaign_of(exchange: Exchange, id_: int) -> Campaign:
    with exchange.database.reading() as session:
        return session.get_one(Campaign, id_)


def occurrences(exchange: Exchange) -> list[tuple[datetime, OccurrenceState]]:
    with exchange.database.reading() as session:
        return [(row.due_at, row.state) for row in session.scalars(select(Occurrence).order_by(Occurrence.due_at))]


def made(exchange: Exchange) -> list[Broadcast]:
    with exchange.database.reading() as session:
        return list(session.scalars(select(Broadcast).order_by(Broadcast.id)))


def test_a_broadcast_is_made_one_cancel_window_before_it_is_due(exchange: Exchange, world: World, now: datetime) -> None:
    due = now + HOUR
    id_ = plan(exchange, world, now, due)
    assert firing.fire_due(exchange, due - 11 * MINUTE) == 0
    assert firing.fire_due(exchange, due - 10 * MINUTE) == 1
    assert firing.fire_due(exchange, due) == 0
    (broadcast,) = made(exchange)
    assert (broadcast.state, broadcast.not_before, broadcast.due_at) == (BroadcastState.PLANNED, due, due)
    assert broadcast.expires_at == due + 24 * HOUR
    assert (broadcast.title, broadcast.created_by) == ("Eau propre", world.staff["fanta"])
    assert occurrences(exchange) == [(due, OccurrenceState.FIRED)]
    assert exchange.work.waiting == [("fan_out", broadcast.id)]  # type: ignore[attr-defined]  # Immediate's own
    assert campaign_of(exchange, id_).state is CampaignState.RUNNING


def test_a_sending_for_right_now_still_has_its_window(exchange: Exchange, world: World, now: datetime) -> None:
    plan(exchange, world, now, now)
    firing.fire_due(exchange, now)
    assert made(exchange)[0].not_before == now + 10 * MINUTE


def test_a_weekly_campaign_over_three_weeks_of_played_time(exchange: Exchange, world: World, now: datetime) -> None:
    plan(exchange, world, now, now + HOUR, repeat=Repeat.WEEKLY, until=now + HOUR + 2 * WEEK)
    moment = now
    while moment < now + 4 * WEEK:
        firing.fire_due(exchange, moment)
        moment += 6 * HOUR - MINUTE
    assert [due for due, _ in occurrences(exchange)] == [now + HOUR + n * WEEK for n in range(3)]
    assert len(made(exchange)) == sum(state is OccurrenceState.FIRED for _, state in occurrences(exchange)) == 3


@pytest.mark.parametrize(
    ("policy", "away", "expected"),
    [
        pytest.param(CatchUp.SEND_LATE, 5 * HOUR, [OccurrenceState.FIRED], id="sent-late"),
        pytest.param(CatchUp.SEND_LATE, 7 * HOUR, [OccurrenceState.SKIPPED], id="too-late"),
        pytest.param(CatchUp.SKIP, HOUR, [OccurrenceState.SKIPPED], id="skipped"),
        pytest.param(CatchUp.SEND_NEXT, 2 * WEEK, [OccurrenceState.MERGED] * 2 + [OccurrenceState.FIRED], id="merged"),
    ],
)
def test_after_an_outage_each_due_time_is_sent_or_said(
    exchange: Exchange, world: World, now: datetime, policy: CatchUp, away: timedelta, expected: list[OccurrenceState]
) -> None:
    plan(exchange, world, now, now, repeat=Repeat.WEEKLY, catch_up=policy)
    fired = firing.fire_due(exchange, now + away)
    assert [state for _, state in occurrences(exchange)] == expected
    assert fired == len(made(exchange)) == expected.count(OccurrenceState.FIRED)
    firing.fire_due(exchange, now + away)
    assert len(occurrences(exchange)) == len(expected)


def test_what_would_expire_before_it_leaves_is_skipped(exchange: Exchange, world: World, now: datetime) -> None:
    plan(exchange, world, now, now, expires_hours=1)
    assert firing.fire_due(exchange, now + HOUR - 5 * MINUTE) == 0
    assert occurrences(exchange) == [(now, OccurrenceState.SKIPPED)]


def test_only_a_person_sends_what_was_skipped_and_only_once(exchange: Exchange, world: World, now: datetime) -> None:
    plan(exchange, world, now, now, catch_up=CatchUp.SKIP)
    firing.fire_due(exchange, now + HOUR)
    later = now + 2 * HOUR
    with exchange.database.writing() as session:
        occurrence = session.scalars(select(Occurrence)).one()
        broadcast = schedule.send_skipped(session, exchange, occurrence, later)
        assert (broadcast.due_at, broadcast.not_before) == (later, later + 10 * MINUTE)
        assert occurrence.broadcast_id == broadcast.id
        with pytest.raises(CampaignError, match="not_skipped"):
            schedule.send_skipped(session, exchange, occurrence, later)


def test_what_a_colleague_changed_meanwhile_is_seen_before_acting(exchange: Exchange, world: World, now: datetime) -> None:
    behind = {"synchronize_session": False}  # as another transaction would: the rows in hand stay as they were read
    plan(exchange, world, now, now, catch_up=CatchUp.SKIP)
    firing.fire_due(exchange, now + HOUR)
    with exchange.database.writing() as session:
        occurrence = session.scalars(select(Occurrence)).one()
        session.execute(update(Occurrence).values(state=OccurrenceState.FIRED).execution_options(**behind))
        with pytest.raises(CampaignError, match="not_skipped"):
            schedule.send_skipped(session, exchange, occurrence, now + HOUR)
    other = plan(exchange, world, now, now + HOUR)
    with exchange.database.writing() as session:
        campaign = session.get_one(Campaign, other)
        session.execute(update(Campaign).values(state=CampaignState.RUNNING).execution_options(**behind))
        with pytest.raises(CampaignError, match="not_scheduled"):
            schedule.unschedule(session, campaign)


def test_a_campaign_that_goes_on_wakes_its_channels(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = plan(exchange, world, now, now)
    firing.fire_due(exchange, now)
    broadcasts.fan_out(exchange, made(exchange)[0].id, now)
    with exchange.database.writing() as session:
        schedule.pause(session, session.get_one(Campaign, id_), now)
    fresh = Immediate()
    with exchange.database.writing() as session:
        schedule.resume(session, fresh, session.get_one(Campaign, id_), now)
    assert fresh.waiting == [("dispatch", world.channel)]


def test_two_clocks_at_once_fire_each_due_time_once(exchange: Exchange, world: World, now: datetime) -> None:
    for minute in range(5):
        plan(exchange, world, now, now + minute * MINUTE)
    barrier = threading.Barrier(2)
    fired: list[int] = []

    def tick() -> None:
        barrier.wait()
        fired.append(firing.fire_due(exchange, now + 5 * MINUTE))

    clocks = [threading.Thread(target=tick) for _ in range(2)]
    for clock in clocks:
        clock.start()
    for clock in clocks:
        clock.join(30)
    firing.fire_due(exchange, now + 5 * MINUTE)
    assert sum(fired) == 5
    assert len(made(exchange)) == len(occurrences(exchange)) == 5


def test_a_paused_campaign_fires_nothing_and_catches_up_by_its_policy(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = plan(exchange, world, now, now, repeat=Repeat.WEEKLY)
    firing.fire_due(exchange, now)
    with exchange.database.writing() as session:
        schedule.pause(session, session.get_one(Campaign, id_), now)
    assert made(exchange)[0].state is BroadcastState.PAUSED
    assert firing.fire_due(exchange, now + WEEK) == 0
    with exchange.database.writing() as session:
        campaign = session.get_one(Campaign, id_)
        with pytest.raises(CampaignError, match="not_running"):
            schedule.pause(session, campaign, now)
        schedule.resume(session, exchange.work, campaign, now + WEEK)
        with pytest.raises(CampaignError, match="not_paused"):
            schedule.resume(session, exchange.work, campaign, now + WEEK)
    assert made(exchange)[0].state is BroadcastState.RUNNING
    assert firing.fire_due(exchange, now + WEEK + 7 * HOUR) == 0
    assert occurrences(exchange)[-1] == (now + WEEK, OccurrenceState.SKIPPED)


def test_a_campaign_paused_before_its_first_sending_is_scheduled_again(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = plan(exchange, world, now, now + HOUR)
    with exchange.database.writing() as session:
        campaign = session.get_one(Campaign, id_)
        schedule.pause(session, campaign, now)
        schedule.resume(session, exchange.work, campaign, now)
        assert campaign.state is CampaignState.SCHEDULED


def test_a_cancelled_campaign_is_over_with_all_it_queued(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = plan(exchange, world, now, now, repeat=Repeat.WEEKLY)
    firing.fire_due(exchange, now)
    broadcasts.fan_out(exchange, made(exchange)[0].id, now)
    with exchange.database.writing() as session:
        campaign = session.get_one(Campaign, id_)
        schedule.cancel(session, campaign, now)
        with pytest.raises(CampaignError, match="ended"):
            schedule.cancel(session, campaign, now)
    assert firing.fire_due(exchange, now + WEEK) == 0
    assert made(exchange)[0].state is BroadcastState.CANCELLED
    with exchange.database.reading() as session:
        assert {row.state for row in session.scalars(select(Message))} == {MessageState.CANCELLED}


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        pytest.param((OccurrenceState.FIRED, BroadcastState.CANCELLED), CampaignState.CANCELLED, id="cancelled-too"),
        pytest.param((OccurrenceState.FIRED, BroadcastState.FINISHED), CampaignState.FINISHED, id="one-was-sent"),
        pytest.param((OccurrenceState.SKIPPED, None), CampaignState.FINISHED, id="one-may-still-be-sent"),
    ],
)
def test_a_campaign_is_cancelled_when_every_sending_of_it_was(
    exchange: Exchange,
    world: World,
    now: datetime,
    ends: tuple[OccurrenceState, BroadcastState | None],
    expected: CampaignState,
) -> None:
    id_ = plan(exchange, world, now, now, repeat=Repeat.WEEKLY, until=now + WEEK, catch_up=CatchUp.SKIP)
    for week in range(2):
        firing.fire_due(exchange, now + week * WEEK)
    with exchange.database.writing() as session:
        second, sending = session.scalars(select(Occurrence).order_by(Occurrence.due_at)).all()[-1], made(exchange)[-1]
        session.get_one(Broadcast, made(exchange)[0].id).state = BroadcastState.CANCELLED
        second.state, state = ends
        second.broadcast_id = sending.id if state else None
        session.get_one(Broadcast, sending.id).state = state or BroadcastState.CANCELLED
    broadcasts.finish(exchange, now + WEEK)
    assert campaign_of(exchange, id_).state is expected


def test_a_campaign_holds_and_ends_what_comes_back_in_a_finished_sending(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = plan(exchange, world, now, now, repeat=Repeat.WEEKLY)
    firing.fire_due(exchange, now)
    broadcasts.fan_out(exchange, made(exchange)[0].id, now)
    sending = made(exchange)[0].id
    with exchange.database.writing() as session:
        session.get_one(Broadcast, sending).state = BroadcastState.FINISHED
    with exchange.database.writing() as session:
        schedule.pause(session, session.get_one(Campaign, id_), now)
    assert made(exchange)[0].state is BroadcastState.PAUSED
    with exchange.database.writing() as session:
        schedule.resume(session, exchange.work, session.get_one(Campaign, id_), now)
        session.get_one(Broadcast, sending).state = BroadcastState.FINISHED
        session.flush()
        schedule.cancel(session, session.get_one(Campaign, id_), now)
    with exchange.database.reading() as session:
        assert {row.state for row in session.scalars(select(Message))} == {MessageState.CANCELLED}


def test_send_now_gives_up_the_rest_of_the_window(exchange: Exchange, world: World, now: datetime) -> None:
    plan(exchange, world, now, now)
    firing.fire_due(exchange, now)
    broadcasts.fan_out(exchange, made(exchange)[0].id, now)
    soon = now + MINUTE
    with exchange.database.writing() as session:
        broadcast = session.scalars(select(Broadcast)).one()
        schedule.send_now(session, exchange.work, broadcast, soon)
        with pytest.raises(CampaignError, match="not_planned"):
            schedule.send_now(session, exchange.work, broadcast, soon)
    assert (made(exchange)[0].state, made(exchange)[0].not_before) == (BroadcastState.RUNNING, soon)
    assert ("dispatch", world.channel) in exchange.work.waiting  # type: ignore[attr-defined]  # Immediate's own
    with exchange.database.reading() as session:
        assert {row.not_before for row in session.scalars(select(Message))} == {soon}


def test_a_campaign_is_scheduled_from_a_draft_with_a_date_to_come(exchange: Exchange, world: World, now: datetime) -> None:
    with pytest.raises(CampaignError, match="past_date"):
        plan(exchange, world, now, now - MINUTE)
    with pytest.raises(CampaignError, match="past_date"):
        plan(exchange, world, now, None)
    id_ = plan(exchange, world, now, now + HOUR)
    with exchange.database.writing() as session:
        campaign = session.get_one(Campaign, id_)
        with pytest.raises(CampaignError, match="not_a_draft"):
            schedule.schedule(session, campaign, now, exchange.settings)
        schedule.unschedule(session, campaign)
        assert (campaign.state, campaign.events[0].next_due) == (CampaignState.DRAFT, None)
        with pytest.raises(CampaignError, match="not_scheduled"):
            schedule.unschedule(session, campaign)
        empty = Campaign(name="Vide", created_at=now, state=CampaignState.DRAFT)
        session.add(empty)
        session.flush()
        with pytest.raises(CampaignError, match="no_event"):
            schedule.schedule(session, empty, now, exchange.settings)


def test_a_series_waits_for_its_enrolments(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        installation(session).series = True
    plan(exchange, world, now, None, repeat=Repeat.STAGE, months_after=6)
    assert firing.fire_due(exchange, now + WEEK) == 0


def test_a_campaign_of_several_contents_names_each_sending_by_its_content(
    exchange: Exchange, world: World, now: datetime
) -> None:
    id_ = plan(exchange, world, now, now)
    with exchange.database.writing() as session:
        session.add(CampaignEvent(campaign_id=id_, content_id=world.contents["premier-lait"], starts_at=now, next_due=now))
    assert firing.fire_due(exchange, now) == 2
    assert [row.title for row in made(exchange)] == ["eau-propre", "premier-lait"]


def test_a_large_campaign_needs_a_second_person_who_is_not_its_author(exchange: Exchange, world: World, now: datetime) -> None:
    strict = exchange.settings.model_copy(update={"second_approval_above": 2})
    with exchange.database.writing() as session:
        campaign = Campaign(name="Tous", audience={}, route=Route.SMS, created_at=now, created_by=world.staff["fanta"])
        session.add(campaign)
        session.flush()
        session.add(CampaignEvent(campaign_id=campaign.id, content_id=world.contents["eau-propre"], starts_at=now))
        session.flush()
        session.refresh(campaign)
        with pytest.raises(CampaignError, match="second_person"):
            schedule.schedule(session, campaign, now, strict)
        with pytest.raises(CampaignError, match="own_campaign"):
            schedule.confirm(campaign, world.staff["fanta"])
        schedule.confirm(campaign, world.staff["aissata"])
        schedule.schedule(session, campaign, now, strict)
        assert campaign.state is CampaignState.SCHEDULED


def test_a_campaign_paused_while_its_event_was_found_is_left_alone(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = plan(exchange, world, now, now)
    with exchange.database.writing() as session:
        schedule.pause(session, session.get_one(Campaign, id_), now)
        event_id = session.scalars(select(CampaignEvent.id)).one()
    assert firing._fire(exchange, event_id, now) == 0
    assert made(exchange) == []
