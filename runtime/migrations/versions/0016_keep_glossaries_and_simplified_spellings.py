"""Keep glossaries and simplified spellings."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "glossary_term",
        sa.Column("id", ID, nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("term", sa.String(length=80), nullable=False),
        sa.Column("translation", sa.String(length=120), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("written_by", ID, nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["language"], ["language.code"], name=op.f("fk_glossary_term_language")),
        sa.ForeignKeyConstraint(["written_by"], ["staff.id"], name=op.f("fk_glossary_term_written_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_glossary_term")),
        sa.UniqueConstraint("language", "term", name=op.f("uq_glossary_term_language_term")),
    )
    op.create_table(
        "spelling",
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("letter", sa.String(length=4), nullable=False),
        sa.Column("replacement", sa.String(length=8), nullable=False),
        sa.Column("confirmed_by", ID, nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["confirmed_by"], ["staff.id"], name=op.f("fk_spelling_confirmed_by")),
        sa.ForeignKeyConstraint(["language"], ["language.code"], name=op.f("fk_spelling_language")),
        sa.PrimaryKeyConstraint("language", "letter", name=op.f("pk_spelling")),
    )
    with op.batch_alter_table("variant", schema=None) as batch_op:
        batch_op.add_column(sa.Column("simplified", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("variant", schema=None) as batch_op:
        batch_op.drop_column("simplified")

    op.drop_table("spelling")
    op.drop_table("glossary_term")
