"""The real service behind real calls: a missed call called back, a message sent, each to its last row in the database."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from campaigns.models import Answer
from messaging import calls, channels
from messaging.exchange import Exchange
from messaging.models import Broadcast, BroadcastState, Call, CallState, Channel, Contact, Direction, Kind, Route
from messaging.queue import queue_call
from messaging.voice import accounts
from runtime import crypto
from runtime.crypto import blind
from runtime.database import Database
from runtime.installation import installation
from runtime.settings import Settings
from runtime.work import Immediate
from tests import world as small
from tests.voice import sounds
from tests.voice.line import ACCOUNT, TOKEN, Phone, Process, free_port, listening, rtp_ports, wait_until
from tests.world import World
from translations import packs
from translations.clips import store
from translations.content_entries import Pack
from translations.models import Clip, Content, ContentKind, Variant, VariantState, VoicePack
from wsgi import seat

pytestmark = pytest.mark.call

NOW = datetime(2026, 3, 18, 10, 0, tzinfo=UTC)  # a Wednesday morning: calls may leave
OURS = "+22320201000"
MESSAGE, CORE_END = "eau-propre", 2.0
PACKS = (Pack.A, Pack.B)  # whole and in service: nothing else of them is played on a real line
SECONDS = {
    **{label: 0.2 for pack in PACKS for label in packs.labels_of(pack)},
    **dict.fromkeys(("who", "latest", "quiz_intro", "quiz_right", "quiz_wrong"), 1.6),
    **dict.fromkeys(("menu_main", "menu_out", MESSAGE, "quiz-repas"), 3.2),
}


@dataclass
class House:
    """The service on its port, its line of its own, and the clips that can be heard."""

    exchange: Exchange
    world: World
    channel: int
    sip: int
    paths: dict[str, str]
    folder: Path
    keys: crypto.Keyring

    def call(self, direction: Direction = Direction.OUT) -> Call:
        """The newest one."""
        with self.exchange.database.reading() as session:
            return session.scalars(select(Call).where(Call.direction == direction).order_by(Call.id.desc()).limit(1)).one()


def _settings(folder: Path, compiled: Path, phone: Phone) -> Settings:
    var = folder / "var"
    var.mkdir()
    for made in compiled.iterdir():
        (var / made.name).symlink_to(made)
    return Settings(
        database_url=f"sqlite:///{folder / 'lamen.db'}",
        var=var,
        run_clock=False,
        secret_key="a-secret-for-tests-only",
        port=free_port(),
        voice_port=free_port(),
        sip_port=free_port(),
        sip_trunk=phone.trunk,
        sip_rtp_ports=rtp_ports(),
    )


def _voice(settings: Settings, folder: Path) -> Process:
    names = ("voice_port", "sip_port", "sip_trunk", "sip_rtp_ports", "var", "secret_key", "run_clock")
    told = {f"LAMEN_{name.upper()}": str(getattr(settings, name)) for name in names}
    told |= {"PORT": str(settings.port), "DATABASE_URL": settings.database_url}
    return Process(["-m", "flask", "--app", "wsgi", "voice", "serve"], folder / "tmp", told)


@pytest.fixture(scope="module")
def house(
    bare_app: Flask, compiled: Path, sqlite_template: Path, phone: Phone, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Made once: to start the voice process takes longer than the calls."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(sqlite_template, folder / "lamen.db")
    settings = _settings(folder, compiled, phone)
    keys = crypto.load_keys(settings.key_path)  # the voice process reads them from there
    crypto.use(keys)
    database, extensions = Database(settings.database_url), dict(bare_app.extensions)
    seat(bare_app, settings, database, Immediate())
    world = small.build(database, NOW)
    channel, paths = _channel(database, world, settings, phone.number), _clips(database, world, settings)
    server = make_server("127.0.0.1", settings.port, bare_app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    voice = _voice(settings, folder)
    try:
        wait_until(lambda: listening(settings.voice_port), "the voice process")
        exchange = cast(Exchange, bare_app.extensions["lamen"])
        yield House(exchange, world, channel, settings.sip_port, paths, folder, keys)
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


def _channel(database: Database, world: World, settings: Settings, number: str) -> int:
    given = {"account_sid": ACCOUNT, "auth_token": TOKEN, "base_url": accounts.address(settings), "price_per_minute": "60"}
    with database.writing() as session:
        awa = session.get_one(Contact, world.contacts["awa"])
        awa.number, awa.number_index = number, blind(number)
        installation(session).simulation = False
        return channels.add(session, "ligne", "twilio", OURS, given, NOW, kinds=(channels.VOICE, channels.BIP)).id


def _clips(database: Database, world: World, settings: Settings) -> dict[str, str]:
    paths = {}
    with database.writing() as session:
        for pack in PACKS:
            session.add(VoicePack(language="fr", pack=pack.value, published_at=NOW, published_by=world.staff["aissata"]))
        for label, seconds in SECONDS.items():
            data = sounds.wav(sounds.babble(label, seconds))
            sha256, path = store(settings.var, data)
            paths[label] = str(path)
            if label in world.variants:
                variant = session.get_one(Variant, world.variants[label])
            else:
                content = Content(key=f"prompt:{label}", kind=ContentKind.PROMPT, title=label)
                variant = Variant(language="fr", state=VariantState.APPROVED, options=[], written_at=NOW, approved_at=NOW)
                session.add(content)
                session.flush()
                variant.content_id = content.id
                session.add(variant)
                session.flush()
            core = CORE_END if label == MESSAGE else None
            by = {"uploaded_at": NOW, "approved_at": NOW, "approved_by": world.staff["aissata"]}
            session.add(
                Clip(
                    variant_id=variant.id,
                    sha256=sha256,
                    media_type="audio/wav",
                    bytes=len(data),
                    seconds=seconds,
                    core_end_s=core,
                    **by,
                )
            )
    return paths


def _broadcast(house: House, state: BroadcastState) -> int:
    with house.exchange.database.writing() as session:
        row = Broadcast(
            title=MESSAGE,
            content_id=house.world.contents[MESSAGE],
            route=Route.VOICE,
            audience={},
            state=state,
            due_at=NOW,
            not_before=NOW,
            expires_at=NOW + timedelta(hours=24),
            created_at=NOW,
        )
        session.add(row)
        session.flush()
        return row.id


def test_who_hangs_up_in_the_middle_of_a_message_has_not_heard_its_core(house: House, phone: Phone) -> None:
    sending = _broadcast(house, BroadcastState.RUNNING)
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
    _broadcast(house, BroadcastState.FINISHED)
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
