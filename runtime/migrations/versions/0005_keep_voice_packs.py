"""Keep voice packs and the hash of each upload."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "voice_pack",
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("pack", sa.String(length=1), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["language"], ["language.code"], name=op.f("fk_voice_pack_language")),
        sa.ForeignKeyConstraint(["published_by"], ["staff.id"], name=op.f("fk_voice_pack_published_by")),
        sa.PrimaryKeyConstraint("language", "pack", name=op.f("pk_voice_pack")),
    )
    with op.batch_alter_table("clip", schema=None) as batch_op:
        batch_op.add_column(sa.Column("upload_sha256", sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("clip", schema=None) as batch_op:
        batch_op.drop_column("upload_sha256")
    op.drop_table("voice_pack")
