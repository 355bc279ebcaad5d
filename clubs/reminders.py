"""Reminders of reports that are due: on the first and fourth day to who reports, on the seventh to the supervisor.

One SMS a number a day, however many clubs it speaks for; a report, an excuse, a pause or a STOP ends them. A clock that was down
for days sends what is due now and nothing of what it missed.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs import expected, pauses, people, unasked
from clubs.grammar.dates import in_words
from clubs.models import Club, Village
from clubs.records import ExpectedReport, ExpectedState, Report, ReportState
from messaging.exchange import Exchange
from messaging.models import Contact, ContactState, Kind, Message, MessageState

AFTER = (1, 4)
"""Days after the expected one on which its facilitator is reminded."""
ESCALATED_AFTER = expected.ESCALATED.days
CODES_AT_MOST = 8
"""Clubs named in one SMS to a supervisor."""
GIVEN_UP = (MessageState.CANCELLED, MessageState.SUPPRESSED, MessageState.EXPIRED)


def expect(exchange: Exchange, now: datetime) -> None:
    """What the clock runs: write the days that became due, let others be missing, remind, and tell supervisors."""
    today = now.astimezone(ZoneInfo(exchange.settings.timezone)).date()
    with exchange.database.writing() as session:
        expected.plan(session, today)
        expected.age(session, today)
    with exchange.database.writing() as session:
        remind(session, exchange, now, today)
    with exchange.database.writing() as session:
        escalate(session, exchange, now, today)


def remind(session: Session, exchange: Exchange, now: datetime, today: date) -> int:
    """Queue the reminders due today; how many."""
    reminded = 0
    told = _told_today(session, today)
    for row, club in owed(session, today, AFTER[0]):
        stage = sum((today - row.due_on).days >= days for days in AFTER)
        if row.reminders >= stage or (today - row.due_on).days >= ESCALATED_AFTER:
            continue
        contact = unasked.facilitator_phone(session, club.id, club.phone_id, now)
        if contact is None or contact.id in told:
            continue
        label = "report_due" if stage == 1 else "report_due_again"
        told_of = {"club": club.code, "jour": in_words(row.due_on)}
        message = unasked.queue(session, exchange, contact, label, told_of, now, hours=club.hours)
        if message is None:
            continue
        row.reminders, row.reminder_id = stage, message.id
        told.add(contact.id)
        reminded += 1
    return reminded


def escalate(session: Session, exchange: Exchange, now: datetime, today: date) -> int:
    """Tell each supervisor which clubs have been silent for a week, once a day at most; how many SMS were queued."""
    silent: dict[int, list[tuple[ExpectedReport, Club]]] = defaultdict(list)
    for row, club in owed(session, today, ESCALATED_AFTER):
        if row.escalated_on is None:
            contact_id = _supervisor_phone(session, club.village_id, now)
            if contact_id is not None:
                silent[contact_id].append((row, club))
    told, sent = _told_today(session, today), 0
    for contact_id, late in sorted(silent.items()):
        if contact_id in told:
            continue
        named = late[:CODES_AT_MOST]
        codes = list(dict.fromkeys(club.code for _, club in named))
        contact = session.get_one(Contact, contact_id)
        told_of = {"clubs": ", ".join(codes), "club": codes[0]}
        message = unasked.queue(session, exchange, contact, "clubs_late", told_of, now)
        if message is None:
            continue
        sent += 1
        for row, _ in named:
            row.escalated_on = today
    return sent


def owed(session: Session, today: date, days: int) -> list[tuple[ExpectedReport, Club]]:
    """What has been waited for since `days` days or more, of clubs that are not paused today, the longest first.

    A session that lies with a supervisor, held or unverified, is not asked for again.
    """
    waiting = (
        select(ExpectedReport, Club, Village)
        .join(Club, Club.id == ExpectedReport.club_id)
        .join(Village, Village.id == Club.village_id)
        .where(ExpectedReport.state == ExpectedState.WAITING, ExpectedReport.report_id.is_(None), Club.active)
        .where(ExpectedReport.due_on.between(today - expected.LATE, today - timedelta(days=days)))
        .order_by(ExpectedReport.due_on, Club.code)
    )
    found = [(row, club) for row, club, village in session.execute(waiting) if not _paused(session, club, village, today)]
    lies = _with_a_supervisor(session, [club.id for _, club in found])
    return [
        (row, club)
        for row, club in found
        if not any(abs((row.due_on - day).days) <= max(1, club.every_days // 2) for day in lies.get(club.id, ()))
    ]


def _supervisor_phone(session: Session, village_id: int, now: datetime) -> int | None:
    """The number of who has supervised a village longest, among those that may be written to."""
    posted = (member.contact_id for member in people.supervisors(session, village_id, now.date()))
    rows = (session.get_one(Contact, contact_id) for contact_id in posted if contact_id is not None)
    return next((contact.id for contact in rows if contact.state is ContactState.ACTIVE), None)


def _paused(session: Session, club: Club, village: Village, today: date) -> bool:
    return pauses.excused(pauses.spans(session, club, village), today)


def _with_a_supervisor(session: Session, club_ids: list[int]) -> dict[int, list[date]]:
    found: dict[int, list[date]] = defaultdict(list)
    undecided = select(Report.club_id, Report.session_date).where(
        Report.club_id.in_(club_ids),
        Report.kind.in_(expected.SETTLES),
        Report.state.in_((ReportState.HELD, ReportState.UNVERIFIED)),
        Report.session_date.is_not(None),
    )
    for club_id, day in session.execute(undecided):
        if club_id is not None and day is not None:
            found[club_id].append(day)
    return found


def _told_today(session: Session, today: date) -> set[int]:
    """The numbers that a reminder was queued for since midnight, which is UTC's in Bamako."""
    midnight = datetime.combine(today, time(), UTC)
    queued = select(Message.contact_id).where(
        Message.kind == Kind.REMINDER, Message.created_at >= midnight, Message.state.not_in(GIVEN_UP)
    )
    return set(session.scalars(queued))
