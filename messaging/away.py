"""Tell a database that is away for now from a mistake of ours: only the first is worth waiting and spooling for."""

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_RACES = ("40P01", "40001")  # PostgreSQL's: deadlock detected, serialization failure


def is_away(error: BaseException) -> bool:
    """Whether trying again later may help: no connection, locked, shutting down, disk full."""
    return isinstance(error, (OperationalError, InterfaceError, PoolTimeout))


def lost_a_race(error: BaseException) -> bool:
    """Whether the database undid this transaction because two waited for each other: by itself it would pass."""
    return isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", None) in _RACES
