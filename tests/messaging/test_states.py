"""The tables of allowed transitions, and that nothing goes round them."""

from datetime import datetime

import pytest
from sqlalchemy import select

from messaging.errors import ForbiddenMove
from messaging.exchange import Exchange
from messaging.models import Broadcast, BroadcastState, Call, CallState, Message, MessageState
from messaging.states import BROADCAST_MOVES, CALL_MOVES, MESSAGE_MOVES, move, move_all, sources
from tests.messaging.fakes import crowd
from tests.world import World

M, C = MessageState, CallState


@pytest.mark.parametrize(
    ("table", "states"),
    [
        pytest.param(MESSAGE_MOVES, MessageState, id="messages"),
        pytest.param(CALL_MOVES, CallState, id="calls"),
        pytest.param(BROADCAST_MOVES, BroadcastState, id="broadcasts"),
    ],
)
def test_every_state_has_its_line_in_the_table(table, states) -> None:  # type: ignore[no-untyped-def]
    assert set(table) == set(states)


@pytest.mark.parametrize("source", list(MessageState), ids=str)
@pytest.mark.parametrize("to", list(MessageState), ids=str)
def test_a_message_moves_only_where_its_table_allows(source: MessageState, to: MessageState, now: datetime) -> None:
    row = Message(id=1, state=source)
    if to in MESSAGE_MOVES[source]:
        move(row, to, now, "because")
        assert (row.state, row.reason) == (to, "because")
    else:
        with pytest.raises(ForbiddenMove):
            move(row, to, now)
        assert row.state is source


@pytest.mark.parametrize("source", list(CallState), ids=str)
@pytest.mark.parametrize("to", list(CallState), ids=str)
def test_a_call_moves_only_where_its_table_allows(source: CallState, to: CallState, now: datetime) -> None:
    row = Call(id=1, state=source)
    if to in CALL_MOVES[source]:
        move(row, to, now)
        assert row.state is to
    else:
        with pytest.raises(ForbiddenMove) as refused:
            move(row, to, now)
        assert (refused.value.source, refused.value.to) == (source, to)


def test_a_sent_message_never_goes_back_to_wired() -> None:
    assert M.WIRED not in MESSAGE_MOVES[M.SENT]
    assert M.SENT not in MESSAGE_MOVES[M.DELIVERED]
    assert MESSAGE_MOVES[M.DELIVERED] == frozenset()


def test_what_may_still_be_kept_back_is_what_stop_expiry_and_staff_reach() -> None:
    unclaimed = {M.SCHEDULED, M.QUEUED, M.HELD, M.ERRORED}
    assert set(sources(M.SUPPRESSED)) == set(sources(M.CANCELLED)) == set(sources(M.EXPIRED)) == unclaimed
    assert set(sources(C.SUPPRESSED)) == {C.QUEUED, C.BUSY, C.NO_ANSWER, C.MACHINE, C.ERRORED, C.DROPPED}


def test_leaving_sending_ends_the_lease_and_stamps_the_time(now: datetime) -> None:
    row = Message(id=1, state=M.SENDING, lease_until=1.0, lease_boot="b", lease_holder="h")
    move(row, M.WIRED, now)
    assert (row.lease_until, row.lease_boot, row.lease_holder) == (None, None, None)
    assert row.wired_at == now


def test_an_end_is_dated_and_a_return_from_it_is_not(now: datetime) -> None:
    row = Message(id=1, state=M.ERRORED)
    move(row, M.FAILED, now)
    assert row.ended_at == now
    call = Call(id=1, state=C.NO_ANSWER, ended_at=now)
    move(call, C.QUEUED, now)
    assert call.ended_at is None


def test_a_broadcast_that_was_cancelled_stays_cancelled(now: datetime) -> None:
    row = Broadcast(id=1, state=BroadcastState.CANCELLED)
    with pytest.raises(ForbiddenMove):
        move(row, BroadcastState.RUNNING, now)


def test_an_update_of_many_rows_spares_those_the_table_forbids(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        first, second = crowd(session, exchange, world, 2, now)
        move(session.get_one(Message, first), M.SENDING, now)
    with exchange.database.writing() as session:
        assert move_all(session, Message, M.CANCELLED, now, "cancelled") == 1
    with exchange.database.reading() as session:
        states = dict(session.execute(select(Message.id, Message.state)).all())
    assert states == {first: M.SENDING, second: M.CANCELLED}
