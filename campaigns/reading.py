"""Campaigns, their sendings and the answers to quizzes as other systems read them: flat values in pages."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from campaigns.accounts import Account, account
from campaigns.models import Answer, Campaign, CampaignEvent, CampaignState, CatchUp, Occurrence, Repeat
from messaging.models import Broadcast, BroadcastState, Listener, Route
from messaging.progress import bill
from runtime.database import Json
from runtime.paging import Slice


@dataclass(frozen=True)
class EventLine:
    """One content of a campaign; `next_due` is null before scheduling and after the last time."""

    id: int
    content_id: int
    repeat: Repeat
    starts_at: datetime | None
    until: datetime | None
    expires_hours: int
    catch_up: CatchUp
    phase: str | None
    next_due: datetime | None


@dataclass(frozen=True)
class CampaignLine:
    """A campaign with its events; `audience` is the filter over members."""

    id: int
    name: str
    state: CampaignState
    route: Route
    audience: Json
    created_at: datetime
    events: list[EventLine]


@dataclass(frozen=True)
class BroadcastLine:
    """One sending; `account` counts its recipients: planned = sent + skipped + failed + pending + unknown, always.

    `estimated_cost` before and `cost` so far in whole FCFA.
    """

    id: int
    campaign_id: int | None
    title: str
    content_id: int
    route: Route
    state: BroadcastState
    due_at: datetime
    not_before: datetime
    expires_at: datetime
    phase: str | None
    estimated_cost: int
    cost: int
    created_at: datetime
    fanned_out_at: datetime | None
    ended_at: datetime | None
    account: Account


@dataclass(frozen=True)
class AnswerLine:
    """An answer to a quiz by phone, never by name; `scored` is false for repeats and late ones."""

    id: int
    question_id: int
    contact_id: int
    broadcast_id: int | None
    phase: str | None
    key: int
    right: bool
    scored: bool
    listener: Listener | None
    language: str | None
    message_id: int | None
    call_id: int | None
    answered_at: datetime


def campaigns(session: Session, part: Slice, *, id: int | None = None, state: CampaignState | None = None) -> list[CampaignLine]:
    """Campaigns by id."""
    query = part.of(select(Campaign).options(selectinload(Campaign.events)), Campaign.id)
    for column, value in ((Campaign.id, id), (Campaign.state, state)):
        if value is not None:
            query = query.where(column == value)
    return [campaign_line(row) for row in session.scalars(query)]


def campaign_line(row: Campaign) -> CampaignLine:
    """One campaign as a value."""
    events = [_event(event) for event in row.events]
    return CampaignLine(row.id, row.name, row.state, row.route, row.audience, row.created_at, events)


def _event(row: CampaignEvent) -> EventLine:
    return EventLine(
        id=row.id,
        content_id=row.content_id,
        repeat=row.repeat,
        starts_at=row.starts_at,
        until=row.until,
        expires_hours=row.expires_hours,
        catch_up=row.catch_up,
        phase=row.phase,
        next_due=row.next_due,
    )


def broadcasts(
    session: Session,
    part: Slice,
    *,
    id: int | None = None,
    campaign: int | None = None,
    state: BroadcastState | None = None,
    since: datetime | None = None,
) -> list[BroadcastLine]:
    """Sendings by id; `since` is a due time. Each is counted anew, so keep the slice short."""
    query = (
        select(Broadcast, CampaignEvent.campaign_id)
        .outerjoin(Occurrence, Occurrence.broadcast_id == Broadcast.id)
        .outerjoin(CampaignEvent, CampaignEvent.id == Occurrence.event_id)
    )
    query = part.of(query, Broadcast.id)
    for column, value in ((Broadcast.id, id), (CampaignEvent.campaign_id, campaign), (Broadcast.state, state)):
        if value is not None:
            query = query.where(column == value)
    if since is not None:
        query = query.where(Broadcast.due_at >= since)
    found = session.execute(query).all()
    return [_broadcast(row, campaign_id, account(session, row.id), bill(session, row).spent) for row, campaign_id in found]


def _broadcast(row: Broadcast, campaign_id: int | None, counted: Account, cost: int) -> BroadcastLine:
    return BroadcastLine(
        id=row.id,
        campaign_id=campaign_id,
        title=row.title,
        content_id=row.content_id,
        route=row.route,
        state=row.state,
        due_at=row.due_at,
        not_before=row.not_before,
        expires_at=row.expires_at,
        phase=row.phase,
        estimated_cost=row.estimated_cost,
        cost=cost,
        created_at=row.created_at,
        fanned_out_at=row.fanned_out_at,
        ended_at=row.ended_at,
        account=counted,
    )


def answers(
    session: Session,
    part: Slice,
    *,
    id: int | None = None,
    question: int | None = None,
    contact: int | None = None,
    broadcast: int | None = None,
    message: int | None = None,
    since: datetime | None = None,
) -> list[AnswerLine]:
    """Answers by id, scored and unscored."""
    query = part.theirs(part.of(select(Answer), Answer.id), Answer.contact_id)
    wanted = (
        (Answer.id, id),
        (Answer.question_id, question),
        (Answer.contact_id, contact),
        (Answer.broadcast_id, broadcast),
        (Answer.message_id, message),
    )
    for column, value in wanted:
        if value is not None:
            query = query.where(column == value)
    if since is not None:
        query = query.where(Answer.answered_at >= since)
    return [_answer(row) for row in session.scalars(query)]


def _answer(row: Answer) -> AnswerLine:
    return AnswerLine(
        id=row.id,
        question_id=row.question_id,
        contact_id=row.contact_id,
        broadcast_id=row.broadcast_id,
        phase=row.phase,
        key=row.key,
        right=row.right,
        scored=row.scored,
        listener=row.listener,
        language=row.language,
        message_id=row.message_id,
        call_id=row.call_id,
        answered_at=row.answered_at,
    )
