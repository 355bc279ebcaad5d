"""Answers by voice: called, tried again, heard in the menu, never where they would tell what was said in confidence."""

from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns import answers, conversations
from campaigns.talk import Talk
from clubs import inquiries
from clubs.records import Inquiry, InquiryKind, InquiryState
from messaging import calls, contacts, moderation
from messaging.exchange import Exchange
from messaging.models import Call, CallState, Channel, Contact, Kind, Purpose, Recording
from messaging.settling import requeue_stale
from tests.calls import Line, clip, prompt, words
from tests.campaigns.test_conversations import receive, said
from tests.voices import asked_aloud
from tests.world import World
from translations.models import Content, ContentKind, Variant, VariantState

SAID = (
    *("jingle", "who", "menu_main", "menu_out", "goodbye", "no_key", "answers_intro", "neighbour_intro", "option_answers"),
    *("to_choose", "press", "digit_4", "digit_8", "receipt", "option_testimony", "rec_how", "rec_menu", "rec_kept"),
    *("rec_no_names", "adult_check", "air_ask", "air_yes", "air_no", "digit_1", "option_air"),
)
K = InquiryKind


@pytest.fixture(autouse=True)
def _prompts(exchange: Exchange, world: World) -> None:
    for label in SAID:
        prompt(exchange, world, label, f"<{label}>")
    for key, sha256 in (("eau-propre", "a"), ("premier-lait", "b"), ("repas-en-plus", "c")):
        clip(exchange, world, world.variants[key], sha256, 12.0)


def called(exchange: Exchange, world: World, inquiry_id: int, key: str, now: datetime) -> int | None:
    """Answer a question by a call that plays a content; the call's id."""
    with exchange.database.writing() as session:
        row = session.get_one(Inquiry, inquiry_id)
        call = answers.call(session, exchange, row, session.get_one(Content, world.contents[key]), now)
        if call is not None:
            inquiries.answered(session, row, None, world.staff["fanta"], now)
        return call.id if call else None


def heard(exchange: Exchange, client: FlaskClient, world: World, who: str = "awa") -> list[str]:
    """What a bip's call back plays for choice 4."""
    line = Line(exchange, client, world, who=who, reason="bip")
    line.answer()
    said = line.key("4")
    line.drop()
    return said


def label(world: World, key: str) -> str:
    return f"content:{world.contents[key]}"


def test_an_answer_comes_by_a_call_of_its_own(exchange: Exchange, client: FlaskClient, world: World, now: datetime) -> None:
    asked = asked_aloud(exchange, world, now, kind=K.NUTRITION)
    id_ = called(exchange, world, asked, "eau-propre", now)
    assert id_ is not None
    line = Line.dialled(exchange, client, world, id_, now)
    assert line.row.kind is Kind.ANSWER
    assert words(line.answer())[:4] == ["<jingle>", "<who>", "<answers_intro>", label(world, "eau-propre")]
    assert line.row.core_end_s == 12.0
    line.drop()
    with exchange.database.reading() as session:
        row = session.get_one(Inquiry, asked)
        assert (row.state, row.answer_call_id, row.answered_at) == (InquiryState.ANSWERED, id_, now)


def test_a_complaint_is_answered_after_its_number(exchange: Exchange, client: FlaskClient, world: World, now: datetime) -> None:
    id_ = called(exchange, world, asked_aloud(exchange, world, now, kind=K.COMPLAINT), "eau-propre", now)
    assert id_ is not None
    assert words(Line.dialled(exchange, client, world, id_, now).answer())[2:5] == ["<receipt>", "<digit_1>", "<answers_intro>"]


def test_nobody_there_is_tried_again_like_any_call(exchange: Exchange, client: FlaskClient, world: World, now: datetime) -> None:
    id_ = called(exchange, world, asked_aloud(exchange, world, now, kind=K.NUTRITION), "eau-propre", now)
    assert id_ is not None
    line = Line.dialled(exchange, client, world, id_, now)
    line.post(event="busy")
    assert (line.row.state, line.row.retry) == (CallState.BUSY, True)
    later = now + timedelta(minutes=20)
    requeue_stale(exchange, later)
    again = Line.dialled(exchange, client, world, id_, later)
    assert (again.row.attempts, again.row.id) == (2, id_)


@pytest.mark.parametrize(
    ("hour", "state"), [(22, CallState.QUEUED), (16, CallState.DIALLING)], ids=["at night it waits", "by day it leaves"]
)
def test_it_leaves_within_the_hours_of_calls(
    exchange: Exchange, world: World, now: datetime, hour: int, state: CallState
) -> None:
    at = now.replace(hour=hour, minute=30)
    id_ = called(exchange, world, asked_aloud(exchange, world, at, kind=K.NUTRITION), "eau-propre", at)
    calls.dial(exchange, world.channel, lambda: at)
    with exchange.database.reading() as session:
        assert session.get_one(Call, id_).state is state


@pytest.mark.parametrize("why", ["no_consent", "stopped"])
def test_without_consent_nobody_is_called(exchange: Exchange, world: World, now: datetime, why: str) -> None:
    asked = asked_aloud(exchange, world, now, kind=K.NUTRITION)
    with exchange.database.writing() as session:
        person = session.get_one(Contact, world.contacts["awa"])
        if why == "stopped":
            contacts.stop(session, person, now, "sms")
        else:
            contacts.withdraw(session, person, Purpose.CALL, now)
    assert called(exchange, world, asked, "eau-propre", now) is None
    with exchange.database.reading() as session:
        assert answers.why_no_call(session, session.get_one(Contact, world.contacts["awa"])) == why
        assert session.scalar(select(Call.id).where(Call.kind == Kind.ANSWER)) is None


def test_a_pause_leaves_the_call_that_brings_an_answer(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = called(exchange, world, asked_aloud(exchange, world, now, kind=K.NUTRITION), "eau-propre", now)
    with exchange.database.writing() as session:
        assert contacts.keep_back(session, [world.contacts["awa"]], now, "paused", now + timedelta(days=30)) == 0
        assert session.get_one(Call, id_).state is CallState.QUEUED


def test_a_recorded_answer_that_cannot_be_called_stays_open(exchange: Exchange, world: World, now: datetime) -> None:
    asked = asked_aloud(exchange, world, now, kind=K.NUTRITION)
    with exchange.database.writing() as session:
        inquiries.propose(session, session.get_one(Inquiry, asked), None, world.staff["fanta"], world.contents["eau-propre"])
        contacts.withdraw(session, session.get_one(Contact, world.contacts["awa"]), Purpose.CALL, now)
    assert answers.deliver(exchange, now) == 0
    with exchange.database.reading() as session:
        assert session.get_one(Inquiry, asked).state is InquiryState.OPEN


def test_a_stop_holds_back_a_call_that_waits(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = called(exchange, world, asked_aloud(exchange, world, now, kind=K.NUTRITION), "eau-propre", now)
    with exchange.database.writing() as session:
        contacts.stop(session, session.get_one(Contact, world.contacts["awa"]), now, "sms")
    with exchange.database.reading() as session:
        assert session.get_one(Call, id_).state is CallState.SUPPRESSED


def test_a_recorded_answer_leaves_when_it_is_approved(exchange: Exchange, world: World, now: datetime) -> None:
    asked = asked_aloud(exchange, world, now, kind=K.NUTRITION)
    with exchange.database.writing() as session:
        row = session.get_one(Inquiry, asked)
        content = answers.content_of(session, row)
        variant = Variant(content_id=content.id, language="fr", options=[], written_at=now, author_id=world.staff["fanta"])
        session.add(variant)
        session.flush()
        inquiries.propose(session, row, None, world.staff["fanta"], content.id)
        assert answers.content_of(session, row) is content, "recorded again, it is the same answer"
        variant_id = variant.id
    clip(exchange, world, variant_id, "d", 9.0)
    assert answers.deliver(exchange, now) == 0
    with exchange.database.writing() as session:
        variant = session.get_one(Variant, variant_id)
        variant.state, variant.approved_at = VariantState.APPROVED, now
    assert answers.deliver(exchange, now) == 1
    assert answers.deliver(exchange, now) == 0
    with exchange.database.reading() as session:
        row = session.get_one(Inquiry, asked)
        assert row.state is InquiryState.ANSWERED
        assert session.get_one(Call, row.answer_call_id).variant_id == variant_id
        kinds = {content.kind for content in session.scalars(select(Content).where(Content.key.startswith("answer:")))}
        assert kinds == {ContentKind.ANSWER}


def test_the_menu_plays_the_newest_answers_to_this_phone(
    exchange: Exchange, client: FlaskClient, world: World, now: datetime
) -> None:
    for hours, key in enumerate(("eau-propre", "premier-lait")):
        called(exchange, world, asked_aloud(exchange, world, now, kind=K.NUTRITION), key, now + timedelta(hours=hours))
    said = heard(exchange, client, world)
    assert said[:3] == ["<answers_intro>", label(world, "premier-lait"), label(world, "eau-propre")]
    assert "<answers_intro>" not in heard(exchange, client, world, "oumar")


@pytest.mark.parametrize("kind", [K.COMPLAINT, K.PROTECTION], ids=str)
def test_what_was_said_in_confidence_is_not_in_the_menu(
    exchange: Exchange, client: FlaskClient, world: World, now: datetime, kind: InquiryKind
) -> None:
    asked = asked_aloud(exchange, world, now, kind=kind)
    called(exchange, world, asked, "eau-propre", now)
    with exchange.database.writing() as session:
        session.get_one(Inquiry, asked).shared_at = now
    for who in ("awa", "oumar"):
        assert "<answers_intro>" not in heard(exchange, client, world, who)


def test_an_answer_cleared_for_the_clubs_is_heard_by_others(
    exchange: Exchange, client: FlaskClient, world: World, now: datetime
) -> None:
    asked = asked_aloud(exchange, world, now, kind=K.NUTRITION)
    called(exchange, world, asked, "eau-propre", now)
    with exchange.database.writing() as session:
        session.get_one(Inquiry, asked).shared_at = now
    assert heard(exchange, client, world, "oumar")[:2] == ["<answers_intro>", label(world, "eau-propre")]


def next_door(exchange: Exchange, world: World, now: datetime, theme: int | None, *, agrees: bool = True) -> int:
    """A testimony of club 1032, let out as « la voix d'à côté »."""
    asked = asked_aloud(exchange, world, now, kind=K.TESTIMONY, agrees=agrees, theme=theme)
    with exchange.database.writing() as session:
        row = session.get_one(Inquiry, asked)
        voice = session.get_one(Recording, row.recording_id)
        moderation.approve(voice, world.staff["fanta"], now)
        voice.cleared_at = row.neighbour_at = now
        return voice.id


def test_the_voice_next_door_is_heard_elsewhere_and_not_at_home(
    exchange: Exchange, client: FlaskClient, world: World, now: datetime
) -> None:
    voice = next_door(exchange, world, now, 12)
    assert heard(exchange, client, world, "oumar")[:2] == ["<neighbour_intro>", "recording"]
    assert "recording" not in heard(exchange, client, world, "binta"), "her own club said it"
    with exchange.database.writing() as session:
        moderation.take_back(session, session.get_one(Recording, voice), now)
    assert "recording" not in heard(exchange, client, world, "oumar"), "its speaker took it back"


def test_the_voice_next_door_speaks_of_the_latest_theme_if_one_does(
    exchange: Exchange, client: FlaskClient, world: World, now: datetime
) -> None:
    same = next_door(exchange, world, now, 12)
    other = next_door(exchange, world, now + timedelta(hours=1), 71)
    line = Line(exchange, client, world, who="oumar", reason="bip")
    with exchange.database.reading() as session:
        call = session.get_one(Call, line.id)
        person, channel = session.get_one(Contact, call.contact_id), session.get_one(Channel, call.channel_id)
        talk = Talk(session, exchange, call, person, channel, now + timedelta(hours=2))
        found = [answers.neighbour(talk, theme) for theme in (12, 71, None, 33)]
    assert [line.values["id"] for line in found if line] == [same, other, other, other]


def test_a_testimony_has_a_choice_of_its_own_and_two_minutes(exchange: Exchange, client: FlaskClient, world: World) -> None:
    line = Line(exchange, client, world, reason="bip")
    line.answer()
    assert line.key("8") == ["<adult_check>"]
    steps = line.press("1", line.row.turn)["steps"]
    assert isinstance(steps, list)
    assert (steps[-1]["do"], steps[-1]["max_s"]) == ("record", 120)
    assert line.speak(3) == ["recording", "<rec_menu>"]
    assert line.key("1") == ["<rec_kept>", "<air_ask>"]
    assert line.key("1")[0] == "<air_yes>"
    with exchange.database.reading() as session:
        row = session.scalars(select(Inquiry)).one()
        assert row.kind is K.TESTIMONY
        assert session.get_one(Recording, row.recording_id).air_consent is True


def test_an_answer_left_by_a_demonstration_is_no_answer_to_a_later_question(
    exchange: Exchange, world: World, now: datetime
) -> None:
    asked = asked_aloud(exchange, world, now, kind=K.NUTRITION)
    with exchange.database.writing() as session:
        row = session.get_one(Inquiry, asked)
        left = answers.content_of(session, row)
        assert answers.content_of(session, row).id != left.id


def on_the_radio(exchange: Exchange, world: World, now: datetime) -> tuple[int, int]:
    """Awa's testimony and her question, both waiting for the radio; their ids."""
    aloud = asked_aloud(exchange, world, now, kind=K.TESTIMONY, agrees=True)
    with exchange.database.writing() as session:
        voice = session.get_one(Recording, session.get_one(Inquiry, aloud).recording_id)
        moderation.approve(voice, world.staff["fanta"], now)
        moderation.clear(session, voice, now)
        session.get_one(Inquiry, aloud).neighbour_at = now
        asked = Inquiry(number=900, kind=K.NUTRITION, contact_id=world.contacts["awa"], text="?", received_at=now, due_at=now)
        session.add(asked)
        session.flush()
        inquiries.pass_on(session, asked, now)
        return aloud, asked.id


@pytest.mark.parametrize("way", ["by key", "by SMS", "by silence", "by a yes"])
def test_who_let_the_radio_have_a_voice_takes_it_back_by_key_and_by_sms(
    exchange: Exchange, client: FlaskClient, world: World, now: datetime, way: str
) -> None:
    aloud, asked = on_the_radio(exchange, world, now)
    if way == "by SMS":
        id_ = receive(exchange, world, world.numbers["awa"], "Non à la radio svp", now)
        conversations.on_sms(exchange, id_, now)
        assert said(exchange, id_).startswith("C'est noté: ni votre voix ni vos questions")
    else:
        line = Line(exchange, client, world, reason="bip")
        menu = words(line.answer())
        assert "<option_air>" in menu
        assert line.key("4") == ["<air_ask>"]
        heard_then = line.key({"by silence": "", "by a yes": "1"}.get(way, "2"))
        assert ("<air_no>" in heard_then) is (way == "by key")
        line.drop()
    taken = way not in ("by silence", "by a yes")
    with exchange.database.reading() as session:
        row = session.get_one(Inquiry, aloud)
        assert moderation.agreed(session, session.get_one(Recording, row.recording_id)) is not taken
        assert (row.neighbour_at is None) is taken
        assert session.get_one(Inquiry, asked).state is (InquiryState.OPEN if taken else InquiryState.PASSED_ON)
