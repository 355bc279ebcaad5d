"""Settle expected reports and tell clubs their month."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ramadan",
        sa.Column("id", ID, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("sessions", sa.Boolean(), nullable=False),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_ramadan_in_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ramadan")),
        sa.UniqueConstraint("first_day", name=op.f("uq_ramadan_first_day")),
    )
    op.create_table(
        "club_summary",
        sa.Column("id", ID, nullable=False),
        sa.Column("club_id", ID, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["club_id"], ["club.id"], name=op.f("fk_club_summary_club_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_club_summary_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_summary")),
        sa.UniqueConstraint("club_id", "month", name=op.f("uq_club_summary_club_id_month")),
    )
    with op.batch_alter_table("village", schema=None) as batch_op:
        batch_op.add_column(sa.Column("paused_from", sa.Date(), nullable=True))
    with op.batch_alter_table("club", schema=None) as batch_op:
        batch_op.add_column(sa.Column("market_rule", sa.String(length=24), nullable=True))
        batch_op.add_column(sa.Column("paused_from", sa.Date(), nullable=True))
    with op.batch_alter_table("expected_report", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reminder_id", ID, nullable=True))
        batch_op.add_column(sa.Column("escalated_on", sa.Date(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_expected_report_reminder_id"), "message", ["reminder_id"], ["id"])
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("cleared_by", ID, nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_report_cleared_by"), "staff", ["cleared_by"], ["id"])
    with op.batch_alter_table("spot_check", schema=None) as batch_op:
        batch_op.add_column(sa.Column("month", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("asked_id", ID, nullable=True))
        batch_op.create_index(batch_op.f("ix_spot_check_month"), ["month"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_spot_check_asked_id"), "message", ["asked_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("spot_check", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_spot_check_asked_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_spot_check_month"))
        batch_op.drop_column("asked_id")
        batch_op.drop_column("month")
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_report_cleared_by"), type_="foreignkey")
        batch_op.drop_column("cleared_by")
        batch_op.drop_column("cleared_at")
    with op.batch_alter_table("expected_report", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_expected_report_reminder_id"), type_="foreignkey")
        batch_op.drop_column("escalated_on")
        batch_op.drop_column("reminder_id")
    with op.batch_alter_table("club", schema=None) as batch_op:
        batch_op.drop_column("paused_from")
        batch_op.drop_column("market_rule")
    with op.batch_alter_table("village", schema=None) as batch_op:
        batch_op.drop_column("paused_from")
    op.drop_table("club_summary")
    op.drop_table("ramadan")
