"""Delivery reports: in any order, as often as they like, before or after our own commit."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging import windows
from messaging.beats import apply_pending
from messaging.exchange import Exchange
from messaging.gateways.protocol import Cause, Outcome, OutgoingSms, Sent, StatusReport
from messaging.models import Attempt, Channel, ChannelLog, ChannelState, Message, MessageState, StatusUpdate
from messaging.receipts import apply
from messaging.settling import requeue_stale
from tests.messaging.fakes import Scripted, reply, send, wired, with_gateway
from tests.world import World

RANK = {"wired": 1, "sent": 2, "failed": 3, "delivered": 4}


def tell(exchange: Exchange, world: World, now: datetime, report: StatusReport, adopts: bool = False) -> bool:
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        return apply(session, channel, report, now, windows.of(exchange.settings), adopts)


def state(exchange: Exchange) -> MessageState:
    with exchange.database.reading() as session:
        return session.scalars(select(Message.state).order_by(Message.id)).first() or MessageState.HELD


def sent_to_awa(exchange: Exchange, world: World, now: datetime, gateway: Scripted | None = None) -> str:
    """One message on its way; the id of its attempt."""
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    send(with_gateway(exchange, gateway or Scripted()), world, now)
    with exchange.database.reading() as session:
        return session.scalars(select(Attempt.id)).one()


@pytest.mark.parametrize("order", list(permutations(["sent", "failed", "delivered"])), ids="-".join)
def test_the_highest_report_wins_in_every_order(order: tuple[str, ...], exchange: Exchange, world: World, now: datetime) -> None:
    attempt = sent_to_awa(exchange, world, now)
    for status in order:
        tell(exchange, world, now, StatusReport(attempt, status))
    assert state(exchange) is MessageState.DELIVERED


def test_a_late_failure_after_delivery_changes_nothing(exchange: Exchange, world: World, now: datetime) -> None:
    attempt = sent_to_awa(exchange, world, now)
    tell(exchange, world, now, StatusReport(attempt, "delivered"))
    tell(exchange, world, now, StatusReport(attempt, "failed"))
    assert state(exchange) is MessageState.DELIVERED


def test_a_report_under_the_providers_own_id_is_found(exchange: Exchange, world: World, now: datetime) -> None:
    attempt = sent_to_awa(exchange, world, now)
    tell(exchange, world, now, StatusReport(f"theirs-{attempt}", "delivered"))
    assert state(exchange) is MessageState.DELIVERED


def test_a_repeated_report_is_stored_once(exchange: Exchange, world: World, now: datetime) -> None:
    attempt = sent_to_awa(exchange, world, now)
    assert tell(exchange, world, now, StatusReport(attempt, "sent"))
    assert not tell(exchange, world, now, StatusReport(attempt, "sent"))
    with exchange.database.reading() as session:
        assert len(session.scalars(select(StatusUpdate.id)).all()) == 1


def test_a_report_that_comes_before_our_own_commit_is_applied_by_it(exchange: Exchange, world: World, now: datetime) -> None:
    def early(sms: OutgoingSms) -> Sent:
        assert tell(exchange, world, now, StatusReport(f"theirs-{sms.reference}", "delivered"))
        return wired(sms)

    sent_to_awa(exchange, world, now, Scripted(say=early))
    assert state(exchange) is MessageState.DELIVERED


def test_a_report_under_our_id_before_our_commit_leaves_only_the_providers_id_to_add(
    exchange: Exchange, world: World, now: datetime
) -> None:
    def early(sms: OutgoingSms) -> Sent:
        tell(exchange, world, now, StatusReport(sms.reference, "delivered"))
        return wired(sms)

    attempt = sent_to_awa(exchange, world, now, Scripted(say=early))
    with exchange.database.reading() as session:
        message = session.scalars(select(Message)).one()
    assert (message.state, message.external_id) == (MessageState.DELIVERED, f"theirs-{attempt}")


def test_a_report_about_nothing_we_know_waits_for_the_beat(exchange: Exchange, world: World, now: datetime) -> None:
    tell(exchange, world, now, StatusReport("theirs-later", "delivered"))
    assert apply_pending(exchange, now) == 0
    attempt = sent_to_awa(exchange, world, now)
    with exchange.database.writing() as session:
        session.get_one(Attempt, attempt).external_id = "theirs-later"
    assert apply_pending(exchange, now) == 1
    assert state(exchange) is MessageState.DELIVERED
    assert apply_pending(exchange, now) == 0


def test_a_failure_that_may_pass_is_tried_again_by_its_cause(exchange: Exchange, world: World, now: datetime) -> None:
    attempt = sent_to_awa(exchange, world, now)
    tell(exchange, world, now, StatusReport(attempt, "errored", cause=Cause.ABSENT))
    assert state(exchange) is MessageState.ERRORED


@pytest.mark.parametrize(
    ("cause", "after"),
    [
        pytest.param(Cause.SENDER, ChannelState.PAUSED, id="no SIM in the phone"),
        pytest.param(Cause.CREDIT, ChannelState.PAUSED, id="no credit"),
        pytest.param(Cause.ABSENT, ChannelState.ACTIVE, id="one handset away"),
        pytest.param(Cause.UNDELIVERED, ChannelState.ACTIVE, id="one message undelivered"),
    ],
)
def test_a_failure_that_needs_a_person_pauses_the_channel(
    cause: Cause, after: ChannelState, exchange: Exchange, world: World, now: datetime
) -> None:
    attempt = sent_to_awa(exchange, world, now)
    tell(exchange, world, now, StatusReport(attempt, "errored", cause=cause))
    with exchange.database.reading() as session:
        channel = session.get_one(Channel, world.channel)
        assert (channel.state, channel.paused_reason) == (after, cause.value if after is ChannelState.PAUSED else None)


def test_a_late_delivery_cancels_the_retry_nobody_has_claimed(exchange: Exchange, world: World, now: datetime) -> None:
    attempt = sent_to_awa(exchange, world, now)
    tell(exchange, world, now, StatusReport(attempt, "errored", cause=Cause.ABSENT))
    requeue_stale(exchange, now + timedelta(hours=4))
    assert state(exchange) is MessageState.QUEUED
    tell(exchange, world, now, StatusReport(attempt, "delivered"))
    assert state(exchange) is MessageState.DELIVERED
    gateway = Scripted()
    send(with_gateway(exchange, gateway), world, now + timedelta(hours=4))
    assert gateway.ledger == []


def test_the_failure_of_an_earlier_try_says_nothing_about_the_one_under_way(
    exchange: Exchange, world: World, now: datetime
) -> None:
    first = sent_to_awa(exchange, world, now, Scripted(say=lambda _: Sent(Outcome.ERRORED, cause=Cause.NO_CONNECTION)))
    later = now + timedelta(minutes=5)
    requeue_stale(exchange, later)
    send(with_gateway(exchange, Scripted()), world, later)
    tell(exchange, world, later, StatusReport(first, "failed", code="9"))
    assert state(exchange) is MessageState.WIRED


def test_evidence_settles_an_unknown(exchange: Exchange, world: World, now: datetime) -> None:
    attempt = sent_to_awa(exchange, world, now, Scripted(say=lambda _: Sent(Outcome.UNKNOWN)))
    tell(exchange, world, now, StatusReport(attempt, "sent"))
    assert state(exchange) is MessageState.SENT


def test_a_report_is_adopted_by_the_only_unknown_of_its_number(exchange: Exchange, world: World, now: datetime) -> None:
    sent_to_awa(exchange, world, now, Scripted(say=lambda _: Sent(Outcome.UNKNOWN)))
    report = StatusReport("strange", "delivered", number=world.numbers["awa"])
    assert tell(exchange, world, now, report, adopts=True)
    assert state(exchange) is MessageState.DELIVERED


@pytest.mark.parametrize("other", ["sory", "awa"], ids=["another number", "two unknowns of one number"])
def test_a_report_is_not_adopted_when_it_could_be_about_another(
    other: str, exchange: Exchange, world: World, now: datetime
) -> None:
    lost = with_gateway(exchange, Scripted(say=lambda _: Sent(Outcome.UNKNOWN)))
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
        if other == "awa":
            reply(session, exchange, world, "awa", now, "Encore.")
    send(lost, world, now)
    number = world.numbers["sory"] if other == "sory" else world.numbers["awa"]
    tell(exchange, world, now, StatusReport("strange", "delivered", number=number), adopts=True)
    assert state(exchange) is MessageState.UNKNOWN


def test_a_gateway_that_names_our_attempts_adopts_nothing(exchange: Exchange, world: World, now: datetime) -> None:
    sent_to_awa(exchange, world, now, Scripted(say=lambda _: Sent(Outcome.UNKNOWN)))
    tell(exchange, world, now, StatusReport("strange", "delivered", number=world.numbers["awa"]))
    assert state(exchange) is MessageState.UNKNOWN


def part(attempt: str, code: str, parts: int = 3, status: str = "delivered") -> StatusReport:
    return StatusReport(attempt, status, code=code, parts=parts)


def test_a_long_text_is_delivered_with_the_last_of_its_parts(exchange: Exchange, world: World, now: datetime) -> None:
    attempt = sent_to_awa(exchange, world, now)
    seen = []
    for code in ("e1", "e2", "e2", "e3"):
        tell(exchange, world, now, part(attempt, code))
        seen.append(state(exchange).value)
    assert seen == ["sent", "sent", "sent", "delivered"]


def test_parts_reported_before_our_commit_count_too(exchange: Exchange, world: World, now: datetime) -> None:
    def early(sms: OutgoingSms) -> Sent:
        tell(exchange, world, now, part(f"theirs-{sms.reference}", "e1", 2))
        tell(exchange, world, now, part(f"theirs-{sms.reference}", "e2", 2))
        return wired(sms)

    sent_to_awa(exchange, world, now, Scripted(say=early))
    assert state(exchange) is MessageState.DELIVERED


def test_one_part_delivered_does_not_undo_anothers_failure(exchange: Exchange, world: World, now: datetime) -> None:
    attempt = sent_to_awa(exchange, world, now)
    tell(exchange, world, now, part(attempt, "e1", 2, "failed"))
    tell(exchange, world, now, part(attempt, "e2", 2))
    assert state(exchange) is MessageState.FAILED


def test_one_part_delivered_settles_an_unknown_as_sent(exchange: Exchange, world: World, now: datetime) -> None:
    attempt = sent_to_awa(exchange, world, now, Scripted(say=lambda _: Sent(Outcome.UNKNOWN)))
    tell(exchange, world, now, part(attempt, "e1"))
    assert state(exchange) is MessageState.SENT


def test_the_parts_of_an_earlier_try_are_not_those_of_the_next(exchange: Exchange, world: World, now: datetime) -> None:
    first = sent_to_awa(exchange, world, now, Scripted(say=lambda _: Sent(Outcome.ERRORED, cause=Cause.NO_CONNECTION)))
    later = now + timedelta(minutes=5)
    requeue_stale(exchange, later)
    send(with_gateway(exchange, Scripted()), world, later)
    with exchange.database.reading() as session:
        second = session.scalars(select(Attempt.id).where(Attempt.number == 2)).one()
    tell(exchange, world, later, part(first, "e1", 2))
    tell(exchange, world, later, part(second, "e2", 2))
    assert state(exchange) is MessageState.SENT


def test_another_channels_report_does_not_touch_our_attempt(exchange: Exchange, world: World, now: datetime) -> None:
    attempt = sent_to_awa(exchange, world, now)
    with exchange.database.writing() as session:
        other = Channel(name="b", gateway="simulator", number="1", token="t2", token_index=b"2" * 32, created_at=now)
        session.add(other)
        session.flush()
        apply(session, other, StatusReport(attempt, "delivered"), now, windows.of(exchange.settings))
    assert state(exchange) is MessageState.WIRED


def _clear(session: Session) -> None:
    for model in (StatusUpdate, Attempt, ChannelLog):
        session.query(model).delete()
    session.execute(Message.__table__.delete())  # type: ignore[attr-defined]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reports=st.lists(st.sampled_from(["sent", "failed", "delivered"]), max_size=6), early=st.integers(0, 6))
def test_any_reports_in_any_order_end_at_the_highest_rank(
    reports: list[str], early: int, exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        _clear(session)

    def say(sms: OutgoingSms) -> Sent:
        for status in reports[:early]:
            tell(exchange, world, now, StatusReport(f"theirs-{sms.reference}", status))
        return wired(sms)

    attempt = sent_to_awa(exchange, world, now, Scripted(say=say))
    for status in reports[early:]:
        tell(exchange, world, now, StatusReport(attempt, status))
    highest = max(["wired", *reports], key=lambda status: RANK[status])
    assert state(exchange).value == highest
