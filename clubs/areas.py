"""Areas with villages below them: the borders have moved before, so that a parent counts the villages of all its children."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

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
