"""Writing one row: inserted unless its unique key is taken, or its changes stored at once, on SQLite and PostgreSQL alike.

An insert is told by what came back, not by the row count: on PostgreSQL an ORM insert counts -1 whether it wrote or not.
"""

from functools import cache
from typing import Any

from sqlalchemy import Update, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.sql.dml import ReturningInsert

from runtime.database import Base, late


def insert_once(session: Session, model: type[Base], **values: Any) -> bool:
    """True if this call wrote the row. Another transaction writing the same key is waited for, never an error."""
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement: ReturningInsert[Any] = (
        insert(model).values(**values).on_conflict_do_nothing().returning(*model.__table__.primary_key)
    )
    return session.execute(statement).first() is not None


def settle(session: Session, row: Base) -> None:
    """Write late what was changed in `row`, which has one key named `id`, and let it go: what is changed after this is lost.

    For the last word on a row for which somebody waits: the session's own way sorts and compares all that it holds.
    """
    state = instance_state(row)
    if state.pending:
        return  # new: the session must write it, and what it hangs on, in order
    if not state.persistent:
        raise ValueError("let go before")
    changed = {name: state.dict[name] for name in state.committed_state}
    if changed:
        row_id = state.identity[0] if state.identity else None
        late(session, _update(type(row), tuple(sorted(changed))), {"row_id": row_id, **changed})
    session.expunge(row)


@cache
def _update(model: type[Base], names: tuple[str, ...]) -> Update:
    table = model.metadata.tables[model.__tablename__]
    return update(table).where(table.c.id == bindparam("row_id")).values({name: bindparam(name) for name in names})
