"""How Alembic runs our revisions: on the connection it is given, inside that connection's transaction.

Revisions name plain column types, never our own, so that an old one still runs when a class of ours has moved.
"""

from typing import Any, Literal

from alembic import context
from sqlalchemy import DateTime, Enum, LargeBinary
from sqlalchemy.types import TypeDecorator

from runtime.migrate import ours


def _plain(kind: str, item: Any, _autogenerate: Any) -> str | Literal[False]:
    if kind != "type":
        return False
    plain = item.impl_instance if isinstance(item, TypeDecorator) else item
    if isinstance(plain, Enum):
        return f"sa.String(length={plain.length})"
    if isinstance(plain, DateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, TypeDecorator) and isinstance(plain, LargeBinary):
        return "sa.LargeBinary()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    compare_type=True,
    include_name=ours,
    render_item=_plain,
    render_as_batch=True,  # SQLite alters a table by copying it; on PostgreSQL the same lines are plain ALTERs
    transactional_ddl=True,
)
context.run_migrations()
