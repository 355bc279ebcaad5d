"""Tell a database that is away for now from a mistake of ours: only the first is worth waiting and spooling for."""

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


def is_away(error: BaseException) -> bool:
    """Whether trying again later may help: no connection, locked, shutting down, disk full."""
    return isinstance(error, (OperationalError, InterfaceError, PoolTimeout))
