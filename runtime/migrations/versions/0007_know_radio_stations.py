"""Know radio stations, what an episode asks and what it answers."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# The name that stood with each episode becomes a station of its own.
NAMES_TO_STATIONS = "INSERT INTO radio_station (name) SELECT DISTINCT station FROM radio_episode"
STATION_OF_EPISODE = (
    "UPDATE radio_episode SET station_id = (SELECT id FROM radio_station WHERE radio_station.name = radio_episode.station)"
)
NAME_OF_EPISODE = (
    "UPDATE radio_episode SET station = (SELECT name FROM radio_station WHERE radio_station.id = radio_episode.station_id)"
)


def upgrade() -> None:
    op.create_table(
        "radio_station",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("area_id", ID, nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_radio_station_area_id")),
        sa.ForeignKeyConstraint(["language"], ["language.code"], name=op.f("fk_radio_station_language")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_radio_station")),
        sa.UniqueConstraint("name", name=op.f("uq_radio_station_name")),
    )
    op.execute(NAMES_TO_STATIONS)
    with op.batch_alter_table("radio_episode", schema=None) as batch_op:
        batch_op.add_column(sa.Column("station_id", ID, nullable=True))
        batch_op.add_column(sa.Column("question_id", ID, nullable=True))
    op.execute(STATION_OF_EPISODE)
    with op.batch_alter_table("radio_episode", schema=None) as batch_op:
        batch_op.alter_column("station_id", existing_type=ID, nullable=False)
        batch_op.create_index(batch_op.f("ix_radio_episode_airs_at"), ["airs_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_radio_episode_station_id"), ["station_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_radio_episode_question_id"), "question", ["question_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_radio_episode_station_id"), "radio_station", ["station_id"], ["id"])
        batch_op.drop_column("station")
    with op.batch_alter_table("inquiry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("episode_id", ID, nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_inquiry_episode_id"), "radio_episode", ["episode_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("inquiry", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_inquiry_episode_id"), type_="foreignkey")
        batch_op.drop_column("episode_id")
    with op.batch_alter_table("radio_episode", schema=None) as batch_op:
        batch_op.add_column(sa.Column("station", sa.String(length=80), nullable=True))
    op.execute(NAME_OF_EPISODE)
    with op.batch_alter_table("radio_episode", schema=None) as batch_op:
        batch_op.alter_column("station", existing_type=sa.String(length=80), nullable=False)
        batch_op.drop_constraint(batch_op.f("fk_radio_episode_station_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_radio_episode_question_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_radio_episode_station_id"))
        batch_op.drop_index(batch_op.f("ix_radio_episode_airs_at"))
        batch_op.drop_column("question_id")
        batch_op.drop_column("station_id")
    op.drop_table("radio_station")
