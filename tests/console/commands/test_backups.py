"""`backup` and `restore` on the command line."""

from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from runtime import backups
from runtime.settings import Settings
from tests.world import World

Run = Callable[..., Result]


def test_a_backup_made_by_hand_is_listed(run: Run, world: World, settings: Settings) -> None:
    assert "Aucune sauvegarde" in run("backup", "list").output
    assert run("backup", "make").exit_code == 0
    (copy,) = backups.copies(settings.backup_path)
    assert str(copy.path) in run("backup", "list").output


def test_nothing_is_restored_without_a_backup_or_over_a_database_unasked(run: Run, world: World, settings: Settings) -> None:
    assert "Aucune sauvegarde n'a été trouvée" in run("restore", "from").output
    run("backup", "make")
    (copy,) = backups.copies(settings.backup_path)
    copy.path.write_bytes(copy.path.read_bytes()[:-1])
    told = run("restore", "from", str(copy.path), "--replace")
    assert (told.exit_code, "rien n'a changé" in told.output) == (1, True)
    assert [path.name for path in Path(settings.database_url.removeprefix("sqlite:///")).parent.glob("*.before-*")] == []
    assert "Rien n'est retenu" in run("restore", "release", "--drop").output
