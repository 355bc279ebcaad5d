"""What waits for a person: questions and texts nobody could read, messages left unanswered, reports that are not settled.

What was sorted as a protection matter exists for the Protection role alone: every query here takes `Eyes`, and nothing is found
outside of what they may see.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from clubs.disclosures import kept_apart
from clubs.grammar.values import VERSIONED, Kind
from clubs.inquiries import VALIDATION
from clubs.models import Club, Member, Village
from clubs.people import phones_of
from clubs.records import Inquiry, InquiryKind, InquiryState, Report, ReportState
from messaging.models import Contact, ContactState, Direction, Message, MessageState, OptOut, Recording
from translations.models import Language

UNSETTLED = (ReportState.DRAFT, ReportState.HELD, ReportState.UNVERIFIED)
MOST_FAILURES = 3
ANSWERED_BY_NOBODY = "NONE"
NOT_FOR_US = ("machine", "stop")
"""Why a message was closed without an answer, where none is wanted."""
Column = InstrumentedAttribute[int | None]


@dataclass(frozen=True)
class Eyes:
    """What a person may see: all `questions`, only the health answers waiting for validation, `disclosures`, which villages."""

    questions: bool
    health: bool
    disclosures: bool
    villages: frozenset[int] | None = None


class Shelf(StrEnum):
    """The parts of the inbox."""

    QUESTIONS = "questions"
    UNREAD = "messages"
    REPORTS = "rapports"
    DISCLOSURES = "signalements"
    DONE = "traites"


@dataclass(frozen=True)
class Sender:
    """Who wrote, as far as staff may know: a phone, its club and village; `stopped_at` is its standing STOP."""

    contact_id: int | None
    number: str | None
    state: ContactState | None
    language: str | None
    club_id: int | None
    club: str | None
    village_id: int | None
    village: str | None
    stopped_at: datetime | None = None


@dataclass(frozen=True)
class Piece:
    """One line of the inbox: an inquiry, a message or a report, with who sent it and the voice it came in."""

    inquiry: Inquiry | None
    message: Message | None
    report: Report | None
    sender: Sender
    recording: Recording | None = None


def shelf(session: Session, eyes: Eyes, which: Shelf, offset: int, limit: int) -> list[Piece]:
    """A slice of one part, what waits longest first (what is done: the latest first)."""
    if which is Shelf.UNREAD:
        messages = session.scalars(_unread(eyes).order_by(Message.id).offset(offset).limit(limit))
        return [Piece(None, row, None, sender(session, row.contact_id, None)) for row in messages]
    if which is Shelf.REPORTS:
        reports = session.scalars(_reports(eyes).order_by(Report.reported_at, Report.id).offset(offset).limit(limit))
        return [_of_report(session, row) for row in reports]
    order = Inquiry.received_at.desc() if which is Shelf.DONE else Inquiry.received_at
    inquiries = session.scalars(_inquiries(eyes, which).order_by(order, Inquiry.id).offset(offset).limit(limit))
    return [_of_inquiry(session, row) for row in inquiries]


def counts(session: Session, eyes: Eyes) -> dict[Shelf, int]:
    """How much each part holds."""
    queries: dict[Shelf, Select[Any]] = {
        Shelf.UNREAD: _unread(eyes),
        Shelf.REPORTS: _reports(eyes),
        **{one: _inquiries(eyes, one) for one in (Shelf.QUESTIONS, Shelf.DISCLOSURES, Shelf.DONE)},
    }
    return {one: session.scalar(select(func.count()).select_from(query.subquery())) or 0 for one, query in queries.items()}


def inquiry(session: Session, eyes: Eyes, inquiry_id: int) -> Piece | None:
    """One inquiry, if these eyes may see it."""
    row = session.scalar(select(Inquiry).where(Inquiry.id == inquiry_id, _visible(eyes)))
    return None if row is None else _of_inquiry(session, row)


def message(session: Session, eyes: Eyes, message_id: int) -> Piece | None:
    """One message left without an answer, if these eyes may see it."""
    row = session.scalar(_unread(eyes).where(Message.id == message_id))
    return None if row is None else Piece(None, row, None, sender(session, row.contact_id, None))


def report(session: Session, eyes: Eyes, report_id: int) -> Piece | None:
    """One unsettled report, if these eyes may see it."""
    row = session.scalar(_reports(eyes).where(Report.id == report_id))
    return None if row is None else _of_report(session, row)


def drop(session: Session, row: Report, now: datetime) -> bool:
    """Put a draft away; False when it was settled meanwhile."""
    session.refresh(row, with_for_update=True)
    if row.state is not ReportState.DRAFT:
        return False
    row.state, row.decided_at = ReportState.CANCELLED, now
    return True


def sender(session: Session, contact_id: int | None, club_id: int | None) -> Sender:
    """Who stands behind a phone; the club is the one said, else that of the first member behind the number."""
    contact = session.get(Contact, contact_id) if contact_id is not None else None
    if club_id is None and contact is not None:
        behind = select(Member.club_id).where(Member.contact_id == contact.id, Member.left_at.is_(None))
        club_id = session.scalar(behind.where(Member.club_id.is_not(None)).order_by(Member.id).limit(1))
    club = session.get(Club, club_id) if club_id is not None else None
    village = session.get(Village, club.village_id) if club is not None else None
    stopped = select(func.max(OptOut.at)).where(OptOut.contact_id == contact_id, OptOut.ended_at.is_(None))
    return Sender(
        contact_id=contact_id,
        number=contact.number if contact else None,
        state=contact.state if contact else None,
        language=session.scalar(select(Language.name).where(Language.code == contact.language)) if contact else None,
        club_id=club_id,
        club=club.code if club else None,
        village_id=village.id if village else None,
        village=village.name if village else None,
        stopped_at=session.scalar(stopped) if contact and contact.state is ContactState.STOPPED else None,
    )


def thread(session: Session, contact_id: int, limit: int = 6) -> list[Message]:
    """The last SMS between us and a phone, the latest last; without what is kept for Protection and what answered it."""
    mine = select(Message).where(Message.contact_id == contact_id, ~kept_apart())
    return list(session.scalars(mine.order_by(Message.created_at.desc(), Message.id.desc()).limit(limit)))[::-1]


def _of_inquiry(session: Session, row: Inquiry) -> Piece:
    sent = session.get(Message, row.message_id) if row.message_id else None
    sound = session.get(Recording, row.recording_id) if row.recording_id else None
    return Piece(row, sent, None, sender(session, row.contact_id, row.club_id), sound)


def _of_report(session: Session, row: Report) -> Piece:
    sent = session.get(Message, row.message_id) if row.message_id else None
    return Piece(None, sent, row, sender(session, row.contact_id, row.club_id))


def _inquiries(eyes: Eyes, which: Shelf) -> Select[Inquiry]:
    disclosure = Inquiry.kind == InquiryKind.PROTECTION
    is_open = Inquiry.state == InquiryState.OPEN
    parts = {
        Shelf.QUESTIONS: and_(is_open, ~disclosure),
        Shelf.DISCLOSURES: and_(is_open, disclosure),
        Shelf.DONE: ~is_open,
    }
    return select(Inquiry).where(parts[which], _visible(eyes))


def _visible(eyes: Eyes) -> ColumnElement[bool]:
    disclosure = Inquiry.kind == InquiryKind.PROTECTION
    waiting = and_(Inquiry.kind == InquiryKind.NUTRITION, Inquiry.role == VALIDATION)
    ordinary = true() if eyes.questions else waiting if eyes.health else false()
    return or_(and_(~disclosure, ordinary, of(eyes.villages)), disclosure if eyes.disclosures else false())


def near(villages: frozenset[int] | None, club_id: Column, contact_id: Column) -> ColumnElement[bool]:
    """Rows of these villages: by their club, or by a member behind their phone."""
    if villages is None:
        return true()
    clubs = select(Club.id).where(Club.village_id.in_(villages))
    return or_(club_id.in_(clubs), and_(club_id.is_(None), contact_id.in_(phones_of(villages))))


def of(villages: frozenset[int] | None) -> ColumnElement[bool]:
    """The inquiries of these villages, or all."""
    return near(villages, Inquiry.club_id, Inquiry.contact_id)


def _unread(eyes: Eyes) -> Select[Message]:
    failed = and_(Message.state == MessageState.RECEIVED, Message.handling_failures >= MOST_FAILURES)
    silent = and_(
        Message.state == MessageState.HANDLED,
        Message.reply_kind == ANSWERED_BY_NOBODY,
        func.coalesce(Message.reason, "").not_in(NOT_FOR_US),
    )
    taken = exists().where(Inquiry.message_id == Message.id)
    of_phones = true() if eyes.villages is None else Message.contact_id.in_(phones_of(eyes.villages))
    return select(Message).where(Message.direction == Direction.IN, or_(failed, silent), ~taken, of_phones, _may(eyes))


def _reports(eyes: Eyes) -> Select[Report]:
    reported = and_(Report.kind.in_([kind.value for kind in VERSIONED]), Report.state.in_(UNSETTLED))
    handover = and_(Report.kind == Kind.NF.value, Report.state == ReportState.HELD)
    here = near(eyes.villages, Report.club_id, Report.contact_id)
    return select(Report).where(or_(reported, handover), here, _may(eyes))


def _may(eyes: Eyes) -> ColumnElement[bool]:
    return true() if eyes.questions else false()
