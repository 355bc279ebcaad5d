"""Areas with villages below them, and their pauses: borders have moved, so a parent counts the villages of all its children."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs import pauses
from clubs.models import Area, Village


@dataclass(frozen=True)
class AreaLine:
    """An area, how many villages it holds and how many of them are paused today."""

    id: int
    kind: str
    name: str
    villages: int
    paused: int


def areas(session: Session, today: date) -> list[AreaLine]:
    """Every area with a village in it, by name."""
    found = []
    for area in session.scalars(select(Area).order_by(Area.name)):
        rows = villages_of(session, area.id)
        if rows:
            paused = sum(row.paused_until is not None and row.paused_until >= today for row in rows)
            found.append(AreaLine(area.id, area.kind, area.name, len(rows), paused))
    return found


def villages_of(session: Session, area_id: int) -> list[Village]:
    """The villages of an area and of the areas below it."""
    wanted, below = {area_id}, {area_id}
    while below:
        below = set(session.scalars(select(Area.id).where(Area.parent_id.in_(below)))) - wanted
        wanted |= below
    return list(session.scalars(select(Village).where(Village.area_id.in_(wanted)).order_by(Village.code)))


def pause(session: Session, area_id: int, until: date | None, *, since: date, now: datetime) -> int:
    """Pause every village of an area through a day, or end that pause now (None); how many villages changed.

    A village paused for longer by itself stays so, and the end of the area's pause is not the end of its own.
    """
    rows = villages_of(session, area_id)
    if until is None:
        ended = _said_of(session, area_id)
        rows = [row for row in rows if row.paused_until in ended]
    for row in rows:
        own = row.paused_until
        if until is None or own is None or own <= until:
            pauses.pause(session, row, until, since=since, now=now)
        else:
            pauses.pause(session, row, own, since=min(since, row.paused_from or since), now=now)
    session.get_one(Area, area_id).paused_until = until
    return len(rows)


def _said_of(session: Session, area_id: int) -> set[date]:
    """The last days of the pauses of an area and of the areas above it."""
    found: set[date] = set()
    area: Area | None = session.get_one(Area, area_id)
    while area is not None:
        found |= {area.paused_until} if area.paused_until else set()
        area = session.get(Area, area.parent_id) if area.parent_id is not None else None
    return found
