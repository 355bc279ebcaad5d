"""Who else must hear of what a text, or staff, changed: the supervisor of an excuse for insecurity or of a handover, the
facilitator of a refusal, both facilitators of a handover.

Labels of translations' replies with their words, to be queued by the caller in the same transaction; nothing is sent here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs.grammar.dates import in_words
from clubs.grammar.values import Kind
from clubs.grammar.verdict import Do
from clubs.grammar.words import INSECURITY
from clubs.models import Club, Member, Post
from clubs.people import supervisor_phones
from clubs.records import Report, ReportState
from messaging import contacts
from messaging.models import Contact, ContactState

TOLD = "told"
"""The flag of a handover whose new facilitator was told."""
TOLD_WITHIN = timedelta(days=60)
STORED = frozenset({Do.STORE, Do.CONFIRM, Do.ACCEPT})


@dataclass(frozen=True)
class Notice:
    """An SMS somebody else gets: the reply's label and what fills it in; `handover` where its new facilitator hears of it."""

    contact_id: int
    label: str
    words: dict[str, object]
    handover: Report | None = None

    def told(self) -> None:
        """It was queued, or is not needed: a new facilitator hears of a club once."""
        if self.handover is not None:
            self.handover.flags = [*self.handover.flags, TOLD]


def notices(session: Session, do: Do, row: Report | None, sender_id: int | None, today: date, word: str = "") -> list[Notice]:
    """What to tell others after `do` changed `row`; never the phone `sender_id`, which gets the reply.

    `word` is what who decided adds for the facilitator; an accepted report is told of for its sake alone.
    """
    club = session.get(Club, row.club_id) if row is not None and row.club_id is not None else None
    if row is None or club is None:
        return []
    if row.kind == Kind.NF:
        found = _of_handover(session, do, row, club, today)
    else:
        found = _of_report(session, do, row, club, today, word)
    others = []
    for notice in found:
        if notice.contact_id == sender_id:
            notice.told()
        else:
            others.append(notice)
    return others


def _of_report(session: Session, do: Do, row: Report, club: Club, today: date, word: str) -> Iterator[Notice]:
    words: dict[str, object] = {"numero": row.number, "club": club.code}
    if row.contact_id is not None and (do is Do.CANCEL or (do is Do.ACCEPT and word)):
        label = "report_refused" if do is Do.CANCEL else "report_accepted"
        yield Notice(row.contact_id, label, {**words, "mot": f" {word}" if word else ""})
    counts = row.state in {ReportState.VALID, ReportState.UNVERIFIED}
    if do in STORED and counts and row.kind == Kind.RAS and row.values.get("reason") == INSECURITY:
        day = in_words(row.session_date) if row.session_date else ""
        for contact_id in supervisor_phones(session, club.village_id, today):
            yield Notice(contact_id, "supervisor_insecurity", {**words, "jour": day, "motif": INSECURITY})


def _of_handover(session: Session, do: Do, row: Report, club: Club, today: date) -> Iterator[Notice]:
    words: dict[str, object] = {"numero": row.number, "club": club.code}
    if do is Do.HAND_OVER:
        phone = " ".join(re.findall("..", (row.note or "").removeprefix("+223")))
        for contact_id in supervisor_phones(session, club.village_id, today):
            yield Notice(contact_id, "supervisor_handover", {**words, "telephone": phone})
    if do is Do.CANCEL and row.contact_id is not None:
        yield Notice(row.contact_id, "handover_refused", words)
    if do is Do.ACCEPT:
        if row.contact_id is not None:
            yield Notice(row.contact_id, "handover_given", words)
        yield from _taken(session, row, club)


def taken_over(session: Session, now: datetime, contact: Contact | None = None) -> list[Notice]:
    """What successors that became active after their handover was accepted, by a bip or an SMS, are told, once; all, or one.

    Their handovers are taken for this transaction: another may be telling of them at this moment.
    """
    found = untold(session, now, take=True)
    mine = [one for one in found if contact is None or one[0].note == contact.number]
    return [notice for row, club in mine for notice in _taken(session, row, club)]


def untold(session: Session, now: datetime, *, take: bool = False) -> list[tuple[Report, Club]]:
    """The accepted handovers whose new facilitator is active, in office, and was not told; with `take`, for this transaction."""
    recent = (Report.kind == Kind.NF, Report.state == ReportState.VALID, Report.decided_at > now - TOLD_WITHIN)
    query = select(Report, Club).join(Club, Club.id == Report.club_id).where(*recent).order_by(Report.id)
    if take:
        query = query.with_for_update(of=Report).execution_options(populate_existing=True)
    return [(row, club) for row, club in session.execute(query).all() if _successor(session, row, club) is not None]


def _taken(session: Session, row: Report, club: Club) -> Iterator[Notice]:
    successor = _successor(session, row, club)
    if successor is not None:
        yield Notice(successor.id, "handover_taken", {"numero": row.number, "club": club.code}, row)


def _successor(session: Session, row: Report, club: Club) -> Contact | None:
    """Who is still to be told: not a number that is only announced, nor one that handed the club on meanwhile."""
    found = contacts.find(session, row.note or "") if TOLD not in row.flags else None
    if found is None or found.state is not ContactState.ACTIVE:
        return None
    office = select(Post.id).join(Member, Member.id == Post.member_id)
    office = office.where(Member.contact_id == found.id, Post.club_id == club.id, Post.until.is_(None))
    return found if session.scalar(office.limit(1)) is not None else None
