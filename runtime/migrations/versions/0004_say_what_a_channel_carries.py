"""Say what a channel can carry and how it fares."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cause", sa.String(length=24), nullable=True))
        batch_op.add_column(sa.Column("looked", sa.Integer(), server_default="0", nullable=False))

    with op.batch_alter_table("channel", schema=None) as batch_op:
        batch_op.add_column(sa.Column("parts_per_hour", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("needs_bundle", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("warn_below", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("breaker_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("breaker_reason", sa.String(length=24), nullable=True))
        batch_op.add_column(sa.Column("rest_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("rest_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("rest_step", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("pace_hour", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("balance", sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column("units", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("units_expire", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("health", sa.String(length=24), nullable=True))
        batch_op.add_column(sa.Column("health_detail", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True))

    if op.get_bind().dialect.name == "sqlite":
        # Alembic would copy the table to add this key, and SQLite refuses to drop the old one while messages point to it.
        op.execute("ALTER TABLE channel ADD COLUMN failover_id INTEGER CONSTRAINT fk_channel_failover_id REFERENCES channel (id)")
    else:
        op.add_column("channel", sa.Column("failover_id", sa.BigInteger(), nullable=True))
        op.create_foreign_key("fk_channel_failover_id", "channel", "channel", ["failover_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("channel", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_channel_failover_id"), type_="foreignkey")
        batch_op.drop_column("checked_at")
        batch_op.drop_column("health_detail")
        batch_op.drop_column("health")
        batch_op.drop_column("units_expire")
        batch_op.drop_column("units")
        batch_op.drop_column("balance")
        batch_op.drop_column("pace_hour")
        batch_op.drop_column("rest_step")
        batch_op.drop_column("rest_until")
        batch_op.drop_column("rest_since")
        batch_op.drop_column("breaker_reason")
        batch_op.drop_column("breaker_since")
        batch_op.drop_column("warn_below")
        batch_op.drop_column("needs_bundle")
        batch_op.drop_column("failover_id")
        batch_op.drop_column("parts_per_hour")

    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_column("looked")
        batch_op.drop_column("cause")
