"""Turns a planned broadcast into one row a member, with a message, a call or the reason why not, and keeps its account.

Written in batches behind a cursor, each in a transaction of its own: killed anywhere, the next run goes on where it stopped,
and the unique keys of recipients and messages make a repeat harmless. Fanned out while still planned, so that the page shows
exact recipients during the cancel window; what was cancelled meanwhile is written down as such.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from campaigns import enrolments, precedence
from campaigns.audiences import members
from campaigns.candidates import Candidate, LeftOut
from campaigns.filters import Filter
from campaigns.lengths import Lengths
from campaigns.models import Campaign, CampaignEvent, CampaignState, Occurrence, OccurrenceState, Recipient
from campaigns.schedule import nudge
from campaigns.sources import OPEN_ENDED
from campaigns.wording import Chosen, Wording
from messaging import queue
from messaging.broadcasts import FANNED_OUT, finish_done
from messaging.exchange import DIAL, DISPATCH, FAN_OUT, Exchange
from messaging.models import Broadcast, BroadcastState, Call, Kind, Message, Purpose, Route
from messaging.states import move
from runtime.database import skip_locked
from translations.models import Content, Variant

BATCH = 500


def fan_out(exchange: Exchange, broadcast_id: int, now: datetime, batch: int = BATCH) -> int:
    """Write every recipient still missing; returns how many were written. Another worker on the same broadcast is left alone."""
    written = 0
    with exchange.database.reading() as session:
        ahead = precedence.ahead_of(session, exchange.settings, broadcast_id, now)
    while True:
        with exchange.database.writing() as session:
            count = _batch(session, exchange, broadcast_id, now, batch, ahead)
        if count is None:
            return written
        written += count


def _batch(
    session: Session, exchange: Exchange, broadcast_id: int, now: datetime, size: int, ahead: precedence.Ahead
) -> int | None:
    claim = select(Broadcast).where(Broadcast.id == broadcast_id, Broadcast.cursor >= 0)
    broadcast = session.scalar(claim.with_for_update(skip_locked=skip_locked(session)))
    if broadcast is None or broadcast.state is BroadcastState.FINISHED:
        return None
    today = now.astimezone(ZoneInfo(exchange.settings.timezone)).date()
    page = members(session, Filter.from_json(broadcast.audience), today, broadcast.cursor, size)
    if not page:
        broadcast.cursor, broadcast.fanned_out_at = FANNED_OUT, now
        return None
    spread = _Spread(session, exchange, broadcast, now, page, ahead)
    for candidate in page:
        spread.add(candidate)
    spread.write()
    broadcast.cursor = page[-1].member_id
    broadcast.planned_count += len(page)
    session.flush()
    return len(page)


class _Spread:
    """One batch in the making. Several members behind one phone get one message: the row of each names it."""

    def __init__(
        self,
        session: Session,
        exchange: Exchange,
        broadcast: Broadcast,
        now: datetime,
        page: list[Candidate],
        ahead: precedence.Ahead,
    ) -> None:
        self._session = session
        self._ahead = ahead
        self._enrolled = enrolments.enrolled(session, broadcast.id) if broadcast.series else frozenset()
        self._exchange = exchange
        self._broadcast = broadcast
        self._now = now
        to_clubs = Filter.from_json(broadcast.audience).one_phone_per_club
        day = max(now, broadcast.not_before).astimezone(ZoneInfo(exchange.settings.timezone)).date()
        self._wording = Wording(session, broadcast.content_id, now, to_clubs=to_clubs, day=day)
        self._wording.read(page)
        content = session.get_one(Content, broadcast.content_id)
        self._lengths = Lengths(session, content, broadcast.audience, now, series=broadcast.series)
        numbers = {one.contact_id for one in page if one.contact_id is not None}
        mine = select(Message).where(Message.broadcast_id == broadcast.id, Message.contact_id.in_(numbers))
        self._messages = {message.contact_id: message for message in session.scalars(mine)}
        called = select(Call).where(Call.broadcast_id == broadcast.id, Call.contact_id.in_(numbers))
        self._calls = {call.contact_id: call for call in session.scalars(called)}
        self._rows: list[tuple[Candidate, Message | Call | None, LeftOut | None]] = []

    def add(self, one: Candidate) -> None:
        """Put one member's message or call in the outbox, or say why not."""
        way = one.route(self._broadcast.route)
        reason = one.reason_left_out(way) or self._left_the_series(one)
        if reason is None and self._broadcast.state is BroadcastState.CANCELLED:
            reason = LeftOut.CANCELLED
        leaves = self._ahead.free_from(one.contact_id)
        if reason is None and leaves is None:
            reason = LeftOut.PRIORITY
        sent: Message | Call | None = None
        if reason is None:
            chosen = self._wording.choose(one, way)
            if isinstance(chosen, LeftOut):
                reason = chosen
            elif way is Route.VOICE:
                sent = self._call(one, chosen)
            else:
                sent = self._message(one, chosen)
            if sent is not None and leaves is not None:
                sent.not_before = max(sent.not_before, leaves)
                sent.kept_off = self._ahead.days(one.contact_id)
        self._rows.append((one, sent, reason))

    def _left_the_series(self, one: Candidate) -> LeftOut | None:
        if not self._broadcast.series:
            return None
        if one.member_id not in self._enrolled or Purpose.SERIES in one.stopped:
            return LeftOut.SERIES_OVER
        return None if Purpose.SERIES in one.consents else LeftOut.NO_SERIES_CONSENT

    def write(self) -> None:
        """Write the recipients, once their messages have ids."""
        self._session.flush()
        for one, sent, reason in self._rows:
            row = Recipient(broadcast_id=self._broadcast.id, member_id=one.member_id, language=one.language)
            row.skipped = reason.value if reason else None
            if sent is not None:
                row.language = self._language(sent.variant_id)
                row.message_id = sent.id if isinstance(sent, Message) else None
                row.call_id = sent.id if isinstance(sent, Call) else None
            self._session.add(row)

    def _message(self, one: Candidate, chosen: Chosen) -> Message:
        contact_id = one.contact_id or 0
        if contact_id not in self._messages:
            message = queue.queue_push(
                self._session,
                self._broadcast,
                self._wording.contact(contact_id),
                chosen.variant,
                chosen.text,
                self._now,
                chosen.channel,
            )
            message.hours = one.hours
            self._messages[contact_id] = message
            self._broadcast.estimated_cost += message.price
            self._exchange.work.nudge(self._session, DISPATCH, chosen.channel.id)
        return self._messages[contact_id]

    def _call(self, one: Candidate, chosen: Chosen) -> Call:
        contact_id = one.contact_id or 0
        if contact_id not in self._calls:
            call = queue.queue_call(
                self._session,
                self._broadcast,
                self._wording.contact(contact_id),
                chosen.variant,
                self._now,
                chosen.channel,
                Kind.PUSH,
                self._lengths.of(chosen.variant.language, chosen.channel),
            )
            call.hours, call.place = one.hours, one.village_id
            self._calls[contact_id] = call
            self._broadcast.estimated_cost += call.price
            self._exchange.work.nudge(self._session, DIAL, chosen.channel.id)
        return self._calls[contact_id]

    def _language(self, variant_id: int | None) -> str | None:
        """What was chosen for the first member behind a phone is what the others get."""
        variant = self._session.get(Variant, variant_id) if variant_id is not None else None
        return variant.language if variant else None


def start_due(exchange: Exchange, now: datetime) -> int:
    """Let broadcasts whose cancel window is over run, and nudge what they wait for; how many began."""
    due = select(Broadcast).where(Broadcast.state == BroadcastState.PLANNED, Broadcast.not_before <= now)
    with exchange.database.writing() as session:
        rows = list(session.scalars(due.with_for_update(skip_locked=skip_locked(session))))
        for row in rows:
            move(row, BroadcastState.RUNNING, now, row.reason)
            nudge(session, exchange.work, row)
        return len(rows)


def continue_all(exchange: Exchange, now: datetime) -> int:
    """Have a worker go on with every fan-out that a killed one left in the middle; how many. The clock itself must not wait."""
    open_ = (Broadcast.cursor > FANNED_OUT, Broadcast.state != BroadcastState.FINISHED)
    with exchange.database.writing() as session:
        ids = list(session.scalars(select(Broadcast.id).where(*open_).order_by(Broadcast.id)))
        for id_ in ids:
            exchange.work.nudge(session, FAN_OUT, id_)
    return len(ids)


def finish(exchange: Exchange, now: datetime) -> int:
    """Close the broadcasts of which nothing waits any more, and then their campaigns; how many broadcasts."""
    with exchange.database.writing() as session:
        return _finish(session, now)


def _finish(session: Session, now: datetime) -> int:
    done = finish_done(session, now)
    session.flush()
    alive = exists().where(
        CampaignEvent.campaign_id == Campaign.id,
        (CampaignEvent.next_due.is_not(None)) | CampaignEvent.repeat.in_(OPEN_ENDED),
        (CampaignEvent.until.is_(None)) | (CampaignEvent.until > now),
    )
    under_way = exists().where(
        CampaignEvent.campaign_id == Campaign.id,
        Occurrence.event_id == CampaignEvent.id,
        Broadcast.id == Occurrence.broadcast_id,
        Broadcast.state.in_((BroadcastState.PLANNED, BroadcastState.RUNNING, BroadcastState.PAUSED)),
    )
    over = select(Campaign).where(Campaign.state == CampaignState.RUNNING, ~alive, ~under_way)
    for campaign in session.scalars(over.with_for_update(skip_locked=skip_locked(session))):
        campaign.state = CampaignState.CANCELLED if _all_cancelled(session, campaign.id) else CampaignState.FINISHED
    return done


def _all_cancelled(session: Session, campaign_id: int) -> bool:
    """Whether somebody cancelled every sending of a campaign; one with a due time that was only skipped may still be sent."""
    came = (
        select(Broadcast.state)
        .select_from(Occurrence)
        .join(CampaignEvent, CampaignEvent.id == Occurrence.event_id)
        .outerjoin(Broadcast, Broadcast.id == Occurrence.broadcast_id)
        .where(CampaignEvent.campaign_id == campaign_id, Occurrence.state != OccurrenceState.MERGED)
    )
    sendings = session.scalars(came).all()
    return bool(sendings) and all(sending is BroadcastState.CANCELLED for sending in sendings)
