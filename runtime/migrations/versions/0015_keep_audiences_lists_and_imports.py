"""Keep audiences, lists from a file, and what an import made."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "static_list",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("put_away_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["staff.id"], name=op.f("fk_static_list_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_static_list")),
        sa.UniqueConstraint("name", name=op.f("uq_static_list_name")),
    )
    op.create_table(
        "list_entry",
        sa.Column("id", ID, nullable=False),
        sa.Column("list_id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=True),
        sa.Column("club_id", ID, nullable=True),
        sa.CheckConstraint("(contact_id IS NULL) <> (club_id IS NULL)", name=op.f("ck_list_entry_number_or_club")),
        sa.ForeignKeyConstraint(["club_id"], ["club.id"], name=op.f("fk_list_entry_club_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_list_entry_contact_id")),
        sa.ForeignKeyConstraint(["list_id"], ["static_list.id"], name=op.f("fk_list_entry_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_entry")),
        sa.UniqueConstraint("list_id", "club_id", name=op.f("uq_list_entry_list_id_club_id")),
        sa.UniqueConstraint("list_id", "contact_id", name=op.f("uq_list_entry_list_id_contact_id")),
    )
    with op.batch_alter_table("list_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_list_entry_club_id"), ["club_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_list_entry_contact_id"), ["contact_id"], unique=False)

    op.create_table(
        "member_import",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", ID, nullable=True),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("new_numbers", sa.JSON(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kept", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_member_import_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_import")),
    )
    with op.batch_alter_table("audience", schema=None) as batch_op:
        batch_op.add_column(sa.Column("put_away_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.add_column(sa.Column("import_id", ID, nullable=True))
        batch_op.create_index(batch_op.f("ix_member_import_id"), ["import_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_member_import_id"), "member_import", ["import_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_member_import_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_member_import_id"))
        batch_op.drop_column("import_id")

    with op.batch_alter_table("audience", schema=None) as batch_op:
        batch_op.drop_column("put_away_at")

    op.drop_table("member_import")
    op.drop_table("list_entry")
    op.drop_table("static_list")
