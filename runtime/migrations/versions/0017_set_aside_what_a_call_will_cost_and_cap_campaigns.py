"""Set aside what a call will cost and cap campaigns."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.add_column(sa.Column("expected", sa.Integer(), server_default="0", nullable=False))

    with op.batch_alter_table("broadcast", schema=None) as batch_op:
        batch_op.add_column(sa.Column("purse", sa.String(length=40), nullable=True))

    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("warn_share", sa.Integer(), server_default="20", nullable=False))

    # What may be tried, or tried again, is set aside for as before, and what repeats counts against a cap set from now on.
    op.execute(
        "UPDATE call SET expected = COALESCE(price, 0)"
        " WHERE retry OR state IN ('queued', 'dialling', 'ringing', 'answered', 'unknown')"
    )
    op.execute(
        "UPDATE broadcast SET purse = (SELECT 'campaign:' || campaign_event.campaign_id FROM occurrence"
        " JOIN campaign_event ON campaign_event.id = occurrence.event_id WHERE occurrence.broadcast_id = broadcast.id)"
    )


def downgrade() -> None:
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.drop_column("warn_share")

    with op.batch_alter_table("broadcast", schema=None) as batch_op:
        batch_op.drop_column("purse")

    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.drop_column("expected")
