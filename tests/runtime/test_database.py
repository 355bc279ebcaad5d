from runtime.database import Database
from tests.world import World


def test_the_small_world_stands(database: Database, world: World) -> None:
    from clubs.models import Member

    with database.reading() as session:
        assert session.query(Member).count() == len(world.members)
