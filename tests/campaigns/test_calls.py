"""A call from its first request to its end, through the webhook: what is said, what keys change, what a replay gets."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from campaigns.models import Answer, FlowSession
from messaging.exchange import Exchange
from messaging.models import (
    BroadcastState,
    Call,
    CallEvent,
    CallState,
    Contact,
    ContactState,
)
from tests.calls import NOW, Line, clip, last_step, prompt, sending, words
from tests.world import World
from translations.models import Variant, VariantState

CORE = "Lavez vos mains au savon avant de donner à manger au bébé."
QUESTION = "Enceinte, faut-il manger un repas de plus?"


@pytest.fixture
def prompts(exchange: Exchange, world: World) -> None:
    for label in (
        "who",
        "menu_out",
        "menu_main",
        "stop_sure",
        "stop_done",
        "goodbye",
        "quiz_intro",
        "quiz_right",
        "quiz_wrong",
        "no_content",
    ):
        prompt(exchange, world, label, f"<{label}>")


def test_a_pushed_call_says_its_core_before_anything_is_asked(
    exchange: Exchange, client: FlaskClient, world: World, prompts: None
) -> None:
    line = Line(exchange, client, world, sending(exchange, world, "eau-propre"))
    answer = line.answer()
    assert words(answer) == ["<who>", CORE, "<menu_out>"]
    assert last_step(answer) == "gather"
    assert answer["turn"] == 1
    assert (line.row.state, line.row.turn) == (CallState.ANSWERED, 1)


def test_a_replayed_step_gets_the_stored_answer_and_advances_nothing(
    exchange: Exchange, client: FlaskClient, world: World, prompts: None
) -> None:
    line = Line(exchange, client, world, sending(exchange, world, "eau-propre"))
    first = line.answer()
    assert line.answer() == first
    second = line.press("2", 1)
    assert line.press("2", 1) == second
    assert line.press("1", 7) == second
    assert line.row.turn == 2


def test_the_quiz_by_key_reaches_the_same_records_as_by_sms(
    exchange: Exchange, client: FlaskClient, world: World, prompts: None
) -> None:
    broadcast = sending(exchange, world, "eau-propre")
    line = Line(exchange, client, world, broadcast)
    line.answer()
    assert words(line.press("2", 1)) == ["<quiz_intro>", QUESTION]
    told = line.press("1", 2)
    assert words(told) == ["<quiz_right>", "Oui: un petit repas de plus chaque jour aide la mère et le bébé.", "<goodbye>"]
    assert last_step(told) == "hangup"
    with exchange.database.reading() as session:
        answer = session.scalars(select(Answer)).one()
        assert (answer.key, answer.right, answer.scored, answer.phase) == (1, True, True, "after")
        assert (answer.call_id, answer.turn, answer.broadcast_id, answer.language) == (line.id, 2, broadcast, "fr")
        assert session.scalars(select(FlowSession)).one().closed_at == NOW
        assert session.scalars(select(CallEvent).where(CallEvent.kind == "answer")).one().details["key"] == "1"


def test_a_question_that_is_the_message_is_put_at_once(
    exchange: Exchange, client: FlaskClient, world: World, prompts: None
) -> None:
    line = Line(exchange, client, world, sending(exchange, world, "quiz-repas"))
    assert words(line.answer()) == ["<who>", "<quiz_intro>", QUESTION]
    assert words(line.press("9", 1)) == ["<stop_sure>"]


def test_nine_then_one_stops_everything(exchange: Exchange, client: FlaskClient, world: World, prompts: None) -> None:
    line = Line(exchange, client, world, sending(exchange, world, "eau-propre"))
    line.answer()
    assert words(line.press("9", 1)) == ["<stop_sure>"]
    assert words(line.press("1", 2)) == ["<stop_done>"]
    with exchange.database.reading() as session:
        assert session.get_one(Contact, world.contacts["awa"]).state is ContactState.STOPPED


def test_silence_is_asked_again_then_thanked(exchange: Exchange, client: FlaskClient, world: World, prompts: None) -> None:
    line = Line(exchange, client, world, sending(exchange, world, "eau-propre"))
    line.answer()
    for turn in (1, 2):
        assert words(line.press("", turn)) == ["<menu_out>"]
    assert words(line.press("", 3)) == ["<goodbye>"]


def test_what_gives_up_in_the_middle_of_a_quiz_is_logged_and_ends(
    exchange: Exchange, client: FlaskClient, world: World, prompts: None
) -> None:
    line = Line(exchange, client, world, sending(exchange, world, "eau-propre"))
    line.answer()
    line.press("2", 1)
    for turn in (2, 3, 4):
        answer = line.press("7", turn)
    assert last_step(answer) == "hangup"
    with exchange.database.writing() as session:
        session.execute(update(FlowSession).values(state=None))
    assert last_step(line.press("1", 5)) == "hangup"  # nothing to take up: a polite end
    with exchange.database.reading() as session:
        assert {"draft_kept", "lost"} <= set(session.scalars(select(CallEvent.kind)))


def test_a_clip_is_played_from_its_hash_with_the_end_of_its_core(
    exchange: Exchange, client: FlaskClient, world: World, prompts: None
) -> None:
    clip(exchange, world, world.variants["eau-propre"], "a", core=12.0)
    clip(exchange, world, prompt(exchange, world, "jingle", None), "b")
    clip(exchange, world, prompt(exchange, world, "menu_out_more", None), "c")
    line = Line(exchange, client, world, sending(exchange, world, "eau-propre"))
    answer = line.answer()
    assert words(answer) == ["jingle", "<who>", f"content:{world.contents['eau-propre']}", "<menu_out>", "menu_out_more"]
    steps = answer["steps"]
    assert isinstance(steps, list)
    played = [shown["clips"][0] for shown in steps[0]["prompts"] if shown["do"] == "play"]
    base = exchange.settings.base_url
    assert played[1] == {
        "url": f"{base}/hooks/sounds/{'a' * 64}.wav",
        "seconds": 20.0,
        "core_end_s": 12.0,
        "label": f"content:{world.contents['eau-propre']}",
    }
    assert line.row.core_end_s == 12.0


def test_whoever_changes_language_hears_the_message_in_it(
    exchange: Exchange, client: FlaskClient, world: World, prompts: None
) -> None:
    with exchange.database.writing() as session:
        bambara = Variant(
            content_id=world.contents["eau-propre"],
            language="bm",
            state=VariantState.APPROVED,
            options=[],
            written_at=NOW,
            approved_at=NOW,
        )
        session.add(bambara)
        session.flush()
        oral = bambara.id
    clip(exchange, world, oral, "d", core=9.0)
    clip(exchange, world, prompt(exchange, world, "lang_choose", None, "bm"), "e")
    prompt(exchange, world, "lang_choose", "<en français>")
    line = Line(exchange, client, world, sending(exchange, world, "eau-propre"))
    line.answer()
    assert words(line.press("*", 1)) == ["<en français>", "lang_choose"]
    assert words(line.press("2", 2))[0] == f"content:{world.contents['eau-propre']}"
    with exchange.database.reading() as session:
        assert session.get_one(Contact, world.contacts["awa"]).language == "bm"
    assert line.row.language == "bm"


def test_a_bip_called_back_offers_the_latest_message_and_its_quiz(
    exchange: Exchange, client: FlaskClient, world: World, prompts: None
) -> None:
    for label in ("latest", "to_choose", "option_latest", "option_quiz", "option_stop", "option_repeat", "press", "digit_1"):
        prompt(exchange, world, label, f"<{label}>")
    sending(exchange, world, "premier-lait", BroadcastState.CANCELLED)
    sending(exchange, world, "eau-propre", BroadcastState.FINISHED)
    line = Line(exchange, client, world)
    assert words(line.answer())[:5] == ["<who>", "<menu_main>", "<to_choose>", "<option_latest>", "<press>"]
    assert words(line.press("1", 1))[:2] == ["<latest>", CORE]
    assert words(line.press("5", 2)) == ["<quiz_intro>", QUESTION]
    line.press("2", 3)
    with exchange.database.reading() as session:
        answer = session.scalars(select(Answer)).one()
        assert (answer.right, answer.phase, answer.broadcast_id) == (False, None, None)


def test_a_bip_before_any_message_is_told_so(exchange: Exchange, client: FlaskClient, world: World, prompts: None) -> None:
    line = Line(exchange, client, world)
    assert words(line.answer())[:2] == ["<who>", "<no_content>"]


def test_a_new_call_begins_anew(exchange: Exchange, client: FlaskClient, world: World, prompts: None) -> None:
    broadcast = sending(exchange, world, "eau-propre")
    first = Line(exchange, client, world, broadcast)
    first.answer()
    first.press("2", 1)
    with exchange.database.writing() as session:
        session.execute(update(Call).values(state=CallState.DROPPED))
    second = Line(exchange, client, world)
    second.answer()
    with exchange.database.reading() as session:
        assert session.scalars(select(FlowSession)).one().call_id == second.id
