"""Airtime owed to facilitators: each month's accepted texts times the tariff, until somebody marks it paid.

A text counts when it was read as a whole report, action or notice; one asked back about does not, nor what came by voice, which
costs its sender nothing. What is paid is written down as it stood on that day.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import func, or_, select, true
from sqlalchemy.orm import Session

from clubs.grammar.values import Kind, Outcome
from clubs.models import Club, Member, Post, Village
from clubs.month import after, first_of
from clubs.records import CreditOwed, Report, ReportState
from messaging.models import Direction, Message

REPAID = (Kind.CR, Kind.QZ, Kind.AC, Kind.FAIT, Kind.DC, Kind.EV, Kind.RAS, Kind.AN)
ACCEPTED = (Outcome.ACK, Outcome.FIX)


@dataclass(frozen=True)
class Owed:
    """One facilitator's month: `texts` at `tariff` FCFA each; once paid, as it stood then."""

    member: Member
    club: Club
    village: Village
    texts: int
    tariff: int
    paid_at: datetime | None = None
    paid_by: int | None = None

    @property
    def amount(self) -> int:
        """Whole FCFA."""
        return self.texts * self.tariff


def sheet(session: Session, month: date, tariff: int, allowed: Collection[int] | None = None) -> list[Owed]:
    """Who is owed what for a month, by village and club; those who texted nothing are left out."""
    month = first_of(month)
    paid = {row.member_id: row for row in session.scalars(select(CreditOwed).where(CreditOwed.month == month))}
    texts = _texts(session, month)
    found: dict[int, Owed] = {}
    claimed: set[int] = set()
    for member, club, village in _facilitators(session, month, allowed):
        if member.id in found:
            continue
        row = paid.get(member.id)
        if row is not None and row.paid_at is not None:
            found[member.id] = Owed(member, club, village, row.texts, row.tariff, row.paid_at, row.paid_by)
        elif member.contact_id is not None and member.contact_id not in claimed and texts.get(member.contact_id):
            found[member.id] = Owed(member, club, village, texts[member.contact_id], tariff)
        if member.contact_id is not None:
            claimed.add(member.contact_id)  # a shared phone is repaid once
    return list(found.values())


def pay(session: Session, month: date, member_id: int, tariff: int, staff_id: int, now: datetime) -> CreditOwed | None:
    """Mark a facilitator's month paid; None when nothing is owed or a colleague did so first."""
    month = first_of(month)
    owed = next((one for one in sheet(session, month, tariff) if one.member.id == member_id), None)
    return None if owed is None or owed.paid_at is not None else pay_owed(session, owed, month, staff_id, now)


def pay_owed(session: Session, owed: Owed, month: date, staff_id: int, now: datetime) -> CreditOwed:
    """Write down that a line of a month's sheet was paid."""
    mine = (CreditOwed.member_id == owed.member.id, CreditOwed.month == month)
    row = session.scalar(select(CreditOwed).where(*mine))
    if row is None:
        row = CreditOwed(member_id=owed.member.id, month=month, texts=owed.texts, tariff=owed.tariff)
        session.add(row)
    row.texts, row.tariff, row.paid_at, row.paid_by = owed.texts, owed.tariff, now, staff_id
    session.flush()
    return row


def _facilitators(session: Session, month: date, allowed: Collection[int] | None) -> Iterator[tuple[Member, Club, Village]]:
    """Who held a post in a club on a day of the month."""
    here = true() if allowed is None else Club.village_id.in_(allowed)
    rows = (
        select(Member, Club, Village)
        .join(Post, Post.member_id == Member.id)
        .join(Club, Club.id == Post.club_id)
        .join(Village, Village.id == Club.village_id)
        .where(Post.since < after(month), or_(Post.until.is_(None), Post.until >= month), here)
        .order_by(Village.code, Club.code, Post.since, Member.id)
    )
    yield from session.execute(rows)


def _texts(session: Session, month: date) -> dict[int, int]:
    """Accepted texts of the month by number; a held one counts once its report does."""
    begin, end = (datetime.combine(day, time(), UTC) for day in (month, after(month)))
    counted = select(Report.message_id).where(
        Report.state.in_((ReportState.VALID, ReportState.REPLACED)), Report.message_id.is_not(None)
    )
    said = Message.parse["kind"].as_string()
    accepted = (
        select(Message.contact_id, func.count())
        .where(Message.direction == Direction.IN, Message.created_at >= begin, Message.created_at < end)
        .where(said.in_([kind.value for kind in REPAID]))
        .where(or_(Message.reply_kind.in_([one.value for one in ACCEPTED]), Message.id.in_(counted)))
        .group_by(Message.contact_id)
    )
    return dict(session.execute(accepted).all())
