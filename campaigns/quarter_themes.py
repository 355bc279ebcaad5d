"""The themes of a quarter: those staff planned, and only where none is planned those that were on air or sent.

The printed card and the coverage of themes both ask here.
"""

from datetime import UTC, date, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs.month import quarter_after
from clubs.records import PlannedTheme, RadioEpisode
from messaging.models import Broadcast, BroadcastState
from translations.models import Content


def planned(session: Session, first: date) -> list[int]:
    """The codes of the themes planned for the quarter that begins on a day."""
    mine = select(PlannedTheme.theme_code).where(PlannedTheme.quarter == first)
    return list(session.scalars(mine.order_by(PlannedTheme.theme_code)))


def themes_of(session: Session, first: date) -> list[int]:
    """The codes of the themes of the quarter that begins on a day."""
    return planned(session, first) or _heard(session, first)


def _heard(session: Session, first: date) -> list[int]:
    begin, end = (datetime.combine(day, time(), UTC) for day in (first, quarter_after(first)))
    aired = select(RadioEpisode.theme_code).where(RadioEpisode.airs_at >= begin, RadioEpisode.airs_at < end)
    sent = (
        select(Content.theme_code)
        .join(Broadcast, Broadcast.content_id == Content.id)
        .where(Broadcast.not_before >= begin, Broadcast.not_before < end, Broadcast.state != BroadcastState.CANCELLED)
    )
    return sorted({code for query in (aired, sent) for code in session.scalars(query) if code is not None})
