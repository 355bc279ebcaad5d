"""The real service as tests of calls need it: its settings, its line, and everything that may be heard in French."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from messaging import channels
from messaging.exchange import Exchange
from messaging.models import (
    Broadcast,
    BroadcastState,
    Call,
    Contact,
    Direction,
    Route,
)
from messaging.voice import accounts
from runtime import crypto
from runtime.crypto import blind
from runtime.database import Database
from runtime.settings import Settings
from tests.voice import sounds
from tests.voice.line import ACCOUNT, TOKEN, Phone, Process, free_port, rtp_ports
from tests.world import World, opened
from translations import packs
from translations.clips import store
from translations.content_entries import Pack
from translations.models import Clip, Content, ContentKind, Variant, VariantState, VoicePack

NOW = datetime(2026, 3, 18, 10, 0, tzinfo=UTC)  # a Wednesday morning: calls may leave
OURS = "+22320201000"
MESSAGE, CORE_END, OTHER = "eau-propre", 2.0, "premier-lait"
LISTENED = ("theme_list", "not_urgent", "adult_check", "rec_how", "rec_menu", "rec_deleted", "air_ask", "receipt")
SECONDS = {
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


def settings_of(folder: Path, compiled: Path, phone: Phone) -> Settings:
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


def voice_process(settings: Settings, folder: Path) -> Process:
    names = ("voice_port", "sip_port", "sip_trunk", "sip_rtp_ports", "var", "secret_key", "run_clock")
    told = {f"LAMEN_{name.upper()}": str(getattr(settings, name)) for name in names}
    told |= {"PORT": str(settings.port), "DATABASE_URL": settings.database_url}
    return Process(["-m", "flask", "--app", "wsgi", "voice", "serve"], folder / "tmp", told)


def add_channel(database: Database, world: World, settings: Settings, number: str) -> int:
    given = {"account_sid": ACCOUNT, "auth_token": TOKEN, "base_url": accounts.address(settings), "price_per_minute": "60"}
    with database.writing() as session:
        awa = session.get_one(Contact, world.contacts["awa"])
        awa.number, awa.number_index = number, blind(number)
        opened(session)
        return channels.add(session, "ligne", "twilio", OURS, given, NOW, kinds=(channels.VOICE, channels.BIP)).id


def add_clips(database: Database, world: World, settings: Settings) -> dict[str, str]:
    paths = {}
    with database.writing() as session:
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


def send(house: House, state: BroadcastState, key: str = MESSAGE, at: datetime = NOW) -> int:
    with house.exchange.database.writing() as session:
        row = Broadcast(
            title=key,
            content_id=house.world.contents[key],
            route=Route.VOICE,
            audience={},
            state=state,
            due_at=at,
            not_before=at,
            expires_at=at + timedelta(hours=24),
            created_at=at,
        )
        session.add(row)
        session.flush()
        return row.id


def add_packs(house: House) -> None:
    """Every prompt of packs A and B has a sound, and both are in service."""
    var, by = house.exchange.settings.var, {"approved_at": NOW, "approved_by": house.world.staff["aissata"]}
    with house.exchange.database.writing() as session:
        for label in (*packs.labels_of(Pack.A), *packs.labels_of(Pack.B)):
            if session.scalar(select(Content.id).where(Content.key == f"prompt:{label}")) is not None:
                continue
            seconds = 1.6 if label in LISTENED else 0.32
            data = sounds.wav(sounds.babble(label, seconds))
            sha256, path = store(var, data)
            house.paths[label] = str(path)
            content = Content(key=f"prompt:{label}", kind=ContentKind.PROMPT, title=label)
            words = Variant(
                content=content, language="fr", state=VariantState.APPROVED, options=[], written_at=NOW, approved_at=NOW
            )
            shape = {"media_type": "audio/wav", "bytes": len(data), "seconds": seconds, "uploaded_at": NOW}
            session.add(Clip(variant=words, sha256=sha256, **shape, **by))
        for pack in (Pack.A, Pack.B):
            session.merge(VoicePack(language="fr", pack=pack.value, published_at=NOW))


def add_second_theme(house: House) -> None:
    """Another message, of another group of themes, sent the day before."""
    seconds, data = 3.2, sounds.wav(sounds.babble(OTHER, 3.2))
    sha256, path = store(house.exchange.settings.var, data)
    house.paths[OTHER] = str(path)
    with house.exchange.database.writing() as session:
        session.get_one(Content, house.world.contents[OTHER]).theme_code = 21
        shape = {"media_type": "audio/wav", "bytes": len(data), "seconds": seconds, "uploaded_at": NOW, "approved_at": NOW}
        session.add(
            Clip(
                variant_id=house.world.variants[OTHER],
                sha256=sha256,
                approved_by=house.world.staff["aissata"],
                core_end_s=CORE_END,
                **shape,
            )
        )
    send(house, BroadcastState.FINISHED, OTHER, NOW - timedelta(days=1))
