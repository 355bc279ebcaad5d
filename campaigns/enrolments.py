"""A member's place in a life-stage series: which of its events comes next, counted from the month of a birth.

Only the month is kept, so everything is due on its first day; nothing here asks or stores why a series ended.
"""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, bindparam, exists, func, not_, select
from sqlalchemy.orm import Session, aliased, object_session

from campaigns.errors import CampaignError
from campaigns.models import (
    Campaign,
    CampaignEvent,
    CampaignState,
    DueMember,
    Enrolment,
    EnrolmentState,
    Occurrence,
    Recipient,
    Repeat,
)
from clubs import unasked
from clubs.models import Member
from messaging import contacts
from messaging.exchange import Exchange
from messaging.models import Broadcast, Call, CallState, Contact, Message, MessageState, OpenPrompt, PromptKind, Purpose
from messaging.states import move_all
from runtime import journal
from runtime.installation import installation

MORNING = time(9)
UNHEARD = timedelta(days=90)
"""A number nobody answered from for so long may have been given to somebody else."""
ASKED_FOR = timedelta(days=14)
Step = tuple[datetime, int]
Came = dict[tuple[int, int], set[date]]
"""The days on which a member's steps came, by member and event."""


def enrol(session: Session, campaign: Campaign, member: Member, anchor_month: date, now: datetime, zone: ZoneInfo) -> Enrolment:
    """Give a member their place; what was due before `now` is left out.

    CampaignError: "series_off" where this installation has not switched series on, "no_series" without stage events.
    """
    if not installation(session).series:
        raise CampaignError("series_off", campaign.id)
    if not any(event.repeat is Repeat.STAGE for event in campaign.events):
        raise CampaignError("no_series", campaign.id)
    anchor = anchor_month.replace(day=1)
    same = (Enrolment.campaign_id == campaign.id, Enrolment.member_id == member.id, Enrolment.anchor_month == anchor)
    row = session.scalar(select(Enrolment).where(*same))
    if row is None:
        row = Enrolment(campaign_id=campaign.id, member_id=member.id, anchor_month=anchor)
        session.add(row)
    _begin(row, campaign, now, zone)
    session.flush()
    return row


def end(row: Enrolment, now: datetime) -> None:
    """End a place at once, and take back what of it has not left; an ended one stays as it was."""
    if row.state is not EnrolmentState.ENDED:
        row.state, row.ended_at, row.next_event_id, row.next_due = EnrolmentState.ENDED, now, None, None
        _take_back(row, now)
        _note(row)


def suspend(row: Enrolment, now: datetime) -> None:
    """Hold an active place until somebody behind the phone agrees again."""
    if row.state is EnrolmentState.ACTIVE:
        row.state, row.suspended_at, row.next_event_id, row.next_due = EnrolmentState.SUSPENDED, now, None, None
        _take_back(row, now)


def resume(session: Session, row: Enrolment, now: datetime, zone: ZoneInfo) -> None:
    """Go on with a suspended place, from the next step to come; any other stays as it was."""
    if row.state is EnrolmentState.SUSPENDED:
        _begin(row, session.get_one(Campaign, row.campaign_id), now, zone)
        session.flush()


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


_SUSPENDED = exists().where(
    Enrolment.member_id == Member.id, Member.contact_id == bindparam("contact"), Enrolment.state == EnrolmentState.SUSPENDED
)
TO_ASK = and_(_SUSPENDED, not_(contacts.agreed(Purpose.SERIES)))
"""Whether a place waits for the agreement of the phone that is bound as "contact": it gave none yet, or was long not heard of."""


def agreed(session: Session, contact: Contact, now: datetime, zone: ZoneInfo) -> int:
    """Go on with the suspended places of a phone that agreed; how many. What was due meanwhile is left out."""
    waiting = [row for row in places(session, contact) if row.state is EnrolmentState.SUSPENDED]
    for row in waiting:
        resume(session, row, now, zone)
    return len(waiting)


def due_at(event: CampaignEvent, anchor: date, zone: ZoneInfo) -> datetime:
    """Nine in the morning of the first day of the month that lies `months_after` the anchor."""
    months = anchor.year * 12 + anchor.month - 1 + (event.months_after or 0)
    return datetime.combine(date(months // 12, months % 12 + 1, 1), MORNING, zone)


def enrolled(session: Session, broadcast_id: int) -> frozenset[int]:
    """The members whose place in the series of this broadcast is active."""
    campaign = (
        select(CampaignEvent.campaign_id)
        .join(Occurrence, Occurrence.event_id == CampaignEvent.id)
        .where(Occurrence.broadcast_id == broadcast_id)
    )
    active = select(Enrolment.member_id).where(Enrolment.state == EnrolmentState.ACTIVE)
    return frozenset(session.scalars(active.where(Enrolment.campaign_id == campaign.scalar_subquery())))


def move_on(session: Session, event: CampaignEvent, members: Collection[int], zone: ZoneInfo) -> None:
    """Let the members whose step `event` has come look to the next one that did not come yet, and to no further."""
    mine = (Enrolment.next_event_id == event.id, Enrolment.state == EnrolmentState.ACTIVE)
    wanted = set(members)
    came = _came(session, event.campaign, zone, wanted)
    for row in session.scalars(select(Enrolment).where(*mine)):
        if row.member_id in wanted and row.next_due is not None:
            done = (row.next_due, event.id)
            _point(row, [step for step in _not_yet(row, event.campaign, zone, came) if step > done])


def repair(session: Session, campaign: Campaign, zone: ZoneInfo) -> int:
    """Point each active place at its first step that was neither sent nor said to be skipped; how many had fallen behind.

    A step that has passed then follows its event's policy at the next tick, one at a time.
    """
    came = _came(session, campaign, zone)
    places = select(Enrolment).where(Enrolment.campaign_id == campaign.id, Enrolment.state == EnrolmentState.ACTIVE)
    repaired = 0
    for row in session.scalars(places.with_for_update()):
        before = (row.next_due, row.next_event_id)
        _point(row, [step for step in _not_yet(row, campaign, zone, came) if step[0] >= row.enrolled_at])
        repaired += (row.next_due, row.next_event_id) != before
    session.flush()
    return repaired


def _came(session: Session, campaign: Campaign, zone: ZoneInfo, members: Collection[int] | None = None) -> Came:
    rows = (
        select(DueMember.member_id, DueMember.event_id, DueMember.due_at)
        .join(CampaignEvent, CampaignEvent.id == DueMember.event_id)
        .where(CampaignEvent.campaign_id == campaign.id)
    )
    if members is not None:
        rows = rows.where(DueMember.member_id.in_(members))
    found: Came = {}
    for member_id, event_id, at in session.execute(rows):
        found.setdefault((member_id, event_id), set()).add(at.astimezone(zone).date())
    return found


def _not_yet(row: Enrolment, campaign: Campaign, zone: ZoneInfo, came: Came) -> list[Step]:
    """The steps of a place that were neither sent nor said to be skipped."""
    steps = _steps(campaign, row.anchor_month, zone)
    return [(at, id_) for at, id_ in steps if at.date() not in came.get((row.member_id, id_), ())]


def suspend_unheard(exchange: Exchange, now: datetime) -> int:
    """Suspend the places behind phones unheard for 90 days, and ask each phone again; how many places."""
    with exchange.database.writing() as session:
        rows = list(session.scalars(_unheard(now)))
        asked: set[int] = set()
        for row in rows:
            suspend(row, now)
            contact_id = session.get_one(Member, row.member_id).contact_id
            if contact_id is not None and contact_id not in asked:
                asked.add(contact_id)
                contact = session.get_one(Contact, contact_id)
                contacts.withdraw(session, contact, Purpose.SERIES, now)
                ask(session, exchange, contact, row, "series_ask_again", now)
    return len(rows)


def agreed_again(session: Session, prompt: OpenPrompt, now: datetime, zone: ZoneInfo) -> int:
    """A phone said yes to `ask`: its suspended places go on; how many. A prompt about anything else resumes none."""
    asked = session.get(Enrolment, prompt.subject_id) if prompt.kind is PromptKind.CONSENT and prompt.subject_id else None
    if asked is None:
        return 0
    return agreed(session, session.get_one(Contact, prompt.contact_id), now, zone)


def _unheard(now: datetime) -> Select[Enrolment]:
    heard = func.coalesce(Contact.last_heard_at, Enrolment.enrolled_at)
    listened = exists().where(Call.contact_id == Contact.id, Call.core_reached.is_(True), Call.answered_at > now - UNHEARD)
    return (
        select(Enrolment)
        .join(Member, Member.id == Enrolment.member_id)
        .join(Contact, Contact.id == Member.contact_id)
        .join(Campaign, Campaign.id == Enrolment.campaign_id)
        .where(
            Enrolment.state == EnrolmentState.ACTIVE, Enrolment.enrolled_at <= now - UNHEARD, heard <= now - UNHEARD, ~listened
        )
        .where(Campaign.state.in_((CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED)))
        .order_by(Enrolment.id)
    )


def ask(session: Session, exchange: Exchange, contact: Contact, row: Enrolment, label: str, now: datetime) -> bool:
    """Ask a phone by SMS, in the reply content `label`, for its agreement to a suspended place; False where none may leave."""
    if unasked.queue(session, exchange, contact, label, {}, now, expires_at=now + ASKED_FOR) is None:
        return False
    prompt = OpenPrompt(contact_id=contact.id, kind=PromptKind.CONSENT, subject_id=row.id, opened_at=now)
    prompt.expires_at, prompt.details = now + ASKED_FOR, {"asked": label}
    session.add(prompt)
    return True


def _begin(row: Enrolment, campaign: Campaign, now: datetime, zone: ZoneInfo) -> None:
    row.state, row.enrolled_at, row.suspended_at, row.ended_at = EnrolmentState.ACTIVE, now, None, None
    _point(row, [step for step in _steps(campaign, row.anchor_month, zone) if step[0] >= now])


def _steps(campaign: Campaign, anchor: date, zone: ZoneInfo) -> list[Step]:
    return sorted((due_at(event, anchor, zone), event.id) for event in campaign.events if event.repeat is Repeat.STAGE)


def _point(row: Enrolment, to_come: list[Step]) -> None:
    row.next_due, row.next_event_id = min(to_come, default=(None, None))


def _note(row: Enrolment) -> None:
    session = object_session(row)
    if session is None:
        return
    whose = select(Contact.number_index).join(Member, Member.contact_id == Contact.id).where(Member.id == row.member_id)
    if (index := session.scalar(whose)) is not None:  # without a phone nothing can leave
        journal.note(session, journal.No.LEAVE, index, member_id=row.member_id, place=row.id)


def _take_back(row: Enrolment, now: datetime) -> None:
    """What waits for this member alone; a sister behind the same phone whose own place stands still gets hers."""
    session = object_session(row)
    if session is None:
        return
    session.flush()
    other, place = aliased(Recipient), aliased(Enrolment)
    still = exists().where(
        other.broadcast_id == Recipient.broadcast_id,
        other.member_id != row.member_id,
        func.coalesce(other.message_id, -other.call_id) == func.coalesce(Recipient.message_id, -Recipient.call_id),
        place.member_id == other.member_id,
        place.campaign_id == row.campaign_id,
        place.state == EnrolmentState.ACTIVE,
    )
    mine = (
        select(Recipient.message_id, Recipient.call_id)
        .join(Broadcast, Broadcast.id == Recipient.broadcast_id)
        .join(Occurrence, Occurrence.broadcast_id == Broadcast.id)
        .join(CampaignEvent, CampaignEvent.id == Occurrence.event_id)
        .where(Recipient.member_id == row.member_id, CampaignEvent.campaign_id == row.campaign_id, Broadcast.series, ~still)
    )
    found = session.execute(mine).all()
    messages = [message for message, _ in found if message is not None]
    calls = [call for _, call in found if call is not None]
    waiting = (Call.state == CallState.QUEUED) | Call.retry
    move_all(session, Message, MessageState.SUPPRESSED, now, "series_over", Message.id.in_(messages))
    move_all(session, Call, CallState.SUPPRESSED, now, "series_over", Call.id.in_(calls), waiting)
