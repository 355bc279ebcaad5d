"""Saved audiences: a filter under a name, chosen by campaigns and taken away from others.

One put away is offered no more and stays for those that name it.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaigns.errors import CampaignError
from campaigns.filters import Filter, frozen
from campaigns.models import Audience, StaticList

NAME = 80


def kept(session: Session, also: Collection[int] = ()) -> list[Audience]:
    """The audiences on offer, with those of `also` whatever became of them, by name."""
    offered = or_(Audience.put_away_at.is_(None), Audience.id.in_(also))
    return list(session.scalars(select(Audience).where(offered).order_by(Audience.name)))


def save(session: Session, row: Audience | None, name: str, wanted: Filter, staff_id: int, now: datetime) -> Audience:
    """Keep a filter under a name, new or in place of `row`'s; drafts that chose `row` follow, scheduled campaigns do not.

    CampaignError: "name_taken", "audience_circle" where it would be taken from itself, "audience" for one that is another's.
    """
    if wanted.saved is not None or wanted.frozen:
        raise CampaignError("audience")
    same = session.scalar(select(Audience).where(Audience.name == name))
    if same is not None and same is not row:
        raise CampaignError("name_taken", same.id)
    if row is None:
        row = Audience(name=name, filter=wanted.to_json(), created_at=now, created_by=staff_id)
        session.add(row)
    row.name, row.filter = name, wanted.to_json()
    session.flush()
    frozen(session, Filter(saved=row.id))
    return row


def put_away(row: Audience | StaticList, now: datetime) -> bool:
    """Offer it no more; False when that was done before."""
    if row.put_away_at is not None:
        return False
    row.put_away_at = now
    return True
