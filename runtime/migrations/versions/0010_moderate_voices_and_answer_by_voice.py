"""Moderate voices and answer by voice."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("recording", schema=None) as batch_op:
        batch_op.add_column(sa.Column("moderated_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("moderated_by", ID, nullable=True))
        batch_op.add_column(sa.Column("reason", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("transcript", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_recording_moderated_by"), "staff", ["moderated_by"], ["id"])

    with op.batch_alter_table("inquiry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("answer_content_id", ID, nullable=True))
        batch_op.add_column(sa.Column("answer_message_id", ID, nullable=True))
        batch_op.add_column(sa.Column("answer_call_id", ID, nullable=True))
        batch_op.add_column(sa.Column("shared_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("radio_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("neighbour_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_inquiry_answer_call_id"), ["answer_call_id"], unique=False)
        for column, table in (("answer_content_id", "content"), ("answer_message_id", "message"), ("answer_call_id", "call")):
            batch_op.create_foreign_key(batch_op.f(f"fk_inquiry_{column}"), table, [column], ["id"])
        batch_op.drop_column("aired")  # radio_at says it, and since when


def downgrade() -> None:
    with op.batch_alter_table("inquiry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("aired", sa.Boolean(), server_default=sa.text("false"), nullable=False))
        for column in ("answer_content_id", "answer_message_id", "answer_call_id"):
            batch_op.drop_constraint(batch_op.f(f"fk_inquiry_{column}"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_inquiry_answer_call_id"))
        for column in ("neighbour_at", "radio_at", "shared_at", "answer_call_id", "answer_message_id", "answer_content_id"):
            batch_op.drop_column(column)

    with op.batch_alter_table("recording", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_recording_moderated_by"), type_="foreignkey")
        for column in ("closed_at", "cleared_at", "transcript", "reason", "moderated_by", "moderated_at"):
            batch_op.drop_column(column)
