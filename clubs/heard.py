"""What listeners asked, and what the radio told them, as other systems read it: flat values in pages.

A disclosure is shown without anything that tells what was said, by whom or where: only that there is one, and how it stands.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs.inbox import of
from clubs.models import Club
from clubs.records import Inquiry, InquiryKind, InquiryState, RadioEpisode, RadioStation
from runtime.paging import Slice, matching


@dataclass(frozen=True)
class InquiryLine:
    """A question or voice message from a listener; `due_at` is by when it wants an answer. Of a disclosure, all that would tell
    what was said or by whom is null."""

    id: int
    number: int
    kind: InquiryKind
    state: InquiryState
    contact_id: int | None
    club: str | None
    message_id: int | None
    recording_id: int | None
    text: str | None
    theme: int | None
    receipt_number: str | None
    received_at: datetime
    due_at: datetime
    answer: str | None
    answer_content_id: int | None
    answered_at: datetime | None


@dataclass(frozen=True)
class EpisodeLine:
    """A radio programme on one theme, when it is on air; `question_id` is the quiz question it asks."""

    id: int
    station: str
    language: str | None
    title: str
    theme: int | None
    question_id: int | None
    airs_at: datetime
    repeats_at: datetime | None


def inquiries(
    session: Session,
    part: Slice,
    *,
    id: int | None = None,
    kind: InquiryKind | None = None,
    state: InquiryState | None = None,
    since: datetime | None = None,
) -> list[InquiryLine]:
    """Inquiries by id; `since` is when they came. A reader of some villages is shown no disclosure: the village would tell."""
    query = select(Inquiry, Club.code).outerjoin(Club, Club.id == Inquiry.club_id)
    query = part.of(query.where(of(part.villages)), Inquiry.id)
    if part.villages is not None:
        query = query.where(Inquiry.kind != InquiryKind.PROTECTION)
    query = matching(query, (Inquiry.id, id), (Inquiry.kind, kind), (Inquiry.state, state))
    if since is not None:
        query = query.where(Inquiry.received_at >= since)
    return [_inquiry(row, code) for row, code in session.execute(query)]


def _inquiry(row: Inquiry, code: str | None) -> InquiryLine:
    told = row.kind is not InquiryKind.PROTECTION
    return InquiryLine(
        id=row.id,
        number=row.number,
        kind=row.kind,
        state=row.state,
        contact_id=row.contact_id if told else None,
        club=code if told else None,
        message_id=row.message_id if told else None,
        recording_id=row.recording_id if told else None,
        text=row.text if told else None,
        theme=row.theme_code if told else None,
        receipt_number=row.receipt_number if told else None,
        received_at=row.received_at,
        due_at=row.due_at,
        answer=row.answer if told else None,
        answer_content_id=row.answer_content_id if told else None,
        answered_at=row.answered_at,
    )


def episodes(
    session: Session, part: Slice, *, id: int | None = None, theme: int | None = None, since: datetime | None = None
) -> list[EpisodeLine]:
    """Radio episodes by id; `since` is when they are on air."""
    query = select(RadioEpisode, RadioStation).join(RadioStation, RadioStation.id == RadioEpisode.station_id)
    query = part.of(query, RadioEpisode.id)
    query = matching(query, (RadioEpisode.id, id), (RadioEpisode.theme_code, theme))
    if since is not None:
        query = query.where(RadioEpisode.airs_at >= since)
    return [
        EpisodeLine(
            row.id, station.name, station.language, row.title, row.theme_code, row.question_id, row.airs_at, row.repeats_at
        )
        for row, station in session.execute(query)
    ]
