"""The small world written once for each moment, then copied: writing it row by row would take longer than most tests."""

import shutil
import sqlite3
from contextlib import closing
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import cast

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from runtime.database import Database
from tests import world
from wsgi import metadata


class Worlds:
    """Those of one session of tests; `template` is an SQLite file with every table and no row."""

    def __init__(self, folder: Path, template: Path) -> None:
        self._folder, self._template = folder, template
        self._known: dict[tuple[bool, datetime], world.World] = {}
        self._copies: dict[datetime, dict[str, bytes]] = {}

    def build(self, database: Database, now: datetime) -> world.World:
        """`world.build`, into a database that has none of its rows yet."""
        key = (database.sqlite, now)
        if key not in self._known:
            self._known[key] = self._kept(now) if database.sqlite else self._copied(database, now)
            if not database.sqlite:
                return deepcopy(self._known[key])
        (self._attach if database.sqlite else self._paste)(database, now)
        return deepcopy(self._known[key])

    def _file(self, now: datetime) -> Path:
        return self._folder / f"{now:%Y%m%d%H%M%S}.db"

    def _kept(self, now: datetime) -> world.World:
        shutil.copy(self._template, self._file(now))
        database = Database(f"sqlite:///{self._file(now)}")
        built = world.build(database, now)
        database.close()
        return built

    def _attach(self, database: Database, now: datetime) -> None:
        with closing(sqlite3.connect(str(database.url.database), isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("ATTACH ? AS kept", (str(self._file(now)),))
            connection.execute("BEGIN IMMEDIATE")
            for table in self._filled(connection):
                connection.execute(f'INSERT INTO main."{table}" SELECT * FROM kept."{table}"')  # our own tables
            connection.execute("COMMIT")

    def _filled(self, connection: sqlite3.Connection) -> list[str]:
        names = [table.name for table in metadata().sorted_tables]
        return [name for name in names if connection.execute(f'SELECT 1 FROM kept."{name}" LIMIT 1').fetchone()]

    def _copied(self, database: Database, now: datetime) -> world.World:
        built = world.build(database, now)
        copies: dict[str, bytes] = {}
        with database.engine.connect() as connection:
            cursor = cast("Connection[object]", connection.connection.driver_connection).cursor()
            for table in metadata().sorted_tables:
                with cursor.copy(SQL("COPY {} TO STDOUT").format(Identifier(table.name))) as rows:
                    found = b"".join(bytes(row) for row in rows)
                if found:
                    copies[table.name] = found
        self._copies[now] = copies
        return built

    def _paste(self, database: Database, now: datetime) -> None:
        with database.engine.begin() as connection:
            cursor = cast("Connection[object]", connection.connection.driver_connection).cursor()
            cursor.execute("SET LOCAL session_replication_role = replica")  # what refers to what was right when it was copied
            for name, rows in self._copies[now].items():
                with cursor.copy(SQL("COPY {} FROM STDIN").format(Identifier(name))) as into:
                    into.write(rows)
            numbered = [name for name in self._copies[now] if "id" in metadata().tables[name].columns]
            last = SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), max(id)) FROM {}")
            cursor.execute(SQL("; ").join(last.format(name, Identifier(name)) for name in numbered))
