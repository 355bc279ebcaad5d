"""Read words of local languages in reports, and keep members whose sex nobody has said yet."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "report_word",
        sa.Column("id", ID, nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("word", sa.String(length=32), nullable=False),
        sa.Column("means", sa.String(length=16), nullable=False),
        sa.Column("proposed_by", ID, nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.LargeBinary(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("written_down_by", ID, nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["language"], ["language.code"], name=op.f("fk_report_word_language")),
        sa.ForeignKeyConstraint(["proposed_by"], ["staff.id"], name=op.f("fk_report_word_proposed_by")),
        sa.ForeignKeyConstraint(["written_down_by"], ["staff.id"], name=op.f("fk_report_word_written_down_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_word")),
        sa.UniqueConstraint("language", "word", name=op.f("uq_report_word_language_word")),
    )
    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.alter_column("sex", existing_type=sa.String(length=24), nullable=True)


def downgrade() -> None:
    # A sex nobody has said cannot be put back into a column that wants one: such a member must be completed or left first.
    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.alter_column("sex", existing_type=sa.String(length=24), nullable=False)
    op.drop_table("report_word")
