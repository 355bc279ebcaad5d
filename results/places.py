"""Communes: the only places that leave the house by name."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs.models import Area, Village


def communes(session: Session, villages: frozenset[int] | None = None) -> list[tuple[int, str]]:
    """The ids and names of the communes with villages, or with villages among these."""
    here = select(Area.id, Area.name).where(
        Area.id.in_(select(Village.area_id) if villages is None else select(Village.area_id).where(Village.id.in_(villages)))
    )
    return [(id_, name) for id_, name in session.execute(here.order_by(Area.name))]


def villages_of(session: Session, commune: int) -> frozenset[int]:
    """The ids of a commune's villages."""
    return frozenset(session.scalars(select(Village.id).where(Village.area_id == commune)))
