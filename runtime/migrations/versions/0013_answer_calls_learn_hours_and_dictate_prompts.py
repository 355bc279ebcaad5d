"""Answer calls, bill them by their step, learn when numbers answer, record prompts by telephone."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("channel", schema=None) as batch_op:
        batch_op.add_column(sa.Column("billing_step", sa.Integer(), server_default="60", nullable=False))
        batch_op.add_column(sa.Column("billing_least", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("inbound", sa.String(length=24), server_default="call_back", nullable=False))

    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.add_column(sa.Column("heard_computed", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("settled", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("spent", sa.Integer(), server_default="0", nullable=False))

    with op.batch_alter_table("club", schema=None) as batch_op:
        batch_op.add_column(sa.Column("talk_weekday", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("talk_at", sa.String(length=5), nullable=True))

    with op.batch_alter_table("recording", schema=None) as batch_op:
        batch_op.add_column(sa.Column("brief", sa.Boolean(), server_default="0", nullable=False))

    op.create_table(
        "call_hour",
        sa.Column("contact_id", _ID, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tried", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_call_hour_contact_id")),
        sa.PrimaryKeyConstraint("contact_id", "hour", name=op.f("pk_call_hour")),
    )
    op.create_table(
        "recorder",
        sa.Column("staff_id", _ID, nullable=False),
        sa.Column("contact_id", _ID, nullable=False),
        sa.Column("pin_hash", sa.String(length=120), nullable=False),
        sa.Column("pin_tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("pin_locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_recorder_staff_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_recorder_contact_id")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_recorder")),
    )
    op.create_index(op.f("ix_recorder_contact_id"), "recorder", ["contact_id"], unique=False)
    op.create_table(
        "dictation",
        sa.Column("id", _ID, nullable=False),
        sa.Column("recording_id", _ID, nullable=False),
        sa.Column("staff_id", _ID, nullable=False),
        sa.Column("content_id", _ID, nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_dictation_recording_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_dictation_staff_id")),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], name=op.f("fk_dictation_content_id")),
        sa.ForeignKeyConstraint(["language"], ["language.code"], name=op.f("fk_dictation_language")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dictation")),
        sa.UniqueConstraint("recording_id", name=op.f("uq_dictation_recording_id")),
    )
    op.create_index(op.f("ix_dictation_done_at"), "dictation", ["done_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_dictation_done_at"), table_name="dictation")
    op.drop_table("dictation")
    op.drop_index(op.f("ix_recorder_contact_id"), table_name="recorder")
    op.drop_table("recorder")
    op.drop_table("call_hour")
    with op.batch_alter_table("recording", schema=None) as batch_op:
        batch_op.drop_column("brief")
    with op.batch_alter_table("club", schema=None) as batch_op:
        batch_op.drop_column("talk_at")
        batch_op.drop_column("talk_weekday")
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.drop_column("spent")
        batch_op.drop_column("settled")
        batch_op.drop_column("heard_computed")
    with op.batch_alter_table("channel", schema=None) as batch_op:
        batch_op.drop_column("inbound")
        batch_op.drop_column("billing_least")
        batch_op.drop_column("billing_step")
