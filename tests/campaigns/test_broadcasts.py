"""Everybody in an audience has a row that says what became of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from campaigns import accounts, broadcasts
from campaigns.accounts import CALLS, MESSAGES, Account
from campaigns.filters import Filter
from campaigns.models import Campaign, CampaignEvent, CampaignState, Occurrence, OccurrenceState, Recipient
from clubs.models import Club, Member
from messaging import contacts
from messaging.broadcasts import cancel
from messaging.exchange import Exchange
from messaging.models import (
    Broadcast,
    BroadcastState,
    Call,
    CallState,
    Channel,
    Consent,
    Contact,
    Message,
    MessageState,
    Purpose,
    Route,
)
from runtime.database import Database
from runtime.work import Immediate
from tests.world import World
from translations.models import Clip, Variant, VariantState

EVERYBODY = Filter(one_phone_per_club=False)
SENT = {"awa", "kadia", "moussa", "binta", "sory", "oumar", "fatou"}


def broadcast(
    exchange: Exchange,
    world: World,
    now: datetime,
    wanted: Filter = EVERYBODY,
    route: Route = Route.SMS,
    content: str = "eau-propre",
) -> int:
    with exchange.database.writing() as session:
        row = Broadcast(
            title="Eau propre",
            content_id=world.contents[content],
            route=route,
            audience=wanted.to_json(),
            state=BroadcastState.PLANNED,
            due_at=now,
            not_before=now + timedelta(minutes=10),
            expires_at=now + timedelta(hours=24),
            created_at=now,
        )
        session.add(row)
        session.flush()
        return row.id


def rows(exchange: Exchange, world: World) -> dict[str, Recipient]:
    names = {id_: name for name, id_ in world.members.items()}
    with exchange.database.reading() as session:
        return {names[row.member_id]: row for row in session.scalars(select(Recipient))}


def account(exchange: Exchange, id_: int) -> Account:
    with exchange.database.reading() as session:
        return accounts.account(session, id_)


def recorded(exchange: Exchange, world: World, now: datetime, key: str = "eau-propre") -> None:
    """Give a message its approved sound."""
    with exchange.database.writing() as session:
        clip = Clip(
            variant_id=world.variants[key],
            sha256="a" * 64,
            media_type="audio/wav",
            bytes=1,
            seconds=20.0,
            core_end_s=12.0,
            uploaded_at=now,
            approved_by=world.staff["aissata"],
            approved_at=now,
        )
        session.add(clip)


def test_every_member_is_reached_or_said_why_not(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = broadcast(exchange, world, now)
    assert broadcasts.fan_out(exchange, id_, now) == 8
    found = rows(exchange, world)
    assert {name for name, row in found.items() if row.message_id} == SENT
    assert found["hawa"].skipped == "no_phone"
    assert {row.language for name, row in found.items() if name in SENT} == {"fr"}
    assert account(exchange, id_) == Account(planned=8, pending=7, skipped={"no_phone": 1})
    with exchange.database.reading() as session:
        row = session.get_one(Broadcast, id_)
        assert (row.cursor, row.fanned_out_at, row.planned_count) == (-1, now, 8)
        messages = list(session.scalars(select(Message)))
        assert row.estimated_cost == sum(message.price for message in messages) == 6 * 15
        assert {message.not_before for message in messages} == {row.not_before}
    assert ("dispatch", world.channel) in exchange.work.waiting  # type: ignore[attr-defined]  # Immediate's own


def test_awa_and_her_sister_get_one_message_on_their_phone(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.execute(update(Member).where(Member.id == world.members["kadia"]).values(language="bm"))
    broadcasts.fan_out(exchange, broadcast(exchange, world, now), now, batch=1)
    found = rows(exchange, world)
    assert found["awa"].message_id == found["kadia"].message_id
    assert found["kadia"].language == found["awa"].language


def test_a_second_run_changes_nothing(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = broadcast(exchange, world, now)
    broadcasts.fan_out(exchange, id_, now)
    before = {name: row.id for name, row in rows(exchange, world).items()}
    assert broadcasts.fan_out(exchange, id_, now) == 0
    assert broadcasts.continue_all(exchange, now) == 0, "it is over"
    assert {name: row.id for name, row in rows(exchange, world).items()} == before


class Killed(Exception):
    pass


class Dying(Database):
    """A database whose process dies in its `at`-th writing transaction, before the commit."""

    at = 0

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with super().writing() as session:
            yield session
            self.at -= 1
            if self.at == 0:
                raise Killed


@pytest.mark.parametrize("at", [pytest.param(n, id=f"batch-{n}") for n in range(1, 5)])
def test_killed_anywhere_it_goes_on_and_doubles_nothing(exchange: Exchange, world: World, now: datetime, at: int) -> None:
    id_ = broadcast(exchange, world, now)
    dying = Dying(exchange.settings.database_url)
    dying.at = at
    with pytest.raises(Killed):
        broadcasts.fan_out(Exchange(exchange.settings, dying, {}, exchange.work), id_, now, batch=3)
    dying.close()
    assert len(rows(exchange, world)) == (at - 1) * 3 if at < 4 else 8
    fresh = Immediate()
    assert broadcasts.continue_all(Exchange(exchange.settings, exchange.database, {}, fresh), now) == 1
    assert fresh.waiting == [("fan_out", id_)], "by a worker: the clock itself must not wait"
    assert broadcasts.fan_out(exchange, id_, now) == 8 - min(8, (at - 1) * 3)
    assert account(exchange, id_).planned == 8
    with exchange.database.reading() as session:
        assert len(list(session.scalars(select(Message)))) == 6


@pytest.mark.parametrize(
    ("reason", "names"),
    [
        pytest.param("stopped", {"awa", "kadia"}, id="stopped"),
        pytest.param("no_consent", {"awa", "kadia"}, id="no-consent"),
        pytest.param("no_variant", SENT, id="no-variant"),
        pytest.param("no_channel", SENT, id="no-channel"),
        pytest.param("paused", {"awa", "kadia", "moussa", "binta"}, id="paused"),
    ],
)
def test_nobody_is_skipped_in_silence(exchange: Exchange, world: World, now: datetime, reason: str, names: set[str]) -> None:
    with exchange.database.writing() as session:
        if reason == "stopped":
            contacts.stop(session, session.get_one(Contact, world.contacts["awa"]), now, "sms")
        elif reason == "no_consent":
            session.execute(delete(Consent).where(Consent.contact_id == world.contacts["awa"], Consent.purpose == Purpose.PUSH))
        elif reason == "no_variant":
            session.execute(update(Variant).values(state=VariantState.OUTDATED))
        elif reason == "no_channel":
            session.execute(update(Channel).values(kinds=["voice"]))
        else:
            session.execute(update(Club).where(Club.code == "1032").values(paused_until=now.date()))
    id_ = broadcast(exchange, world, now)
    broadcasts.fan_out(exchange, id_, now)
    found = rows(exchange, world)
    assert {name for name, row in found.items() if row.skipped == reason} == names
    assert account(exchange, id_).balanced


def test_each_gets_her_own_way_and_awa_may_get_both(exchange: Exchange, world: World, now: datetime) -> None:
    recorded(exchange, world, now)
    with exchange.database.writing() as session:
        session.execute(update(Member).where(Member.id == world.members["kadia"]).values(preferred="voice"))
    id_ = broadcast(exchange, world, now, route=Route.OWN)
    broadcasts.fan_out(exchange, id_, now)
    found = rows(exchange, world)
    assert found["awa"].message_id is not None
    assert found["kadia"].call_id is not None
    assert found["binta"].call_id is not None
    assert ("dial", world.channel) in exchange.work.waiting  # type: ignore[attr-defined]  # Immediate's own


def test_two_sisters_hear_one_call(exchange: Exchange, world: World, now: datetime) -> None:
    recorded(exchange, world, now)
    broadcasts.fan_out(exchange, broadcast(exchange, world, now, route=Route.VOICE), now)
    found = rows(exchange, world)
    assert found["awa"].call_id == found["kadia"].call_id is not None


def test_without_sound_nobody_is_called(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = broadcast(exchange, world, now, route=Route.VOICE)
    broadcasts.fan_out(exchange, id_, now)
    assert account(exchange, id_).skipped == {"no_phone": 1, "no_variant": 7}


def test_a_question_carries_its_options(exchange: Exchange, world: World, now: datetime) -> None:
    broadcasts.fan_out(exchange, broadcast(exchange, world, now, content="quiz-repas"), now)
    with exchange.database.reading() as session:
        assert {row.text for row in session.scalars(select(Message))} == {
            "Enceinte, faut-il manger un repas de plus? 1 oui 2 non"
        }


def test_what_was_cancelled_in_the_middle_accounts_for_the_rest(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = broadcast(exchange, world, now)
    dying = Dying(exchange.settings.database_url)
    dying.at = 2
    with pytest.raises(Killed):
        broadcasts.fan_out(Exchange(exchange.settings, dying, {}, exchange.work), id_, now, batch=3)
    dying.close()
    with exchange.database.writing() as session:
        cancel(session, session.get_one(Broadcast, id_), now)
    broadcasts.fan_out(exchange, id_, now)
    assert account(exchange, id_) == Account(planned=8, skipped={"cancelled": 7, "no_phone": 1})


def test_a_planned_broadcast_runs_when_its_window_is_over(exchange: Exchange, world: World, now: datetime) -> None:
    recorded(exchange, world, now)
    id_ = broadcast(exchange, world, now, route=Route.OWN)
    broadcasts.fan_out(exchange, id_, now)
    fresh = Immediate()
    started = Exchange(exchange.settings, exchange.database, {}, fresh)
    assert broadcasts.start_due(started, now) == 0
    assert broadcasts.start_due(started, now + timedelta(minutes=10)) == 1
    assert set(fresh.waiting) == {("dispatch", world.channel), ("dial", world.channel)}
    with exchange.database.reading() as session:
        assert session.get_one(Broadcast, id_).state is BroadcastState.RUNNING


def test_a_finished_broadcast_is_not_fanned_out(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = broadcast(exchange, world, now)
    with exchange.database.writing() as session:
        session.get_one(Broadcast, id_).state = BroadcastState.FINISHED
    assert broadcasts.fan_out(exchange, id_, now) == 0


def test_the_last_sending_closes_its_campaign(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = broadcast(exchange, world, now)
    broadcasts.fan_out(exchange, id_, now)
    with exchange.database.writing() as session:
        campaign = Campaign(name="Eau", created_at=now, state=CampaignState.RUNNING)
        session.add(campaign)
        session.flush()
        event = CampaignEvent(campaign_id=campaign.id, content_id=world.contents["eau-propre"], starts_at=now)
        session.add(event)
        session.flush()
        session.add(Occurrence(event_id=event.id, due_at=now, fired_at=now, state=OccurrenceState.FIRED, broadcast_id=id_))
        session.get_one(Broadcast, id_).state = BroadcastState.RUNNING

    def finish() -> tuple[int, CampaignState]:
        done = broadcasts.finish(exchange, now)
        with exchange.database.reading() as session:
            return done, session.get_one(Campaign, campaign.id).state

    assert finish() == (0, CampaignState.RUNNING)
    with exchange.database.writing() as session:
        session.execute(update(Message).values(state=MessageState.DELIVERED))
    assert finish() == (1, CampaignState.FINISHED)


def test_every_state_stands_in_one_line_of_the_account() -> None:
    assert set(MESSAGES) == set(MessageState) - {MessageState.RECEIVED, MessageState.HANDLED}
    assert set(CALLS) == set(CallState)


def test_an_account_tells_delivered_from_sent_and_names_reasons(exchange: Exchange, world: World, now: datetime) -> None:
    recorded(exchange, world, now)
    id_ = broadcast(exchange, world, now, route=Route.OWN)
    broadcasts.fan_out(exchange, id_, now)
    with exchange.database.writing() as session:
        by_contact = {row.contact_id: row for row in session.scalars(select(Message))}
        by_contact[world.contacts["awa"]].state = MessageState.DELIVERED
        by_contact[world.contacts["moussa"]].state = MessageState.WIRED
        by_contact[world.contacts["sory"]].state = MessageState.UNKNOWN
        failed = by_contact[world.contacts["oumar"]]
        failed.state, failed.error_code = MessageState.FAILED, "dead_number"
        gone = by_contact[world.contacts["fatou"]]
        gone.state, gone.reason = MessageState.SUPPRESSED, "stopped"
        session.execute(update(Call).values(state=CallState.BUSY, retry=True))
    found = account(exchange, id_)
    assert found == Account(
        planned=8,
        sent=3,
        delivered=2,
        skipped={"no_phone": 1, "stopped": 1},
        failed=1,
        pending=1,
        unknown=1,
        failures={"dead_number": 1},
    )
    with exchange.database.writing() as session:
        session.execute(update(Call).values(retry=False))
    assert account(exchange, id_).failures == {"busy": 1, "dead_number": 1}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_account_balances_whatever_became_of_each(
    exchange: Exchange, world: World, now: datetime, data: st.DataObject
) -> None:
    with exchange.database.reading() as session:
        done = session.scalar(select(Broadcast.id))
    if done is None:
        recorded(exchange, world, now)
        done = broadcast(exchange, world, now, route=Route.OWN)
        broadcasts.fan_out(exchange, done, now)
    with exchange.database.writing() as session:
        for message in session.scalars(select(Message)):
            message.state = data.draw(st.sampled_from(sorted(MESSAGES)))
        for call in session.scalars(select(Call)):
            call.state = data.draw(st.sampled_from(sorted(CALLS)))
            call.retry = data.draw(st.booleans())
    found = account(exchange, done)
    assert found.planned == 8
    assert found.balanced
    assert found.delivered <= found.sent
