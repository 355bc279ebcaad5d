"""The real service behind real calls: a missed call called back, a message sent, each to its last row in the database."""

import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.serving import make_server

from campaigns import voiced
from campaigns.models import Answer
from clubs.records import Inquiry, InquiryState
from console.api.tokens import Scope, make
from messaging import calls, channels, contacts, recordings
from messaging.exchange import Exchange
from messaging.models import (
    Broadcast,
    BroadcastState,
    Call,
    CallState,
    Channel,
    Contact,
    Direction,
    Inbound,
    Kind,
    Purpose,
    Recording,
)
from messaging.queue import queue_call
from messaging.voice import accounts
from runtime import crypto
from runtime.database import Database
from runtime.work import Immediate
from tests import world as small
from tests.voice import sounds
from tests.voice.line import ACCOUNT, TOKEN, Phone, Refuser, free_port, listening, rtp_ports, wait_until
from tests.voice.service import (
    CORE_END,
    MESSAGE,
    NOW,
    OTHER,
    OURS,
    House,
    add_channel,
    add_clips,
    add_packs,
    add_second_theme,
    send,
    settings_of,
    voice_process,
)
from translations.models import Variant
from wsgi import seat

pytestmark = pytest.mark.call


@pytest.fixture(scope="module")
def house(
    bare_app: Flask, compiled: Path, sqlite_template: Path, phone: Phone, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Made once: to start the voice process takes longer than the calls."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(sqlite_template, folder / "lamen.db")
    settings = settings_of(folder, compiled, phone)
    keys = crypto.load_keys(settings.key_path)  # the voice process reads them from there
    crypto.use(keys)
    database, extensions = Database(settings.database_url), dict(bare_app.extensions)
    seat(bare_app, settings, database, Immediate())
    world = small.build(database, NOW)
    channel, paths = add_channel(database, world, settings, phone.number), add_clips(database, world, settings)
    server = make_server("127.0.0.1", settings.port, bare_app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    voice = voice_process(settings, folder)
    try:
        wait_until(lambda: listening(settings.voice_port), "the voice process")
        exchange = cast(Exchange, bare_app.extensions["lamen"])
        made = House(exchange, world, channel, settings.sip_port, paths, folder, keys)
        add_packs(made)
        yield made
    finally:
        voice.end()
        server.shutdown()
        database.close()
        bare_app.extensions.clear()
        bare_app.extensions.update(extensions)


@pytest.fixture(autouse=True)
def _morning(house: House) -> Iterator[None]:
    """Our side lives on a Wednesday morning, when calls may leave; telephones do not mind the hour."""
    crypto.use(house.keys)
    with time_machine.travel(NOW, tick=True):
        yield


def test_who_hangs_up_in_the_middle_of_a_message_has_not_heard_its_core(house: House, phone: Phone) -> None:
    sending = send(house, BroadcastState.RUNNING)
    with house.exchange.database.writing() as session:
        awa, channel = session.get_one(Contact, house.world.contacts["awa"]), session.get_one(Channel, house.channel)
        variant = session.get_one(Variant, house.world.variants[MESSAGE])
        queue_call(session, session.get_one(Broadcast, sending), awa, variant, NOW, channel, Kind.PUSH)
    phone("mode", "answer")
    assert calls.dial(house.exchange, house.channel, lambda: NOW) == 1
    phone("ring")
    phone("hear", house.paths[MESSAGE], 0.5)
    phone("hang_up")
    wait_until(lambda: house.call().state is CallState.DROPPED, "the end of the call")
    call = house.call()
    assert call.core_end_s == CORE_END
    assert call.seconds_heard is not None
    assert 0.4 < call.seconds_heard < 3.2
    assert call.core_reached is (call.seconds_heard >= CORE_END)
    assert call.retry is not call.core_reached


def test_a_missed_call_is_refused_unanswered_called_back_and_answered_with_keys(house: House, phone: Phone) -> None:
    send(house, BroadcastState.FINISHED)
    assert "486" in phone("dial", f"sip:{OURS}@127.0.0.1:{house.sip}")["refused"]
    bip = house.call(Direction.IN)
    assert (bip.state, bip.reason, bip.price, bip.answered_at) == (CallState.NO_ANSWER, "bip", 0, None)

    phone("mode", "answer")
    assert calls.dial(house.exchange, house.channel, lambda: NOW + timedelta(seconds=20)) == 1
    phone("ring")
    phone("hear", house.paths["menu_main"])
    phone("press", "1")
    phone("hear", house.paths["latest"])
    phone("hear", house.paths[MESSAGE], 3.0)
    phone("hear", house.paths["menu_main"])
    phone("press", "5")
    phone("hear", house.paths["quiz-repas"])
    phone("press", "1")
    phone("hear", house.paths["quiz_right"])
    phone("hear", house.paths["menu_main"])
    phone("hang_up")
    wait_until(lambda: house.call().state is CallState.DROPPED, "the end of the call")
    call = house.call()
    assert (call.core_reached, call.error_code, call.price) == (True, None, 60 * -(-(call.seconds or 0) // 60))
    assert call.seconds_heard == pytest.approx(3.2, abs=0.05)
    assert 10 < (call.seconds or 0) < 120
    with house.exchange.database.reading() as session:
        answer = session.scalars(select(Answer)).one()
    assert (answer.call_id, answer.right, answer.contact_id) == (call.id, True, house.world.contacts["awa"])
    phone("keep", str(house.folder / "heard.wav"))
    heard = sounds.load(house.folder / "heard.wav")
    assert sounds.find(heard, sounds.load(Path(house.paths["quiz_wrong"])))[0] < sounds.NOT_HEARD


@pytest.fixture
def answering(house: House) -> Iterator[None]:
    """The line answers who calls it, instead of calling back."""
    with house.exchange.database.writing() as session:
        session.get_one(Channel, house.channel).inbound = Inbound.ANSWER
    yield
    with house.exchange.database.writing() as session:
        session.get_one(Channel, house.channel).inbound = Inbound.CALL_BACK


def _listed(house: House, client: FlaskClient, path: str) -> list[dict[str, Any]]:
    with house.exchange.database.writing() as session:
        token = make(session, path, frozenset({Scope.MESSAGES, Scope.REPORTS}), NOW, None)
    answer = client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["items"] if answer.json else []
    return found


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed: no recording is read")
def test_a_caller_chooses_answers_a_question_records_one_and_the_api_shows_it_all(
    house: House, phone: Phone, bare_app: Flask, answering: None
) -> None:
    """A call to a line that answers: the menu, 2 for the themes, 5 for the quiz, 3 for a question of three seconds, heard again
    and kept."""
    later = NOW + timedelta(hours=1)
    add_second_theme(house)
    send(house, BroadcastState.FINISHED)
    with time_machine.travel(later, tick=True):
        assert "refused" not in phone("dial", f"sip:{OURS}@127.0.0.1:{house.sip}")
        for key, heard in (("2", "menu_main"), ("2", "theme_list")):
            phone("hear", house.paths[heard])
            phone("press", key)
        phone("hear", house.paths[OTHER])
        for key, heard in (("5", "menu_main"), ("1", "quiz-repas")):
            phone("hear", house.paths[heard])
            phone("press", key)
        phone("hear", house.paths["quiz_right"])
        for key, heard in (("3", "menu_main"), ("1", "adult_check")):
            phone("hear", house.paths[heard])
            phone("press", key)
        phone("hear", house.paths["rec_how"])
        phone("hear", str(house.exchange.settings.var / "voice" / "beep.wav"), 0.3)
        phone("say", str(_voice_of_awa(house)))
        phone("wait", 0.5)
        phone("press", "#")
        for key, heard in (("1", "rec_menu"), ("2", "air_ask")):
            phone("hear", house.paths[heard])
            phone("press", key)
        phone("hear", house.paths["receipt"])
        phone("hang_up")
        ended = (CallState.DROPPED, CallState.COMPLETED)
        wait_until(lambda: house.call(Direction.IN).state in ended, "the end of the call")
        voiced.fetch_recordings(house.exchange, later + timedelta(minutes=5))

    phone("keep", str(house.folder / "conversation.wav"))
    whole = sounds.load(house.folder / "conversation.wav")
    for label in (
        "menu_main",
        "theme_list",
        OTHER,
        "quiz-repas",
        "quiz_right",
        "not_urgent",
        "adult_check",
        "rec_how",
        "rec_menu",
        "receipt",
    ):
        assert sounds.find(whole, sounds.load(Path(house.paths[label]))[: int(1.5 * sounds.RATE)])[0] > sounds.HEARD, label
    for label in ("quiz_wrong", "latest", "rec_deleted"):
        assert sounds.find(whole, sounds.load(Path(house.paths[label])))[0] < sounds.NOT_HEARD, label

    client, call = bare_app.test_client(), house.call(Direction.IN)
    [line] = _listed(house, client, f"/calls?id={call.id}")
    assert line["seconds_heard"] == pytest.approx(3.2, abs=0.3)
    [recorded] = line["recordings"]
    assert (recorded["seconds"], recorded["kept"]) == (pytest.approx(3.5, abs=0.8), True)
    [answer] = [one for one in _listed(house, client, "/answers") if one["call_id"] == call.id]
    assert (answer["key"], answer["right"], answer["question_id"]) == (1, True, house.world.question)
    with house.exchange.database.reading() as session:
        row = session.get_one(Recording, recorded["id"])
        inquiry = session.scalars(select(Inquiry).where(Inquiry.recording_id == row.id)).one()
        sound = recordings.path_of(house.exchange.settings.var, row.sha256)
    assert (inquiry.state, inquiry.contact_id, row.air_consent) == (InquiryState.OPEN, house.world.contacts["awa"], False)
    assert sounds.find(sounds.load(sound), sounds.load(_voice_of_awa(house)))[0] > sounds.HEARD, "Awa's own voice"


def _voice_of_awa(house: House) -> Path:
    path = house.folder / "awa.wav"
    path.write_bytes(sounds.wav(sounds.babble("awa", 3.2)))
    return path


@pytest.fixture
def deaf(house: House) -> Iterator[int]:
    """A second line of the service, behind which nobody ever answers; its channel."""
    refuser, folder, own = Refuser(), house.folder / "deaf", house.exchange.settings
    (folder / "var").mkdir(parents=True)  # one voice process a folder
    shutil.copy(own.key_path, folder / "var" / own.key_path.name)
    ports = {"voice_port": free_port(), "sip_port": free_port(), "sip_rtp_ports": rtp_ports(), "sip_trunk": refuser.trunk}
    settings = own.model_copy(update={**ports, "var": folder / "var"})
    given = {"account_sid": ACCOUNT, "auth_token": TOKEN, "base_url": accounts.address(settings), "price_per_minute": "60"}
    with house.exchange.database.writing() as session:
        channel = channels.add(session, "sourde", "twilio", "+22320201001", given, NOW, kinds=(channels.VOICE,)).id
    voice = voice_process(settings, folder)
    try:
        wait_until(lambda: listening(settings.voice_port), f"the second voice process, see {voice.log}")
        yield channel
    finally:
        voice.end()
        refuser.end()


def test_busy_no_answer_and_a_refused_call_each_get_their_retry(house: House, deaf: int) -> None:
    """Busy about fifteen minutes later, no answer about two hours later, refused on another day."""
    expected = {  # the state, and between how many hours later
        "+22376000486": (CallState.BUSY, 0.19, 0.34),
        "+22376000480": (CallState.NO_ANSWER, 1.5, 2.5),
        "+22376000603": (CallState.BUSY, 14, 24),
    }
    sending = send(house, BroadcastState.RUNNING)
    made: dict[str, int] = {}
    with house.exchange.database.writing() as session:
        variant, channel = session.get_one(Variant, house.world.variants[MESSAGE]), session.get_one(Channel, deaf)
        broadcast = session.get_one(Broadcast, sending)
        for number in expected:
            contact = contacts.find_or_create(session, number, NOW, language="fr")
            contacts.consent(session, contact, Purpose.CALL, NOW, via="list", script_version="1")
            queued = queue_call(session, broadcast, contact, variant, NOW, channel, Kind.PUSH)
            session.flush()
            made[number] = queued.id

    def row(number: str) -> Call:
        with house.exchange.database.reading() as session:
            return session.get_one(Call, made[number])

    assert calls.dial(house.exchange, deaf, lambda: NOW) == len(expected)
    for number, (state, least, most) in expected.items():
        wait_until(lambda number=number: row(number).retry, f"the retry of {number}")  # type: ignore[misc]
        call = row(number)
        assert (call.state, call.attempts, call.retry) == (state, 1, True), number
        assert least < (call.not_before - NOW) / timedelta(hours=1) < most, number
        assert call.answered_at is None
