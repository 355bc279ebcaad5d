"""What the grammar must know before it judges a text: who sent it, what stands, what is waiting for an answer.

Loaded in the transaction that will also store the verdict, behind the lock that orders report numbers, so that a number promised
in a reply is the number stored.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from clubs import spellings
from clubs.grammar.commands import words_of
from clubs.grammar.context import Context, Draft, OpenAction, Recent, State, Version
from clubs.grammar.context import Sender as SpeaksAs
from clubs.grammar.values import Flag, Kind, Parsed, Problem, ProblemId, Values
from clubs.models import Club
from clubs.people import Sender, club_by_code, who_is
from clubs.records import Action, ExpectedReport, Inquiry, Report, ReportState
from clubs.stored import open_prompts, values_from_json, version_of
from clubs.themes import themes
from messaging.models import Contact, ContactState, Direction, Message
from messaging.numbers import is_malian_mobile, is_simulated
from runtime.installation import installation

OWN_FOR = timedelta(hours=48)
CLUB_FOR = timedelta(days=46)
DAY = timedelta(hours=24)
ASKED = "ask:"  # the flag under which a draft keeps what was asked back
UNDONE = "undone"


def context_for(
    session: Session,
    contact: Contact,
    now: datetime,
    *,
    sent_at: datetime | None = None,
    zone: str = "Africa/Bamako",
    number_words: bool = False,
) -> Context:
    """Everything judging a text from this number may depend on; `sent_at` is the gateway's time, if it gave one, `number_words`
    whether French number words are read."""
    house = session.get_one(type(installation(session)), 1, with_for_update=True)
    today = now.astimezone(ZoneInfo(zone)).date()
    sender = who_is(session, contact, today)
    clubs = _clubs(session, sender)
    rows = _reports(session, contact, clubs, now, today)
    return Context(
        now=now,
        sender=SpeaksAs(sender.speaks_as.value),
        clubs=tuple(club.code for club in clubs),
        sent_at=sent_at,
        zone=zone,
        known_club=lambda code: club_by_code(session, code) is not None,
        valid_number=lambda number: is_malian_mobile(number) and (house.simulation or not is_simulated(number)),
        reports=tuple(_versions(session, rows, contact)),
        draft=_draft(session, contact, now),
        prompts=tuple(open_prompts(session, contact, now)),
        actions=tuple(_actions(session, contact, clubs)),
        recent=_recent(session, contact, now),
        undone_at=max((row.decided_at for row in rows if row.decided_at and UNDONE in row.flags), default=None),
        handovers=_handovers(rows, clubs) if sender.villages else frozenset(),
        next_report=_next(session, select(func.max(Report.number))),
        next_action_of=lambda code: _next_action(session, code),
        next_inquiry=_next(session, select(func.max(Inquiry.number))),
        periods=tuple(_periods(session, clubs, today)),
        opted_out=contact.state is ContactState.STOPPED,
        helps=_helps(session, contact, now),
        themes=themes(session),
        vocabulary=spellings.vocabulary(session, training=house.simulation, number_words=number_words),
    )


def _clubs(session: Session, sender: Sender) -> list[Club]:
    if sender.villages:
        return list(session.scalars(select(Club).where(Club.village_id.in_(sender.villages), Club.active).order_by(Club.code)))
    return list(session.scalars(select(Club).where(Club.code.in_(sender.clubs), Club.active).order_by(Club.code)))


def _reports(session: Session, contact: Contact, clubs: Iterable[Club], now: datetime, today: date) -> list[Report]:
    ids = [club.id for club in clubs]
    own = (Report.contact_id == contact.id) & (Report.reported_at > now - OWN_FOR)
    recent = (Report.session_date >= today - CLUB_FOR) | (Report.kind == Kind.NF.value)
    of_clubs = Report.club_id.in_(ids) & recent
    here = select(Report).where(Report.number.is_not(None), or_(own, of_clubs)).order_by(Report.number, Report.version)
    return list(session.scalars(here))


def _versions(session: Session, rows: Iterable[Report], contact: Contact) -> Iterable[Version]:
    for row in rows:
        if row.state.value in set(State):
            yield version_of(row, _code(session, row), own=row.contact_id == contact.id)


def _code(session: Session, row: Report) -> str | None:
    return session.get_one(Club, row.club_id).code if row.club_id is not None else None


def _handovers(rows: Iterable[Report], clubs: Iterable[Club]) -> frozenset[int]:
    """The numbers of the handovers that wait in these clubs."""
    here = {club.id for club in clubs}
    waiting = (row for row in rows if row.kind == Kind.NF and row.state is ReportState.HELD and row.club_id in here)
    return frozenset(row.number for row in waiting if row.number is not None)


def draft_row(session: Session, contact: Contact, now: datetime, kind: Kind | None = None) -> Report | None:
    """The report of the last day, of any kind or of that one, that this number still has to complete."""
    newest = select(Report).where(
        Report.contact_id == contact.id, Report.state == ReportState.DRAFT, Report.reported_at > now - DAY
    )
    if kind is not None:
        newest = newest.where(Report.kind == kind.value)
    return session.scalars(newest.order_by(Report.id.desc()).limit(1)).first()


def _draft(session: Session, contact: Contact, now: datetime) -> Draft | None:
    row = draft_row(session, contact, now)
    if row is None:
        return None
    asked = next((flag.removeprefix(ASKED) for flag in row.flags if flag.startswith(ASKED)), ProblemId.MISSING.value)
    flags = frozenset(Flag(flag) for flag in row.flags if flag in set(Flag))
    values = values_from_json(row.values, _code(session, row), row.session_date, row.note)
    return Draft(Kind(row.kind), values, row.reported_at, Problem(ProblemId(asked)), flags)


def _actions(session: Session, contact: Contact, clubs: Iterable[Club]) -> Iterable[OpenAction]:
    """Those of the sender's clubs, and what this number decided for another club: a guest may end that, and sees no more."""
    undone = select(Action.number, Club.code, Action.type).join(Club, Club.id == Action.club_id)
    undone = undone.outerjoin(Message, Message.id == Action.message_id).where(
        Action.done_on.is_(None), Action.cancelled.is_(False)
    )
    mine = or_(Action.club_id.in_([club.id for club in clubs]), Message.contact_id == contact.id)
    for number, code, type_ in session.execute(undone.where(mine).order_by(Action.number)):
        yield OpenAction(number, code, type_)


def _next_action(session: Session, code: str) -> int:
    latest = select(func.max(Action.number)).join(Club, Club.id == Action.club_id).where(Club.code == code)
    return _next(session, latest)


def _next(session: Session, latest: Select[int | None]) -> int:
    return (session.scalar(latest) or 0) + 1


def _recent(session: Session, contact: Contact, now: datetime) -> frozenset[Recent]:
    asked = session.scalars(select(Inquiry.text).where(Inquiry.contact_id == contact.id, Inquiry.received_at > now - DAY))
    decided = session.execute(
        select(Club.code, Action.type, Action.note)
        .join(Club, Club.id == Action.club_id)
        .join(Message, Message.id == Action.message_id)
        .where(Message.contact_id == contact.id, Message.created_at > now - DAY)
    )
    questions = [Parsed(Kind.Q, Values(note=text)) for text in asked]
    actions = [Parsed(Kind.AC, Values(club=code, action_type=type_, note=note)) for code, type_, note in decided]
    return frozenset(words_of(parsed) for parsed in (*questions, *actions))


def _periods(session: Session, clubs: Iterable[Club], today: date) -> Iterable[tuple[str, date, date]]:
    reach = {club.id: (club.code, timedelta(days=(club.every_days - 1) // 2)) for club in clubs}
    due = select(ExpectedReport.club_id, ExpectedReport.due_on).where(
        ExpectedReport.club_id.in_(reach), ExpectedReport.due_on >= today - CLUB_FOR
    )
    for club_id, day in session.execute(due):
        code, around = reach[club_id]
        yield code, day - around, day + around


def _helps(session: Session, contact: Contact, now: datetime) -> int:
    asked = select(func.count()).where(
        Message.contact_id == contact.id,
        Message.direction == Direction.IN,
        Message.created_at > now - DAY,
        Message.parse["kind"].as_string() == Kind.AIDE.value,
    )
    return session.scalar(asked) or 0
