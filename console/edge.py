"""What a page may ask of the outside: a transaction, and the time.

`now` is business time, which a simulation may have moved; sessions and links count in wall time, or moving the simulation's clock
by a day would sign everybody out.
"""

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from flask import current_app

from runtime.database import Database, Session
from runtime.installation import business_time

if TYPE_CHECKING:
    from messaging.exchange import Exchange


def exchange() -> "Exchange":
    """The settings, the database, the gateways and the work engine."""
    return cast("Exchange", current_app.extensions["lamen"])


def database() -> Database:
    """The database of this installation."""
    return exchange().database


def reading() -> AbstractContextManager[Session]:
    """A snapshot to read from, which never waits."""
    return database().reading()


def writing() -> AbstractContextManager[Session]:
    """A transaction that writes. Never open one inside another: on SQLite the second would wait for the first for ever."""
    return database().writing()


def wall_time() -> datetime:
    """The time on the wall, UTC."""
    return datetime.now(UTC)


def now(session: Session) -> datetime:
    """Business time, UTC: what everything the programme does goes by."""
    return business_time(session, wall_time())
