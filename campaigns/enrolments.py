"""A member's place in a life-stage series: which of its events comes next, counted from the month of a birth.

Only the month is kept, so everything is due on its first day; nothing here asks or stores why a series ended.
"""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.errors import CampaignError
from campaigns.models import Campaign, CampaignEvent, Enrolment, EnrolmentState, Repeat
from clubs.models import Member

MORNING = time(9)


def enrol(session: Session, campaign: Campaign, member: Member, anchor_month: date, now: datetime, zone: ZoneInfo) -> Enrolment:
    """Give a member their place; what was due before `now` is left out. CampaignError("no_series") without stage events."""
    if not any(event.repeat is Repeat.STAGE for event in campaign.events):
        raise CampaignError("no_series", campaign.id)
    anchor = anchor_month.replace(day=1)
    same = (Enrolment.campaign_id == campaign.id, Enrolment.member_id == member.id, Enrolment.anchor_month == anchor)
    row = session.scalar(select(Enrolment).where(*same))
    if row is None:
        row = Enrolment(campaign_id=campaign.id, member_id=member.id, anchor_month=anchor, enrolled_at=now)
        session.add(row)
    row.state, row.ended_at = EnrolmentState.ACTIVE, None
    _advance(row, campaign, now, zone)
    session.flush()
    return row


def end(row: Enrolment, now: datetime) -> None:
    """End a place at once; an ended one stays as it was."""
    if row.state is not EnrolmentState.ENDED:
        row.state, row.ended_at, row.next_event_id, row.next_due = EnrolmentState.ENDED, now, None, None


def end_for_phone(session: Session, contact_id: int, now: datetime) -> int:
    """End every series of everybody behind a phone; how many. Nobody said who writes, and none is asked why."""
    mine = select(Enrolment).join(Member, Member.id == Enrolment.member_id)
    rows = session.scalars(mine.where(Member.contact_id == contact_id, Enrolment.state != EnrolmentState.ENDED)).all()
    for row in rows:
        end(row, now)
    return len(rows)


def due_at(event: CampaignEvent, anchor: date, zone: ZoneInfo) -> datetime:
    """Nine in the morning of the first day of the month that lies `months_after` the anchor."""
    months = anchor.year * 12 + anchor.month - 1 + (event.months_after or 0)
    return datetime.combine(date(months // 12, months % 12 + 1, 1), MORNING, zone)


def _advance(row: Enrolment, campaign: Campaign, now: datetime, zone: ZoneInfo) -> None:
    to_come = [
        (due_at(event, row.anchor_month, zone), event.id)
        for event in campaign.events
        if event.repeat is Repeat.STAGE and due_at(event, row.anchor_month, zone) >= now
    ]
    row.next_due, row.next_event_id = min(to_come, default=(None, None))
