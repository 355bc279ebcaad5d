"""What is done by ear besides reports: a question recorded, who listened, a stranger's short call, the end of a call's time."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns import voiced
from campaigns.models import Answer, Campaign, CampaignEvent, Enrolment, EnrolmentState, Occurrence, OccurrenceState, Repeat
from clubs.inquiries import write_down
from clubs.records import Inquiry, InquiryState
from clubs.reports import ANSWER_WITHIN
from messaging import recordings
from messaging.exchange import Exchange
from messaging.models import Broadcast, Call, Consent, Listener, OptOut, Purpose, Recording
from tests.calls import NOW, Line, hum, prompt, sending, words
from tests.world import World

SAID = (
    *(
        "who",
        "menu_main",
        "menu_out",
        "goodbye",
        "no_key",
        "wrong_key",
        "not_urgent",
        "adult_check",
        "rec_how",
        "rec_no_names",
        "rec_menu",
    ),
    *(
        "rec_kept",
        "rec_deleted",
        "air_ask",
        "air_yes",
        "air_no",
        "receipt",
        "digit_1",
        "no_content",
        "consent_ask",
        "consent_yes",
    ),
    *("consent_no", "club_ask", "club_bad", "stop_sure", "stop_done", "option_ask", "to_choose", "press", "digit_3"),
)
CORE = "Lavez vos mains au savon avant de donner à manger au bébé."


@pytest.fixture
def line(exchange: Exchange, client: FlaskClient, world: World) -> Line:
    """Awa's bip called back, at the question she is about to ask."""
    for label in SAID:
        prompt(exchange, world, label, f"<{label}>")
    return Line(exchange, client, world, reason="bip")


def inquiries(exchange: Exchange) -> list[Inquiry]:
    with exchange.database.reading() as session:
        return list(session.scalars(select(Inquiry).order_by(Inquiry.id)))


def files(exchange: Exchange) -> list[Path]:
    return list((exchange.settings.var / "recordings").glob("*/*.wav"))


def test_a_question_by_voice_waits_for_staff_with_its_sound(exchange: Exchange, world: World, line: Line) -> None:
    line.answer()
    assert line.key("3") == ["<not_urgent>", "<adult_check>"], "who has a sick child must not wait for an answer"
    assert line.key("1") == ["<rec_how>", "<rec_no_names>"]
    assert line.speak(3) == ["recording", "<rec_menu>"]
    assert line.key("1") == ["<rec_kept>", "<air_ask>"]
    heard = line.key("1")
    assert heard[:3] == ["<air_yes>", "<receipt>", "<digit_1>"]
    assert heard[3] == "<menu_main>"
    [row] = inquiries(exchange)
    assert (row.number, row.text, row.state, row.contact_id) == (1, None, InquiryState.OPEN, world.contacts["awa"])
    assert (row.club_id, row.due_at) == (world.clubs["1032"], NOW + timedelta(days=7))
    with exchange.database.reading() as session:
        sound = session.get_one(Recording, row.recording_id)
        assert (sound.air_consent, sound.call_id, sound.refused) == (True, line.id, None)
        assert sound.seconds == pytest.approx(3, abs=0.1)
        consent = session.scalars(select(Consent).where(Consent.purpose == Purpose.AIR)).one()
        assert (consent.via, consent.contact_id) == ("voice", world.contacts["awa"])
        assert consent.script_version.startswith("voice-")


def test_a_spoken_question_has_the_number_after_the_written_ones_and_as_long_to_wait(exchange: Exchange, line: Line) -> None:
    with exchange.database.writing() as session:
        written = [write_down(session, "Le lait ?", NOW, contact_id=None, club_id=None) for _ in range(2)]
    line.answer()
    line.key("3")
    line.key("1")
    line.speak(3)
    assert [row.number for row in inquiries(exchange)] == [1, 2, 3]
    assert inquiries(exchange)[-1].due_at - NOW == written[0].due_at - NOW == ANSWER_WITHIN


def test_what_was_said_is_played_back_from_an_address_that_ends(exchange: Exchange, client: FlaskClient, line: Line) -> None:
    line.answer()
    line.key("3")
    line.key("1")
    stored = recordings.keep(exchange.settings.var, hum(3))
    answer = line.post(event="turn", turn=str(line.row.turn), recording=stored.sha256, recorded="3")
    steps = answer["steps"]
    assert isinstance(steps, list)
    url = steps[-1]["prompts"][0]["clips"][0]["url"]
    path = url.removeprefix(exchange.settings.base_url)
    assert client.get(f"/hooks/sounds/{stored.sha256}.wav").status_code == 404  # among the public clips there is none
    assert client.get(path.replace(stored.sha256, "a" * 64)).status_code == 404


def test_silence_about_the_radio_is_a_no(exchange: Exchange, line: Line) -> None:
    line.answer()
    line.key("3")
    line.key("1")
    line.speak(3)
    line.key("1")
    assert line.key("")[0] == "<air_no>"
    with exchange.database.reading() as session:
        assert session.scalars(select(Recording)).one().air_consent is False
        assert session.scalar(select(Consent.id).where(Consent.purpose == Purpose.AIR)) is None


@pytest.mark.parametrize(("key", "said"), [("2", "<rec_how>"), ("3", "<rec_deleted>")], ids=["once more", "deleted"])
def test_a_question_taken_back_leaves_nothing(exchange: Exchange, line: Line, key: str, said: str) -> None:
    line.answer()
    line.key("3")
    line.key("1")
    line.speak(3)
    assert len(files(exchange)) == 1
    assert line.key(key)[0] == said
    assert inquiries(exchange) == []
    assert files(exchange) == []
    with exchange.database.reading() as session:
        assert session.scalars(select(Recording)).all() == []


def test_under_two_seconds_nothing_was_said(exchange: Exchange, line: Line) -> None:
    line.answer()
    line.key("3")
    line.key("1")
    assert line.speak(1) == ["<no_key>", "<rec_how>", "<rec_no_names>"]
    assert inquiries(exchange) == []


def test_whoever_hangs_up_after_speaking_has_asked(exchange: Exchange, line: Line) -> None:
    line.answer()
    line.key("3")
    line.key("1")
    line.speak(3)
    line.drop()
    assert len(inquiries(exchange)) == 1


def test_a_voice_that_is_nowhere_leaves_its_question_open(exchange: Exchange, line: Line) -> None:
    line.answer()
    line.key("3")
    line.key("1")
    line.post(event="turn", turn=str(line.row.turn), recording="elsewhere")
    [row] = inquiries(exchange)
    with exchange.database.writing() as session:  # as if it had been fetched
        sound = session.get_one(Recording, row.recording_id)
        sound.place, sound.next_try_at = "elsewhere", NOW
    assert voiced.fetch_recordings(exchange, NOW) == 1
    with exchange.database.reading() as session:
        assert session.get_one(Recording, row.recording_id).refused == "place"
    assert inquiries(exchange)[0].state is InquiryState.OPEN  # staff must know that a voice was lost


def test_without_the_sounds_to_speak_of_it_nothing_is_asked(exchange: Exchange, client: FlaskClient, world: World) -> None:
    prompt(exchange, world, "who", "<who>")
    line = Line(exchange, client, world, reason="bip")
    line.answer()
    assert "rec_how" not in str(line.key("3"))


def audience(exchange: Exchange, id_: int, sexes: list[str]) -> None:
    with exchange.database.writing() as session:
        session.get_one(Broadcast, id_).audience = {"sexes": sexes}


def test_who_listened_is_kept_with_the_call_and_its_answers(exchange: Exchange, world: World, line: Line) -> None:
    for label in ("who_listened", "quiz_intro", "quiz_right"):
        prompt(exchange, world, label, f"<{label}>")
    pushed = Line(exchange, line.client, world, sending(exchange, world, "eau-propre"), who="binta")
    assert words(pushed.answer()) == ["<who>", CORE, "<who_listened>"]
    assert pushed.key("1") == ["<menu_out>"]
    assert pushed.row.listener is Listener.WOMAN
    pushed.key("2")
    pushed.key("1")
    with exchange.database.reading() as session:
        assert session.scalars(select(Answer)).one().listener is Listener.WOMAN


def test_a_message_for_women_is_for_women(exchange: Exchange, world: World, line: Line) -> None:
    prompt(exchange, world, "aud_woman", "<aud_woman>")
    id_ = sending(exchange, world, "eau-propre")
    audience(exchange, id_, ["F"])
    pushed = Line(exchange, line.client, world, id_, who="binta")
    assert words(pushed.answer()) == ["<who>", "<aud_woman>"]
    assert pushed.key("1") == [CORE, "<menu_out>"]
    assert pushed.row.listener is Listener.WOMAN
    other = Line(exchange, line.client, world, id_, who="fatou")
    other.answer()
    assert other.key("") == ["<goodbye>"]
    assert other.row.listener is None


@pytest.fixture
def stranger(exchange: Exchange, line: Line) -> Line:
    """A bip of a number nobody agreed for."""
    with exchange.database.writing() as session:
        for row in session.scalars(select(Consent).where(Consent.contact_id == line.world.contacts["fatou"])):
            session.delete(row)
    return Line(exchange, line.client, line.world, who="fatou")


def consents(exchange: Exchange, contact_id: int) -> list[tuple[str, str]]:
    with exchange.database.reading() as session:
        rows = session.scalars(select(Consent).where(Consent.contact_id == contact_id).order_by(Consent.id))
        return [(row.purpose.value, row.via) for row in rows]


def test_a_stranger_agrees_and_names_a_club(exchange: Exchange, world: World, stranger: Line) -> None:
    assert words(stranger.answer()) == ["<who>", "<consent_ask>"]
    assert stranger.key("1") == ["<consent_yes>", "<club_ask>"]
    assert stranger.key("1033", "#") == ["<club_bad>"]
    assert stranger.key("2043", "#") == ["<goodbye>"]
    assert consents(exchange, world.contacts["fatou"]) == [("push", "voice"), ("call", "voice")]
    [row] = inquiries(exchange)
    assert row.club_id == world.clubs["2043"]


def test_a_stranger_who_says_no_is_not_called(exchange: Exchange, world: World, stranger: Line) -> None:
    stranger.answer()
    assert stranger.key("2") == ["<consent_no>", "<goodbye>"]
    assert consents(exchange, world.contacts["fatou"]) == []


def test_a_strangers_call_ends_kindly_after_a_minute(exchange: Exchange, world: World, stranger: Line) -> None:
    stranger.answer()
    stranger.now = NOW + timedelta(seconds=59)
    assert stranger.key("5")[-1] == "<consent_ask>"
    stranger.now = NOW + timedelta(seconds=60)
    assert stranger.key("1") == ["<goodbye>"]
    assert consents(exchange, world.contacts["fatou"]) == []


def test_our_calls_end_kindly_after_six_minutes(line: Line) -> None:
    line.answer()
    line.now = NOW + timedelta(minutes=5, seconds=59)
    assert line.key("0")[0] == "<menu_main>"
    line.now = NOW + timedelta(minutes=6)
    assert line.key("0") == ["<goodbye>"]


def test_eight_ends_the_series_of_those_behind_the_phone(exchange: Exchange, world: World, line: Line) -> None:
    for label in ("series_key", "series_done"):
        prompt(exchange, world, label, f"<{label}>")
    id_ = sending(exchange, world, "eau-propre")
    with exchange.database.writing() as session:
        campaign = Campaign(name="Suivi", created_at=NOW)
        session.add(campaign)
        session.flush()
        event = CampaignEvent(campaign_id=campaign.id, content_id=world.contents["eau-propre"], repeat=Repeat.STAGE)
        session.add(event)
        session.flush()
        fired = OccurrenceState.FIRED
        session.add(Occurrence(event_id=event.id, due_at=NOW, fired_at=NOW, state=fired, broadcast_id=id_))
        for name in ("binta", "fatou"):
            month = NOW.date().replace(day=1)
            session.add(Enrolment(campaign_id=campaign.id, member_id=world.members[name], anchor_month=month, enrolled_at=NOW))
    pushed = Line(exchange, line.client, world, id_, who="binta")
    assert words(pushed.answer()) == ["<who>", CORE, "<menu_out>", "<series_key>"]
    assert pushed.key("8") == ["<series_done>", "<goodbye>"]
    with exchange.database.reading() as session:
        states = {row.member_id: row.state for row in session.scalars(select(Enrolment))}
        assert states == {world.members["binta"]: EnrolmentState.ENDED, world.members["fatou"]: EnrolmentState.ACTIVE}
        assert session.scalar(select(OptOut.id)) is None
        assert session.scalars(select(Call.id)).all()
