"""Two processes answer the steps of one call: what was approved, taken back or stopped a moment ago holds at the next step."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, event, select

from messaging import channels
from messaging.exchange import Exchange
from messaging.models import Broadcast, BroadcastState, Call, Channel, ChannelState, Contact, Kind
from messaging.queue import queue_call
from runtime.database import Database
from runtime.installation import advance
from runtime.settings import Settings
from runtime.work import Immediate
from tests.calls import NOW, Line, clip, prompt, sending, words
from tests.world import World
from translations.models import Clip, Variant, VariantState
from wsgi import create_app

MOST_STATEMENTS = 9  # of one step that only repeats a menu, the two transactions' own apart


@pytest.fixture
def other(client: FlaskClient, settings: Settings, database_url: str) -> Iterator[FlaskClient]:
    """A browser of a second process on the same database: it shares nothing with the first but the rows."""
    database = Database(database_url)
    yield create_app(settings, database=database, work=Immediate()).test_client()
    database.close()


@pytest.fixture
def line(exchange: Exchange, client: FlaskClient, world: World) -> Line:
    """Awa in a pushed call, its menu spoken by an approved clip, just answered by the first process."""
    for label in ("who", "menu_out", "goodbye", "stop_sure", "stop_done"):
        menu = prompt(exchange, world, label, f"<{label}>")
        if label == "menu_out":
            clip(exchange, world, menu, "c")
    found = Line(exchange, client, world, sending(exchange, world, "eau-propre"))
    assert words(found.answer())[-1] == "menu_out"
    return found


def menu(database: Database) -> Clip:
    with database.reading() as session:
        return session.scalars(select(Clip).where(Clip.sha256 == "c" * 64)).one()


def test_a_clip_taken_back_is_not_played_at_the_next_step_and_an_approved_one_is(line: Line, other: FlaskClient) -> None:
    first, database = line.client, line.exchange.database
    for client in (other, first):
        with database.writing() as session:
            session.get_one(Clip, menu(database).id).approved_at = None
        line.client = client
        assert line.key("1")[-1:] == ["<menu_out>"], "only the words of a draft are left"
        with database.writing() as session:
            session.get_one(Clip, menu(database).id).approved_at = NOW
        line.client = first if client is other else other
        assert line.key("1")[-1:] == ["menu_out"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"state": VariantState.OUTDATED}, [], id="outdated"),
        pytest.param({"valid_until": NOW}, [], id="no longer valid"),
        pytest.param({"machine_written": True}, [], id="written by a machine"),
        pytest.param({"spoken": "autrement"}, ["menu_out"], id="other words, the same sound"),
    ],
)
def test_words_changed_between_two_steps_count_at_the_second(
    line: Line, other: FlaskClient, change: dict[str, object], said: list[str]
) -> None:
    database = line.exchange.database
    with database.writing() as session:
        variant = session.get_one(Variant, menu(database).variant_id)
        for name, value in change.items():
            setattr(variant, name, value)
    line.client = other
    heard = line.key("")
    assert ("menu_out" in heard) is bool(said)


def test_a_new_recording_is_heard_by_who_is_already_in_the_call(line: Line, other: FlaskClient) -> None:
    database = line.exchange.database
    with database.writing() as session:
        variant = menu(database).variant_id
        session.add(
            Clip(
                variant_id=variant,
                version=2,
                sha256="d" * 64,
                media_type="audio/wav",
                bytes=1,
                seconds=9.0,
                uploaded_at=NOW,
                approved_by=line.world.staff["aissata"],
                approved_at=NOW,
            )
        )
    line.client = other
    answer = line.post(event="turn", digits="", turn="1")
    assert "d" * 64 in str(answer)
    assert "c" * 64 not in str(answer)


def test_the_other_process_repeats_a_step_with_the_stored_answer(line: Line, other: FlaskClient) -> None:
    said = line.press("*", 1)
    with line.exchange.database.writing() as session:
        session.execute(delete(Clip))
    line.client = other
    assert line.press("*", 1) == said
    assert line.press("9", 1) == said, "another key at a turn that is over changes nothing"
    assert line.row.turn == 2


def test_the_other_process_goes_on_with_the_flow_of_the_call(line: Line, other: FlaskClient) -> None:
    line.client = other
    assert line.key("9") == ["<stop_sure>"]
    assert line.key("1") == ["<stop_done>"]


def test_a_stop_by_sms_at_one_process_holds_for_the_calls_of_the_other(line: Line, other: FlaskClient) -> None:
    exchange, world = line.exchange, line.world
    sending_id = sending(exchange, world, "premier-lait", BroadcastState.RUNNING)
    with exchange.database.writing() as session:
        variant = session.get_one(Variant, world.variants["premier-lait"])
        channel, broadcast = session.get_one(Channel, world.channel), session.get_one(Broadcast, sending_id)
        queue_call(session, broadcast, session.get_one(Contact, world.contacts["awa"]), variant, NOW, channel, Kind.PUSH)
    form = {"id": "stop-1", "from": world.numbers["awa"], "to": "36085", "text": "STOP"}
    assert other.post(f"/hooks/{world.token}/sms", data=form).status_code == 200
    with exchange.database.reading() as session:
        waiting = session.scalars(select(Call).where(Call.broadcast_id == sending_id)).one()
    assert waiting.state.value == "suppressed"
    assert line.key("*") == ["menu_out"], "the call in the hand goes on to its end"


@pytest.mark.parametrize("happened", ["turn", "a word nobody knows"])
@pytest.mark.parametrize("how", ["removed", "rotated"])
def test_an_address_taken_away_is_refused_at_the_next_step(line: Line, other: FlaskClient, how: str, happened: str) -> None:
    with line.exchange.database.writing() as session:
        channel = session.get_one(Channel, line.world.channel)
        if how == "removed":
            channel.state = ChannelState.REMOVED
        else:
            channels.rotate_token(channel, NOW)
            channel.old_token_until = NOW
    form = {
        "id": f"sim-{line.id}",
        "ref": f"attempt-{line.id}",
        "phone": line.world.numbers["awa"],
        "event": happened,
        "turn": "1",
    }
    for client in (line.client, other):
        assert client.post(f"/hooks/{line.world.token}/call", data=form).status_code == 403


def test_a_clock_that_was_moved_counts_at_the_next_step_of_a_channel_that_is_remembered(line: Line) -> None:
    line.key("*")
    before = line.row.heard_at
    with line.exchange.database.writing() as session:
        advance(session, timedelta(minutes=3))
    line.key("*")
    assert before is not None
    assert line.row.heard_at is not None
    assert timedelta(minutes=3) <= line.row.heard_at - before < timedelta(minutes=4)


def test_a_step_that_repeats_its_menu_asks_the_database_few_times(line: Line) -> None:
    line.key("*")
    asked: list[str] = []
    event.listen(line.exchange.database.engine, "before_cursor_execute", lambda _c, _u, statement, *_: asked.append(statement))
    line.key("*")
    assert len(asked) <= MOST_STATEMENTS, "\n".join(asked)
