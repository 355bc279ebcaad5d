"""Insert a row unless its unique key is taken, on SQLite and PostgreSQL alike.

Told by what came back, not by the row count: on PostgreSQL an ORM insert counts -1 whether it wrote or not.
"""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from runtime.database import Base


def insert_once(session: Session, model: type[Base], **values: Any) -> bool:
    """True if this call wrote the row. Another transaction writing the same key is waited for, never an error."""
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement: ReturningInsert[Any] = (
        insert(model).values(**values).on_conflict_do_nothing().returning(*model.__table__.primary_key)
    )
    return session.execute(statement).first() is not None
