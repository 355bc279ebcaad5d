"""Open a real installation by hand, first to a pilot; cap what a day may cost."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("opening", sa.String(length=24), server_default="closed", nullable=False))
        batch_op.add_column(sa.Column("pilot", sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
        batch_op.add_column(sa.Column("day_cap", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("declared", sa.JSON(), server_default=sa.text("'{}'"), nullable=False))
    # What sends already goes on sending.
    op.execute("UPDATE installation SET opening = 'open' WHERE NOT simulation")
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.create_check_constraint(
            batch_op.f("ck_installation_simulation_is_closed"), "NOT simulation OR opening = 'closed'"
        )


def downgrade() -> None:
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_installation_simulation_is_closed"), type_="check")
        batch_op.drop_column("declared")
        batch_op.drop_column("day_cap")
        batch_op.drop_column("pilot")
        batch_op.drop_column("opening")
