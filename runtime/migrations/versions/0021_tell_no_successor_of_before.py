"""Tell no successor of before: who took a club over under an older version is not told again."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

REPORTS = sa.table("report", sa.column("id"), sa.column("kind"), sa.column("state"), sa.column("flags", sa.JSON()))


def upgrade() -> None:
    accepted = sa.select(REPORTS.c.id, REPORTS.c.flags).where(REPORTS.c.kind == "NF", REPORTS.c.state == "valid")
    for id_, flags in op.get_bind().execute(accepted).all():
        op.execute(REPORTS.update().where(REPORTS.c.id == id_).values(flags=[*flags, "told"]))


def downgrade() -> None:
    pass  # an older version does not know the word and leaves it
