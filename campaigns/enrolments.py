"""A member's place in a life-stage series: which of its events comes next, counted from the month of a birth.

Only the month is kept, so everything is due on its first day; nothing here asks or stores why a series ended.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from campaigns.errors import CampaignError
from campaigns.models import Campaign, CampaignEvent, Enrolment, EnrolmentState, Repeat
from clubs.models import Member
from messaging import contacts
from messaging.exchange import Exchange
from messaging.models import Call, Contact, Purpose

MORNING = time(9)
UNHEARD = timedelta(days=90)
AT_ONCE = 500


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


def end_all(session: Session, contact: Contact, now: datetime, campaign_id: int | None = None) -> int:
    """End every place of everybody behind a phone, or those of one campaign; how many. Nobody is asked why."""
    rows = places(session, contact, campaign_id)
    for row in rows:
        end(row, now)
    if rows and not places(session, contact):
        contacts.withdraw(session, contact, Purpose.SERIES, now)
    session.flush()
    return len(rows)


def places(session: Session, contact: Contact, campaign_id: int | None = None) -> list[Enrolment]:
    """The places that have not ended of everybody behind a phone."""
    mine = select(Enrolment).join(Member, Member.id == Enrolment.member_id).where(Member.contact_id == contact.id)
    if campaign_id is not None:
        mine = mine.where(Enrolment.campaign_id == campaign_id)
    return list(session.scalars(mine.where(Enrolment.state != EnrolmentState.ENDED).order_by(Enrolment.id)))


def to_ask(session: Session, contact: Contact) -> bool:
    """Whether a place waits for the agreement of this phone: it gave none yet, or was not heard of for too long."""
    waits = any(row.state is EnrolmentState.SUSPENDED for row in places(session, contact))
    return waits and not contacts.has_consent(session, contact.id, Purpose.SERIES)


def agreed(session: Session, contact: Contact, now: datetime, zone: ZoneInfo) -> None:
    """Take the waiting places of a phone up where they stand today; what was due meanwhile is left out."""
    for row in places(session, contact):
        if row.state is EnrolmentState.SUSPENDED:
            row.state = EnrolmentState.ACTIVE
            _advance(row, session.get_one(Campaign, row.campaign_id), now, zone)
    session.flush()


def suspend_unheard(exchange: Exchange, now: datetime) -> int:
    """Suspend the places of phones silent for 90 days: the number may be somebody else's by now. How many."""
    since = now - UNHEARD
    heard = exists().where(Call.contact_id == Contact.id, Call.core_reached.is_(True), Call.answered_at >= since)
    asked = select(Enrolment, Contact).join(Member, Member.id == Enrolment.member_id).join(Contact)
    silent = or_(Contact.last_heard_at.is_(None), Contact.last_heard_at < since)
    old = (Enrolment.state == EnrolmentState.ACTIVE, Enrolment.enrolled_at < since, silent, ~heard)
    with exchange.database.writing() as session:
        rows = session.execute(asked.where(*old).limit(AT_ONCE)).all()
        for row, contact in rows:
            row.state = EnrolmentState.SUSPENDED
            contacts.withdraw(session, contact, Purpose.SERIES, now)
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
