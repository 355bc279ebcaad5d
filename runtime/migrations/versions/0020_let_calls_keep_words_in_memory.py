"""Let calls keep words in memory: a stamp that changes with them."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("words", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.execute(sa.text("UPDATE installation SET words = :drawn").bindparams(drawn=secrets.randbelow(2**62)))


def downgrade() -> None:
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.drop_column("words")
