"""Staff record prompts by calling in: a PIN of their own, the number on the sheet, words that wait to be heard and approved."""

import json
import shutil
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns import recorders
from campaigns.errors import CampaignError
from campaigns.models import Dictation, FlowSession, Recorder
from clubs.models import Member
from messaging import contacts
from messaging.exchange import Exchange
from messaging.models import Call, CallEvent, Contact, Purpose, Recording
from tests.calls import NOW, Line, prompt, words
from tests.console.test_editor import recording
from tests.world import World
from translations import packs
from translations.models import Clip, Content, Variant, VariantState

PIN = "4071"
SAID = ("pin_ask", "pin_bad", "rec_how", "rec_menu", "rec_kept", "rec_deleted", "goodbye", "no_key", "wrong_key")
ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed: no sound is read")


@pytest.fixture
def line(exchange: Exchange, client: FlaskClient, world: World) -> Line:
    """Fanta's bip from her own phone, which is Fatou's in this world, called back."""
    for label in SAID:
        prompt(exchange, world, label, f"<{label}>")
    prompt(exchange, world, "num_2", None)
    with exchange.database.writing() as session:
        session.get_one(Member, world.members["fatou"]).contact_id = None
        recorders.register(session, world.staff["fanta"], world.numbers["fatou"], PIN, NOW)
    return Line(exchange, client, world, who="fatou", reason="bip")


def number(label: str, language: int = 2) -> str:
    """On the sheet of Bambara, the second language of the menu, unless said otherwise."""
    return str(language * 1000 + recorders.numbers()[label])


def dictations(exchange: Exchange) -> list[Dictation]:
    with exchange.database.reading() as session:
        return list(session.scalars(select(Dictation).order_by(Dictation.id)))


def test_each_prompt_has_one_number_whatever_the_language() -> None:
    places = recorders.numbers()
    assert sorted(places.values()) == list(range(1, len(packs.prompts()) + 1))
    assert len(places) < recorders.A_LANGUAGE


@ffmpeg
def test_a_word_spoken_becomes_an_unapproved_clip(exchange: Exchange, world: World, line: Line) -> None:
    assert words(line.answer()) == ["<pin_ask>"]
    assert line.key(PIN) == []  # a line without its own prompt is silent, and goes on
    assert line.key(number("num_2"), "#") == ["<rec_how>"]
    assert line.speak(0, recording(0.75)) == ["recording", "<rec_menu>"]
    assert line.key("1") == ["<rec_kept>"]
    [kept] = dictations(exchange)
    assert (kept.staff_id, kept.language, kept.done_at) == (world.staff["fanta"], "bm", None)
    assert recorders.take_dictations(exchange, NOW) == 1
    assert recorders.take_dictations(exchange, NOW) == 0
    with exchange.database.reading() as session:
        assert [row.refused for row in session.scalars(select(Dictation))] == [None]
        found = session.execute(
            select(Variant.language, Variant.state, Variant.author_id, Clip.uploaded_by, Clip.approved_at, Clip.synthetic)
            .join(Clip, Clip.variant_id == Variant.id)
            .join(Content, Content.id == Variant.content_id)
            .where(Content.key == "prompt:num_2")
        ).one()
    fanta = world.staff["fanta"]
    assert tuple(found) == ("bm", VariantState.DRAFT, fanta, fanta, None, False)


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        pytest.param(number("num_2"), True, id="a prompt in Bambara"),
        pytest.param(number("num_2", 99), False, id="no such language"),
        pytest.param("2000", False, id="no such prompt"),
        pytest.param("2", False, id="no language"),
        pytest.param("12*3", False, id="no number"),
    ],
)
def test_only_a_number_of_the_sheet_is_recorded(typed: str, known: bool, line: Line) -> None:
    line.answer()
    line.key(PIN)
    assert (line.key(typed, "#") == ["<rec_how>"]) is known


@pytest.mark.parametrize(("key", "heard"), [("2", ["<rec_how>"]), ("3", ["<rec_deleted>"])], ids=["again", "deleted"])
def test_what_was_not_kept_leaves_nothing(key: str, heard: list[str], exchange: Exchange, line: Line) -> None:
    line.answer()
    line.key(PIN)
    line.key(number("num_2"), "#")
    line.speak(1)
    assert line.key(key) == heard
    assert dictations(exchange) == []
    with exchange.database.reading() as session:
        assert session.scalars(select(Recording)).all() == []


def test_a_breath_is_no_word(line: Line) -> None:
    line.answer()
    line.key(PIN)
    line.key(number("num_2"), "#")
    assert line.speak(0.1) == ["<rec_how>"]


def test_three_wrong_pins_lock_for_a_day_and_none_is_written_down(
    exchange: Exchange, client: FlaskClient, world: World, line: Line
) -> None:
    line.answer()
    assert line.key("1111") == ["<pin_bad>"]
    assert line.key("2222") == ["<pin_bad>"]
    assert line.key("3333") == ["<pin_bad>", "<goodbye>"]
    with exchange.database.reading() as session:
        kept = [row.details for row in session.scalars(select(CallEvent))] + [
            row.state for row in session.scalars(select(FlowSession))
        ]
        assert [typed for typed in ("1111", "2222", "3333") if typed in json.dumps(kept)] == []
        locked = session.scalars(select(Recorder.pin_locked_until)).one()
    assert locked == NOW + timedelta(days=1)
    for day, heard in ((0, ["<pin_bad>", "<goodbye>"]), (2, [])):
        with exchange.database.writing() as session:
            for call in session.scalars(select(Call)):
                call.state = "dropped"  # type: ignore[assignment]
        again = Line(exchange, client, world, who="fatou", reason="bip", now=NOW + timedelta(days=day))
        again.answer()
        assert again.key(PIN) == heard


@pytest.mark.parametrize(
    ("phone", "pin", "code"),
    [
        pytest.param("20222222", PIN, "number", id="a fixed line"),
        pytest.param("hello", PIN, "number", id="no number"),
        pytest.param("00010001", PIN, "villager", id="somebody of a club"),
        pytest.param("00010006", "1234", "pin", id="a PIN everybody tries"),
        pytest.param("00010006", "777", "pin", id="three digits"),
        pytest.param("00010006", "४०७१", "pin", id="digits no phone has"),
    ],
)
def test_a_phone_or_pin_that_will_not_do(phone: str, pin: str, code: str, exchange: Exchange, world: World) -> None:
    with exchange.database.writing() as session, pytest.raises(CampaignError) as told:
        recorders.register(session, world.staff["fanta"], phone, pin, NOW)
    assert told.value.code == code


@pytest.mark.parametrize(("typed", "agrees"), [("5555", False), (PIN, True)], ids=["wrong", "right"])
def test_only_a_right_pin_agrees_to_calls(typed: str, agrees: bool, exchange: Exchange, world: World, line: Line) -> None:
    with exchange.database.writing() as session:
        contacts.withdraw(session, session.get_one(Contact, world.contacts["fatou"]), Purpose.CALL, NOW)
    line.answer()
    line.key(typed)
    with exchange.database.reading() as session:
        assert contacts.has_consent(session, world.contacts["fatou"], Purpose.CALL) is agrees


def test_two_of_staff_may_share_a_phone(exchange: Exchange, world: World, line: Line) -> None:
    with exchange.database.writing() as session:
        recorders.register(session, world.staff["moussa"], world.numbers["fatou"], "9041", NOW)
    line.answer()
    line.key("9041")
    line.key(number("num_2"), "#")
    line.speak(1)
    line.key("1")
    assert [row.staff_id for row in dictations(exchange)] == [world.staff["moussa"]]


@ffmpeg
def test_a_sound_that_is_no_good_says_why(exchange: Exchange, line: Line) -> None:
    line.answer()
    line.key(PIN)
    line.key(number("num_2"), "#")
    line.speak(1.5)  # a hum, of which nothing is left once it is trimmed
    line.key("1")
    assert recorders.take_dictations(exchange, NOW) == 1
    [row] = dictations(exchange)
    assert (row.done_at, row.refused) == (NOW, "L'enregistrement est trop court.")
    with exchange.database.reading() as session:
        assert session.scalar(select(Clip.id)) is None
