"""The club hears its own month: two SMS at the month's turn, and labels for the spoken summary of menu 7.

Only what the club's own records show is said; a month without any session is not commented on.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs import pauses, unasked
from clubs.models import Club
from clubs.month import Month, before, month_of
from clubs.records import ClubSummary
from messaging.exchange import Exchange
from messaging.models import Kind

TOLD_UNTIL = 7
"""Days after its end in which a month is still told; later it would be old news."""
LASTS = timedelta(days=5)
AT_ONCE = 50
Figure = tuple[str, int]


def tell(exchange: Exchange, now: datetime) -> int:
    """What the clock runs: in the first days of a month, the clubs not yet told of the one before; how many were."""
    if now.day > TOLD_UNTIL:
        return 0
    month = before(now.date())
    with exchange.database.reading() as session:
        told = select(ClubSummary.club_id).where(ClubSummary.month == month)
        clubs = list(session.scalars(select(Club.id).where(Club.active, Club.id.not_in(told)).order_by(Club.id)))
    for place in range(0, len(clubs), AT_ONCE):
        with exchange.database.writing() as session:
            for club_id in clubs[place : place + AT_ONCE]:
                _tell(session, exchange, club_id, month, now)
    return len(clubs)


def _tell(session: Session, exchange: Exchange, club_id: int, month: date, now: datetime) -> None:
    club = session.get_one(Club, club_id)
    row = ClubSummary(club_id=club_id, month=month, made_at=now)
    session.add(row)
    found = month_of(session, club_id, month)
    contact = unasked.facilitator_phone(session, club_id, club.phone_id, now)
    if not found.sessions or contact is None or pauses.paused(session, club, now.date()):
        return
    for label, values in parts(club.code, found):
        message = unasked.queue(
            session, exchange, contact, label, values, now, kind=Kind.PUSH, expires_at=now + LASTS, hours=club.hours
        )
        row.message_id = row.message_id or (message.id if message is not None else None)


def parts(code: str, found: Month) -> list[tuple[str, dict[str, object]]]:
    """The SMS of a month: reply labels with their values; the second only where there is something to answer for."""
    name = f"{found.first:%m/%Y}"  # in numbers: the words around it are in any language
    told = {"club": code, "mois": name, "seances": found.sessions, "femmes": found.women, "hommes": found.men}
    said: list[tuple[str, dict[str, object]]] = [("summary_sessions", told)]
    if found.gain is not None:
        said = [("summary_quiz", {**told, "gain": f"{found.gain:+d}"})]
    if found.actions_due or found.asked:
        more = {"faites": found.actions_done, "actions": found.actions_due}
        more |= {"repondues": found.answered, "questions": found.asked}
        said.append(("summary_answers", {"club": code, "mois": name, **more}))
    return said


def spoken(found: Month) -> list[Figure]:
    """What the voice says of a month: a unit's label and its number, nothing where there is nothing to say."""
    figures: list[Figure] = [("unit_sessions", found.sessions), ("unit_women", found.women), ("unit_men", found.men)]
    if found.gain is not None and found.gain > 0:
        figures.append(("unit_points", found.gain))
    if found.answered:
        figures.append(("unit_answers", found.answered))
    return figures if found.sessions else []
