"""What a supervisor's PAUSE, REPRISE and VU change: a club's pause, and her own count of a session.

A pause holds at once: what is queued for the club's phones and would leave before it ends is taken back, as after a STOP.
"""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs.errors import ReportError
from clubs.grammar.values import Values
from clubs.models import Club, Member
from clubs.people import phones_of_club
from clubs.records import Report, SpotCheck
from messaging import contacts

PAUSED = "club_paused"


def pause(session: Session, club: Club, until: date | None, now: datetime) -> int:
    """Stop pushes, calls and reminders to a club through a day, or take the pause back (None); how many were held back."""
    club.paused_until = until
    session.flush()
    if until is None:
        return 0
    end = datetime.combine(until + timedelta(days=1), time(), UTC)
    return contacts.keep_back(session, _phones_of_this_club_alone(session, club), now, PAUSED, end)


def _phones_of_this_club_alone(session: Session, club: Club) -> set[int]:
    """A phone that members of another club share keeps what is meant for them."""
    phones = {id_ for (id_,) in session.execute(phones_of_club(club.id)) if id_ is not None}
    elsewhere = select(Member.contact_id).where(
        Member.contact_id.in_(phones), Member.left_at.is_(None), Member.club_id.is_not(None), Member.club_id != club.id
    )
    return phones - {id_ for id_ in session.scalars(elsewhere) if id_ is not None}


def count(session: Session, report: Report, supervisor_id: int, seen: Values, now: datetime) -> SpotCheck:
    """Keep what a supervisor saw at a session; without a draw it is kept all the same, as unasked."""
    if seen.women is None or seen.men is None:
        raise ReportError("count", report.number)
    mine = (SpotCheck.report_id == report.id, SpotCheck.supervisor_id == supervisor_id)
    check = session.scalar(select(SpotCheck).where(*mine))
    if check is None:
        check = SpotCheck(report_id=report.id, supervisor_id=supervisor_id, drawn_on=now.date(), asked=False)
        session.add(check)
    check.women, check.men, check.seen_at = seen.women, seen.men, now
    session.flush()
    return check
