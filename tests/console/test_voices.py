"""The voice of a question on its page: heard in pieces, written down, moderated, answered by voice, let out, put apart."""

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from campaigns import answers
from clubs.records import Inquiry, InquiryKind, InquiryState
from console.staff import RoleName
from messaging import contacts, recordings
from messaging.exchange import Exchange
from messaging.models import Call, Contact, Direction, Message, Moderation, Purpose, Recording
from runtime.audit import AuditEntry
from runtime.database import Database
from tests.calls import clip
from tests.console.conftest import SignedIn, send
from tests.console.test_editor import recording as spoken
from tests.console.test_inbox import asked
from tests.voices import asked_aloud, recording
from tests.world import World
from translations import review
from translations.models import Content, ContentKind, Variant, VariantState

R, K = RoleName, InquiryKind
NOW = datetime.now(UTC)


@pytest.fixture
def fanta(signed_in: SignedIn) -> FlaskClient:
    return signed_in(R.COMMUNICATION)


def place(number: int, more: str = "") -> str:
    return f"/reception/question/{number}{more}"


def plain(page: str) -> str:
    """A page with ordinary spaces and apostrophes."""
    return page.replace("\u00a0", " ").replace("\u202f", " ").replace("&#39;", "'")


def inquiry(database: Database, number: int) -> Inquiry:
    with database.reading() as session:
        return session.get_one(Inquiry, number)


def heard(database: Database) -> int:
    with database.reading() as session:
        return session.query(AuditEntry).filter_by(action="recording.heard").count()


def test_a_voice_shows_its_length_size_and_a_player_that_waits(exchange: Exchange, world: World, fanta: FlaskClient) -> None:
    number = asked_aloud(exchange, world, NOW, seconds=3)
    assert "Message vocal, 3 s" in plain(fanta.get("/reception").text)
    page = plain(fanta.get(place(number)).text)
    assert re.search(r"Écouter \(3 s, \d\d Ko\)", page)
    assert f'<audio controls preload="none" src="{place(number, "/son")}"' in page
    assert "autoplay" not in page
    assert heard(exchange.database) == 0, "looking is not listening"


@pytest.mark.parametrize(
    ("asks", "status", "size"),
    [
        pytest.param(None, 200, None, id="whole"),
        pytest.param("bytes=0-99", 206, 100, id="beginning"),
        pytest.param("bytes=-44", 206, 44, id="end"),
        pytest.param("bytes=99999999-", 416, None, id="beyond"),
    ],
)
def test_a_browser_may_ask_for_a_piece(
    exchange: Exchange, world: World, fanta: FlaskClient, asks: str | None, status: int, size: int | None
) -> None:
    number = asked_aloud(exchange, world, NOW)
    whole = recordings.path_of(exchange.settings.var, recording(exchange, number).sha256).read_bytes()
    answer = fanta.get(place(number, "/son"), headers={"Range": asks} if asks else {})
    assert answer.status_code == status
    if status != 416:
        assert len(answer.data) == (size or len(whole))
        assert answer.data in whole
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["Content-Type"] == "audio/wav"
        assert "no-store" in answer.headers["Cache-Control"]


def test_each_listening_is_written_down_once_for_all_its_pieces(
    exchange: Exchange, world: World, database: Database, fanta: FlaskClient, signed_in: SignedIn
) -> None:
    number = asked_aloud(exchange, world, NOW)
    for piece in ("bytes=0-99", "bytes=100-199", "bytes=200-"):
        fanta.get(place(number, "/son"), headers={"Range": piece})
    assert heard(database) == 1
    signed_in(R.COMMUNICATION).get(place(number, "/son"))
    assert heard(database) == 2, "somebody else listened"
    with database.writing() as session:
        session.query(AuditEntry).update({"at": NOW - timedelta(hours=1)})
    fanta.get(place(number, "/son"))
    assert heard(database) == 3, "later it is another listening"


@pytest.mark.parametrize(
    ("role", "village", "status"),
    [
        pytest.param(R.COMMUNICATION, None, 200, id="communication"),
        pytest.param(R.TERRAIN, 0, 200, id="her own village's field staff"),
        pytest.param(R.TERRAIN, 1, 404, id="another village's"),
        pytest.param(R.VALIDATION, None, 404, id="validation, which nothing waits for"),
        pytest.param(R.PROTECTION, None, 404, id="protection, whom it does not concern"),
        *(pytest.param(role, None, 403, id=role.value) for role in (R.LECTURE, R.LANGUE, R.SUIVI, R.ADMINISTRATION)),
    ],
)
def test_only_who_may_see_a_question_hears_it(
    exchange: Exchange, world: World, signed_in: SignedIn, role: RoleName, village: int | None, status: int
) -> None:
    number = asked_aloud(exchange, world, NOW)
    villages = frozenset() if village is None else frozenset({world.villages[village]})
    assert signed_in(role, villages=villages).get(place(number, "/son")).status_code == status


def test_a_disclosure_takes_its_voice_along_and_the_focal_point_ends_it(
    exchange: Exchange, world: World, database: Database, fanta: FlaskClient, signed_in: SignedIn
) -> None:
    number = asked_aloud(exchange, world, NOW, agrees=True)
    assert send(fanta, place(number, "/trier"), {"kind": "protection"}).status_code == 303
    assert recording(exchange, number).moderation is Moderation.QUARANTINED
    assert (inquiry(database, number).due_at - NOW) == timedelta(days=1)
    for path in ("/son", ""):
        assert fanta.get(place(number, path)).status_code == 404
    for path, fields in (("/moderer", {"act": "approve"}), ("/transcrire", {"transcript": "x"}), ("/partager", {"act": "radio"})):
        assert send(fanta, place(number, path), fields).status_code == 404
    keeper = signed_in(R.PROTECTION)
    assert keeper.get(place(number, "/son")).status_code == 200
    page = keeper.get(place(number)).text
    assert "mis à part" in page
    assert "Laisser sortir" not in page
    assert send(keeper, place(number, "/classer")).status_code == 303
    closed = recording(exchange, number).closed_at
    assert closed is not None
    assert send(keeper, place(number, "/classer")).status_code == 303
    assert recording(exchange, number).closed_at is None, "taken up again"
    send(keeper, place(number, "/regler"))
    assert recording(exchange, number).closed_at is not None
    send(keeper, place(number, "/regler"), {"off": "1"})
    assert recording(exchange, number).closed_at is None
    assert send(keeper, place(number, "/trier"), {"kind": "testimony"}).status_code == 303
    assert recording(exchange, number).moderation is Moderation.NEW


def test_what_the_person_says_can_be_typed(exchange: Exchange, world: World, database: Database, fanta: FlaskClient) -> None:
    number = asked_aloud(exchange, world, NOW)
    assert send(fanta, place(number, "/transcrire"), {"transcript": "  Le mil suffit ? "}).status_code == 303
    assert recording(exchange, number).transcript == "Le mil suffit ?"
    for path in ("/reception", place(number)):
        assert "Le mil suffit" in fanta.get(path).text
    with database.reading() as session:
        kept = session.connection().exec_driver_sql("SELECT transcript FROM recording").scalar()
    assert kept
    assert b"mil" not in bytes(kept)


def test_a_voice_is_approved_or_refused_with_a_reason(exchange: Exchange, world: World, fanta: FlaskClient) -> None:
    number = asked_aloud(exchange, world, NOW)
    address = place(number, "/moderer")
    send(fanta, address, {"act": "refuse", "reason": " "})
    assert "pourquoi vous refusez" in fanta.get("/reception").text
    assert recording(exchange, number).moderation is Moderation.NEW
    send(fanta, address, {"act": "refuse", "reason": "un nom est dit"})
    assert "un nom est dit" in fanta.get(place(number)).text
    send(fanta, address, {"act": "approve"})
    assert recording(exchange, number).moderation is Moderation.APPROVED
    assert send(fanta, address, {"act": "effacer"}).status_code == 400


@pytest.mark.parametrize(
    ("role", "status", "out"),
    [
        pytest.param(R.TERRAIN, 403, False, id="field staff"),
        pytest.param(R.COMMUNICATION, 303, True, id="communication"),
    ],
)
def test_only_those_who_let_voices_out_clear_one(
    role: RoleName, status: int, out: bool, exchange: Exchange, world: World, fanta: FlaskClient, signed_in: SignedIn
) -> None:
    number = asked_aloud(exchange, world, NOW, kind=K.TESTIMONY, agrees=True)
    send(fanta, place(number, "/moderer"), {"act": "approve"})
    one = signed_in(role, name="somebody", villages=frozenset(world.villages))
    assert ("Laisser sortir" in one.get(place(number)).text) is out
    assert send(one, place(number, "/moderer"), {"act": "clear"}).status_code == status
    assert (recording(exchange, number).cleared_at is not None) is out


def test_a_voice_goes_out_only_with_its_speakers_consent_and_comes_back_with_it(
    exchange: Exchange, world: World, database: Database, fanta: FlaskClient
) -> None:
    without, with_ = asked_aloud(exchange, world, NOW, "oumar"), asked_aloud(exchange, world, NOW, agrees=True)
    for number in (without, with_):
        send(fanta, place(number, "/trier"), {"kind": "testimony"})
        send(fanta, place(number, "/moderer"), {"act": "approve"})
        send(fanta, place(number, "/moderer"), {"act": "clear"})
    assert recording(exchange, without).cleared_at is None
    assert "Pas d'accord pour la radio" in plain(fanta.get(place(without)).text)
    send(fanta, place(without, "/partager"), {"act": "neighbour"})
    assert inquiry(database, without).neighbour_at is None
    assert "voix d" in fanta.get(place(with_)).text
    send(fanta, place(with_, "/partager"), {"act": "neighbour"})
    send(fanta, place(with_, "/partager"), {"act": "radio"})
    row = inquiry(database, with_)
    assert (row.state, row.neighbour_at is not None, row.radio_at is not None) == (InquiryState.PASSED_ON, True, True)
    send(fanta, place(with_, "/partager"), {"act": "radio", "off": "1"})
    assert inquiry(database, with_).state is InquiryState.OPEN
    send(fanta, place(with_, "/moderer"), {"act": "take_back"})
    sound = recording(exchange, with_)
    assert (sound.air_consent, sound.cleared_at) == (False, None)
    with database.reading() as session:
        assert not contacts.has_consent(session, world.contacts["awa"], Purpose.AIR)


def test_a_complaints_receipt_is_told_once_in_words_that_say_nothing(
    world: World, database: Database, fanta: FlaskClient
) -> None:
    number = asked(database, world)
    for kind in ("complaint", "testimony", "complaint"):
        send(fanta, place(number, "/trier"), {"kind": kind})
    receipt = inquiry(database, number).receipt_number or ""
    with database.reading() as session:
        [said] = [row.text or "" for row in session.query(Message).filter_by(direction=Direction.OUT)]
    assert receipt in said
    assert "plainte" not in said.lower()
    assert "par SMS" in fanta.get("/reception").text


def test_ready_answers_on_the_theme_come_first(world: World, database: Database, fanta: FlaskClient) -> None:
    with database.writing() as session:
        session.get_one(Content, world.contents["premier-lait"]).theme_code = 21
    number = asked(database, world, kind=K.NUTRITION)

    def first() -> str:
        return str(re.findall(r'<option value="\d+">([^<]+) \(SMS', fanta.get(place(number)).text)[0])

    assert first() == "eau-propre"
    assert send(fanta, place(number, "/theme"), {"theme": "21"}).status_code == 303
    assert first() == "premier-lait"
    assert send(fanta, place(number, "/theme"), {"theme": "10"}).status_code == 400


def test_a_late_question_and_the_median_delay_show(world: World, database: Database, fanta: FlaskClient) -> None:
    late, done = asked(database, world, kind=K.NUTRITION), asked(database, world, kind=K.NUTRITION)
    with database.writing() as session:
        session.get_one(Inquiry, late).due_at = NOW - timedelta(days=1)
        row = session.get_one(Inquiry, done)
        row.received_at, row.answered_at, row.state = NOW - timedelta(hours=31), NOW - timedelta(hours=1), InquiryState.ANSWERED
    page = plain(fanta.get("/reception").text)
    assert "en retard" in page
    assert "1 réponses pour 2 questions (50 %)" in page
    assert "Délai médian : 30 h" in page
    assert "en retard" in fanta.get(place(late)).text


def ready(exchange: Exchange, world: World) -> str:
    """The approved message that can be heard as well as read; its value in the list."""
    clip(exchange, world, world.variants["repas-en-plus"], "c", 12.0)
    return str(world.variants["repas-en-plus"])


def test_a_ready_answer_leaves_by_call(exchange: Exchange, world: World, database: Database, fanta: FlaskClient) -> None:
    number, stock = asked_aloud(exchange, world, NOW, kind=K.NUTRITION), ready(exchange, world)
    assert "repas-en-plus (SMS, appel de 20 s)" in plain(fanta.get(place(number)).text)
    assert send(fanta, place(number), {"stock": stock, "way": "voice"}).status_code == 303
    row = inquiry(database, number)
    assert (row.state, row.answer_content_id) == (InquiryState.ANSWERED, world.contents["repas-en-plus"])
    with database.reading() as session:
        assert session.get_one(Call, row.answer_call_id).contact_id == world.contacts["awa"]
        assert session.query(Message).filter_by(direction=Direction.OUT).count() == 0
    assert "Appel" in fanta.get(place(number)).text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"text": "Ajoutez du haricot.", "way": "voice"}, "enregistrez la réponse", id="words are no call"),
        pytest.param({"stock": "eau-propre", "way": "voice"}, "pas de son approuvé", id="a message without a sound"),
    ],
)
def test_what_cannot_be_heard_is_not_called(
    exchange: Exchange, world: World, database: Database, fanta: FlaskClient, fields: dict[str, str], said: str
) -> None:
    number = asked_aloud(exchange, world, NOW, kind=K.NUTRITION)
    answer = send(fanta, place(number), {**fields, "stock": str(world.variants.get(fields.get("stock", ""), ""))})
    assert answer.status_code == 422
    assert said in answer.text
    assert inquiry(database, number).state is InquiryState.OPEN


def test_who_agreed_to_no_calls_gets_none(exchange: Exchange, world: World, database: Database, fanta: FlaskClient) -> None:
    number, stock = asked_aloud(exchange, world, NOW, kind=K.NUTRITION), ready(exchange, world)
    with database.writing() as session:
        contacts.withdraw(session, session.get_one(Contact, world.contacts["awa"]), Purpose.CALL, NOW)
    assert "pas donné son accord pour des appels" in fanta.get(place(number)).text
    assert send(fanta, place(number), {"stock": stock, "way": "voice"}).status_code == 422
    assert send(fanta, place(number), {"stock": stock, "way": "sms"}).status_code == 303


def test_a_recorded_answer_is_heard_and_approved_by_others_before_its_call(
    exchange: Exchange, world: World, database: Database, fanta: FlaskClient, signed_in: SignedIn
) -> None:
    number = asked_aloud(exchange, world, NOW, kind=K.NUTRITION)
    assert send(fanta, place(number), {"sound": (io.BytesIO(spoken()), "micro.webm")}).status_code == 303
    page = fanta.get(place(number)).text
    assert "Une réponse est enregistrée" in page
    assert "/sons/" in page
    with database.reading() as session:
        variant = session.query(Variant).join(Content).filter(Content.kind == ContentKind.ANSWER).one()
        assert (variant.state, variant.language) == (VariantState.TO_HEAR, "fr")
    nurse, speaker = (signed_in(role).get(f"/a-approuver/{variant.id}").text for role in (R.VALIDATION, R.LANGUE))
    assert place(number) in nurse
    assert place(number) not in speaker
    assert answers.deliver(exchange, NOW) == 0
    with database.writing() as session:
        review.check_language(session, variant.id, world.staff["boubacar"], None, NOW, heard=True)
        review.approve(session, variant.id, world.staff["aissata"], NOW, heard=True)
    assert answers.deliver(exchange, NOW) == 1
    row = inquiry(database, number)
    assert (row.state, row.answer_call_id is not None) == (InquiryState.ANSWERED, True)
    assert "/sons/" in fanta.get(place(number)).text
    other = asked_aloud(exchange, world, NOW, kind=K.NUTRITION)
    assert "Réponse à la question" not in fanta.get(place(other)).text, "an answer to one question is no ready answer"
    send(fanta, place(number, "/partager"), {"act": "share"})
    assert inquiry(database, number).shared_at is not None


@pytest.mark.parametrize(
    ("kind", "role", "said"),
    [
        pytest.param(K.UNSORTED, R.COMMUNICATION, "pas encore trié", id="unsorted"),
        pytest.param(K.PROTECTION, R.PROTECTION, "par SMS", id="a disclosure, which nobody else may hear of"),
    ],
)
def test_some_answers_are_not_recorded(
    exchange: Exchange, world: World, database: Database, signed_in: SignedIn, kind: InquiryKind, role: RoleName, said: str
) -> None:
    number = asked_aloud(exchange, world, NOW, kind=kind)
    answer = send(signed_in(role), place(number), {"sound": (io.BytesIO(b"rien"), "micro.webm")})
    assert answer.status_code == 422
    assert said in answer.text


def test_a_file_that_is_no_sound_says_so(exchange: Exchange, world: World, fanta: FlaskClient) -> None:
    number = asked_aloud(exchange, world, NOW, kind=K.TESTIMONY)
    answer = send(fanta, place(number), {"sound": (io.BytesIO(b"ceci n'est pas un son" * 90), "micro.webm")})
    assert answer.status_code == 422
    assert "lisible" in answer.text


def test_nobody_lets_their_own_health_answer_go(world: World, database: Database, signed_in: SignedIn) -> None:
    number, both = asked(database, world, kind=K.NUTRITION), signed_in(R.COMMUNICATION, R.VALIDATION)
    for _ in range(2):
        assert send(both, place(number), {"text": "Ajoutez du haricot."}).status_code == 303
    assert inquiry(database, number).state is InquiryState.OPEN
    assert send(signed_in(R.VALIDATION), place(number), {"text": "Ajoutez du haricot."}).status_code == 303
    assert inquiry(database, number).state is InquiryState.ANSWERED


def test_a_sound_that_is_gone_or_on_its_way_says_so(
    exchange: Exchange, world: World, database: Database, fanta: FlaskClient
) -> None:
    number = asked_aloud(exchange, world, NOW)
    with database.writing() as session:
        row = session.query(Recording).one()
        row.sha256, row.refused = "", "expired"
    assert "plus là" in fanta.get(place(number)).text
    assert fanta.get(place(number, "/son")).status_code == 404
    with database.writing() as session:
        session.query(Recording).one().refused = None
    assert "pas encore arrivé" in fanta.get(place(number)).text


def test_an_answer_to_a_disclosure_does_not_delete_its_voice(
    exchange: Exchange, world: World, database: Database, fanta: FlaskClient, signed_in: SignedIn
) -> None:
    number, keeper = asked_aloud(exchange, world, NOW), signed_in(R.PROTECTION)
    send(fanta, place(number, "/trier"), {"kind": "protection"})
    assert send(keeper, place(number), {"text": "Nous vous rappelons demain."}).status_code == 303
    assert inquiry(database, number).state is InquiryState.ANSWERED
    assert recording(exchange, number).closed_at is None
    with database.writing() as session:
        assert recordings.purge(session, exchange.settings.var, NOW + timedelta(days=900)) == 0
    assert send(fanta, place(number, "/regler")).status_code == 403
    send(keeper, place(number, "/regler"))
    with database.writing() as session:
        assert recordings.purge(session, exchange.settings.var, datetime.now(UTC) + timedelta(days=2)) == 1
