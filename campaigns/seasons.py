"""The seasons that staff date anew each year."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.errors import CampaignError
from campaigns.models import Season, SeasonKind


def dated(session: Session) -> list[Season]:
    """Every season, the latest first."""
    return list(session.scalars(select(Season).order_by(Season.first_day.desc(), Season.id)))


def date_season(session: Session, kind: SeasonKind, first: date, last: date) -> Season:
    """Write a season down. CampaignError: "order" for a last day before the first, "overlaps" one of its own kind."""
    if last < first:
        raise CampaignError("order")
    same = (Season.kind == kind, Season.first_day <= last, Season.last_day >= first)
    if (other := session.scalar(select(Season.id).where(*same).limit(1))) is not None:
        raise CampaignError("overlaps", other)
    row = Season(kind=kind, first_day=first, last_day=last)
    session.add(row)
    session.flush()
    return row


def remove(session: Session, number: int) -> bool:
    """Take a season out again; what it already made due stays as it is. False when it is gone."""
    row = session.get(Season, number)
    if row is None:
        return False
    session.delete(row)
    session.flush()
    return True
