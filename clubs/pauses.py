"""Days on which no report is owed: a club's or its village's pause, and a Ramadan in which clubs do not meet.

A pause, by SMS or in the console, holds at once: what is queued for the clubs' phones and would leave before it ends is taken
back, and a report due within it is excused, even when the pause is entered afterwards.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from clubs.models import Club, Member, Post, Village
from clubs.people import in_office, phones_of_clubs
from clubs.records import ExpectedReport, ExpectedState
from messaging import contacts
from messaging.models import Contact, Message, MessageState, Ramadan
from messaging.states import move_all

OWED = (ExpectedState.WAITING, ExpectedState.MISSING)
PAUSED = "club_paused"


@dataclass(frozen=True)
class Span:
    """Days, both counted; an open beginning reaches back for ever."""

    since: date | None
    until: date

    def holds(self, day: date) -> bool:
        """Whether a day lies within."""
        return day <= self.until and (self.since is None or self.since <= day)


def spans(session: Session, club: Club, village: Village) -> list[Span]:
    """Every span of days on which this club owes no report."""
    own = ((row.paused_from, row.paused_until) for row in (club, village))
    fasting = select(Ramadan.first_day, Ramadan.last_day).where(Ramadan.sessions.is_(False))
    found = [Span(since, until) for since, until in own if until is not None]
    return [*found, *(Span(first, last) for first, last in session.execute(fasting))]


def paused(session: Session, club: Club, day: date) -> bool:
    """Whether the club or its village is paused on a day."""
    rows = (club, session.get_one(Village, club.village_id))
    return any(row.paused_until is not None and Span(row.paused_from, row.paused_until).holds(day) for row in rows)


def excused(spans_: Iterable[Span], day: date) -> bool:
    """Whether a report due that day is excused."""
    return any(span.holds(day) for span in spans_)


def pause(session: Session, row: Club | Village, until: date | None, *, since: date, now: datetime) -> None:
    """Pause a club or a village through a day, or end its pause now (None).

    What was due is excused; reminders, pushes and calls that wait are taken back. Direct replies go on.
    """
    row.paused_from, row.paused_until = (since, until) if until is not None else (None, None)
    session.flush()
    if until is None:
        return
    ids = [row.id] if isinstance(row, Club) else list(session.scalars(select(Club.id).where(Club.village_id == row.id)))
    excuse(session, ids, since, until)
    hush(session, ids, now)
    end = datetime.combine(until + timedelta(days=1), time(), UTC)
    contacts.keep_back(session, _phones_of_these_alone(session, ids, now.date()), now, PAUSED, end)


def _phones_of_these_alone(session: Session, club_ids: Collection[int], today: date) -> set[int]:
    """A phone that members or facilitators of another club share keeps what is meant for them."""
    phones = set(session.scalars(select(Contact.id).where(Contact.id.in_(phones_of_clubs(club_ids)))))
    members = select(Member.contact_id).where(Member.contact_id.in_(phones), Member.left_at.is_(None))
    elsewhere = members.where(Member.club_id.is_not(None), Member.club_id.not_in(club_ids))
    posted = members.join(Post, Post.member_id == Member.id).where(
        Post.club_id.is_not(None), Post.club_id.not_in(club_ids), in_office(today)
    )
    shared = {*session.scalars(elsewhere), *session.scalars(posted)}
    return {id_ for id_ in phones if id_ not in shared}


def excuse(session: Session, club_ids: Collection[int], since: date, until: date) -> int:
    """Excuse what these clubs owe for those days; how many."""
    owed = (
        update(ExpectedReport)
        .where(ExpectedReport.club_id.in_(club_ids), ExpectedReport.report_id.is_(None), ExpectedReport.state.in_(OWED))
        .where(ExpectedReport.due_on.between(since, until))
        .values(state=ExpectedState.EXCUSED)
        .returning(ExpectedReport.id)
    )
    return len(session.scalars(owed).all())


def hush(session: Session, club_ids: Collection[int], now: datetime) -> int:
    """Take back the reminders of these clubs that have not left yet; how many."""
    mine = select(ExpectedReport.reminder_id).where(ExpectedReport.club_id.in_(club_ids), ExpectedReport.reminder_id.is_not(None))
    return move_all(session, Message, MessageState.CANCELLED, now, "paused", Message.id.in_(mine))


def take_back(session: Session, expected: ExpectedReport, at: datetime) -> None:
    """The report came: a reminder of it that has not left is cancelled."""
    if expected.reminder_id is not None:
        move_all(session, Message, MessageState.CANCELLED, at, "reported", Message.id == expected.reminder_id)
