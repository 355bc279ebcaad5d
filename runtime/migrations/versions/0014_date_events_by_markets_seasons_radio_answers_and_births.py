"""Date events by markets, seasons, radio, answers and births."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "season",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_season_in_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_season")),
        sa.UniqueConstraint("kind", "first_day", name=op.f("uq_season_kind_first_day")),
    )
    op.create_table(
        "due_member",
        sa.Column("id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("occurrence_id", ID, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["campaign_event.id"], name=op.f("fk_due_member_event_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_due_member_member_id")),
        sa.ForeignKeyConstraint(["occurrence_id"], ["occurrence.id"], name=op.f("fk_due_member_occurrence_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due_member")),
        sa.UniqueConstraint("event_id", "member_id", "due_at", name=op.f("uq_due_member_event_id_member_id_due_at")),
    )
    with op.batch_alter_table("due_member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_due_member_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_due_member_occurrence_id"), ["occurrence_id"], unique=False)

    with op.batch_alter_table("area", schema=None) as batch_op:
        batch_op.add_column(sa.Column("paused_until", sa.Date(), nullable=True))

    with op.batch_alter_table("broadcast", schema=None) as batch_op:
        batch_op.add_column(sa.Column("priority", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("series", sa.Boolean(), server_default=sa.text("false"), nullable=False))

    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.add_column(sa.Column("hours", sa.String(length=24), nullable=True))
        batch_op.add_column(sa.Column("kept_off", sa.JSON(), nullable=True))

    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.add_column(sa.Column("priority", sa.String(length=24), server_default="normal", nullable=False))

    with op.batch_alter_table("campaign_event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("market", sa.String(length=24), nullable=True))
        batch_op.add_column(sa.Column("season", sa.String(length=24), nullable=True))
        batch_op.add_column(sa.Column("days_into", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("weekly", sa.Boolean(), server_default=sa.text("false"), nullable=False))
        batch_op.add_column(sa.Column("hours_after", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("question_id", ID, nullable=True))
        batch_op.add_column(sa.Column("given", sa.String(length=24), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_campaign_event_question_id"), "question", ["question_id"], ["id"])

    with op.batch_alter_table("club", schema=None) as batch_op:
        batch_op.add_column(sa.Column("hours", sa.String(length=24), nullable=True))

    with op.batch_alter_table("enrolment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("inquiry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("air_text", sa.LargeBinary(), nullable=True))

    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("series", sa.Boolean(), server_default=sa.text("false"), nullable=False))

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("hours", sa.String(length=24), nullable=True))
        batch_op.add_column(sa.Column("kept_off", sa.JSON(), nullable=True))

    with op.batch_alter_table("occurrence", schema=None) as batch_op:
        batch_op.add_column(sa.Column("key", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("audience", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("reason", sa.String(length=24), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("occurrence", schema=None) as batch_op:
        batch_op.drop_column("reason")
        batch_op.drop_column("audience")
        batch_op.drop_column("key")

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_column("kept_off")
        batch_op.drop_column("hours")

    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.drop_column("series")

    with op.batch_alter_table("inquiry", schema=None) as batch_op:
        batch_op.drop_column("air_text")

    with op.batch_alter_table("enrolment", schema=None) as batch_op:
        batch_op.drop_column("suspended_at")

    with op.batch_alter_table("club", schema=None) as batch_op:
        batch_op.drop_column("hours")

    with op.batch_alter_table("campaign_event", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_campaign_event_question_id"), type_="foreignkey")
        batch_op.drop_column("given")
        batch_op.drop_column("question_id")
        batch_op.drop_column("hours_after")
        batch_op.drop_column("weekly")
        batch_op.drop_column("days_into")
        batch_op.drop_column("season")
        batch_op.drop_column("market")
        batch_op.drop_column("since")

    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.drop_column("priority")

    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.drop_column("kept_off")
        batch_op.drop_column("hours")

    with op.batch_alter_table("broadcast", schema=None) as batch_op:
        batch_op.drop_column("series")
        batch_op.drop_column("priority")

    with op.batch_alter_table("area", schema=None) as batch_op:
        batch_op.drop_column("paused_until")

    with op.batch_alter_table("due_member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_due_member_occurrence_id"))
        batch_op.drop_index(batch_op.f("ix_due_member_member_id"))

    op.drop_table("due_member")
    op.drop_table("season")
