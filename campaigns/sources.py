"""What gives an event its days, read from the rows of villages, seasons, radio, answers and enrolments."""

from datetime import date, datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from campaigns import audiences
from campaigns.calendar import NOTHING, Aired, Known
from campaigns.filters import Filter
from campaigns.models import Answer, CampaignEvent, DueMember, Enrolment, EnrolmentState, Given, Repeat, Season
from clubs import radio
from clubs.calendar import Market
from clubs.models import Member, Village
from clubs.records import RadioEpisode
from translations.models import Content

MOVING = (Repeat.MARKET, Repeat.SEASON, Repeat.EPISODE, Repeat.ANSWER, Repeat.STAGE)
"""Repeats whose next day changes with what others enter."""
OPEN_ENDED = (Repeat.SEASON, Repeat.EPISODE, Repeat.ANSWER, Repeat.STAGE)
"""Repeats that are not over when no next day is known."""


def known(session: Session, event: CampaignEvent, today: date) -> Known:
    """What `campaigns.calendar` needs for this event; `today` decides who is in its audience."""
    match event.repeat:
        case Repeat.MARKET:
            return Known(markets=markets(session, event, today))
        case Repeat.SEASON:
            rows = session.execute(select(Season.id, Season.first_day, Season.last_day).where(Season.kind == event.season))
            return Known(seasons=tuple((id_, first, last) for id_, first, last in rows))
        case Repeat.EPISODE:
            return Known(episodes=_episodes(session, event))
        case Repeat.ANSWER:
            return Known(answered=_answered(session, event))
        case Repeat.STAGE:
            return Known(steps=_steps(session, event))
        case _:
            return NOTHING


def markets(session: Session, event: CampaignEvent, today: date) -> dict[int, Market | None]:
    """The villages of an event's audience, each with its market if one is known."""
    here = audiences.villages(session, Filter.from_json(event.campaign.audience), today)
    rows = select(Village).where(Village.id.in_(here))
    return {
        one.id: Market(one.market_cycle_days, one.market_anchor)
        if one.market_cycle_days is not None and one.market_anchor is not None
        else None
        for one in session.scalars(rows.order_by(Village.id))
    }


def theme_of(session: Session, event: CampaignEvent) -> int | None:
    """The theme of what the event says."""
    return session.scalar(select(Content.theme_code).where(Content.id == event.content_id))


def _episodes(session: Session, event: CampaignEvent) -> tuple[Aired, ...]:
    theme = theme_of(session, event)
    if theme is None:
        return ()
    rows = session.scalars(select(RadioEpisode).where(RadioEpisode.theme_code == theme).order_by(RadioEpisode.airs_at))
    return tuple(Aired(one.id, one.airs_at, radio.villages_reached(session, one.station_id)) for one in rows)


def _answered(session: Session, event: CampaignEvent) -> tuple[tuple[datetime, int], ...]:
    """Everybody behind the phones that answered since the event was scheduled, and that it has not followed yet."""
    told = aliased(Member)
    same_phone = told.contact_id == Answer.contact_id
    rows = (
        select(Answer.answered_at, Member.id)
        .join(Member, Member.contact_id == Answer.contact_id)
        .where(Answer.question_id == event.question_id, Answer.scored, Member.left_at.is_(None))
        .where(~exists().where(DueMember.event_id == event.id, DueMember.member_id == told.id, same_phone))
        .order_by(Answer.answered_at, Answer.id)
    )
    if event.since is not None:
        rows = rows.where(Answer.answered_at >= event.since)
    if event.given in (Given.RIGHT, Given.WRONG):
        rows = rows.where(Answer.right.is_(event.given is Given.RIGHT))
    first: dict[int, datetime] = {}
    for at, member in session.execute(rows):
        first.setdefault(member, at)
    return tuple((at, member) for member, at in first.items())


def _steps(session: Session, event: CampaignEvent) -> tuple[tuple[datetime, int], ...]:
    rows = select(Enrolment.next_due, Enrolment.member_id).where(
        Enrolment.campaign_id == event.campaign_id,
        Enrolment.next_event_id == event.id,
        Enrolment.state == EnrolmentState.ACTIVE,
        Enrolment.next_due.is_not(None),
    )
    return tuple((at, member) for at, member in session.execute(rows) if at is not None)


def first_step(session: Session, event: CampaignEvent) -> datetime | None:
    """When the first of those in a series comes to this step of it."""
    waits = (Enrolment.next_event_id == event.id, Enrolment.state == EnrolmentState.ACTIVE)
    return session.scalar(select(func.min(Enrolment.next_due)).where(*waits))
