"""A desk over one message that nobody has written yet."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from runtime.database import Database
from tests.translations.desk import Desk
from tests.world import World
from translations.models import Content, ContentKind


@pytest.fixture
def session(database: Database, world: World) -> Iterator[Session]:
    with database.writing() as opened:
        yield opened


@pytest.fixture
def content(session: Session) -> Content:
    """A message that nobody has written yet."""
    row = Content(key="essai", kind=ContentKind.MESSAGE, title="Essai", theme_code=12)
    session.add(row)
    session.flush()
    return row


@pytest.fixture
def desk(session: Session, content: Content, world: World, now: datetime) -> Desk:
    return Desk(session, content, world, now)
