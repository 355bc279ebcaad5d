"""Ninety invented days: sessions reported well and badly, broadcasts heard and not, questions, answers, goodbyes.

Written as rows, not played: it is the past. What a real programme gets wrong is in it too, so that no page is too clean.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.models import Answer
from clubs.expected import punctuality
from clubs.models import Club
from clubs.records import (
    Action,
    ExpectedReport,
    ExpectedState,
    Inquiry,
    InquiryKind,
    InquiryState,
    RadioEpisode,
    RadioStation,
    Report,
    ReportState,
)
from demonstration.people import Group
from messaging.models import Contact, Direction, Kind, Message, MessageState
from translations.models import Theme

Row = Report | Message | ExpectedReport | Inquiry | Answer
Figures = dict[str, int | bool]
DAYS = 90
MEETINGS = 24
HELD, EXCUSED = 0.86, 0.93  # of expected sessions: reported, excused; the rest stays silent
CLUMSY, CORRECTED, HUGE = 0.09, 0.05, 0.01
QUESTIONS = (
    ("Peut-on donner un oeuf a 7 mois ?", 63),
    ("Ma bouillie est trop claire, que faire ?", 32),
    ("Combien de repas par jour pour un enfant de 1 an ?", 34),
    ("Comment secher les feuilles de moringa ?", 61),
    ("Le premier lait jaune, il faut le jeter ?", 21),
    ("Mon bebe a la diarrhee depuis hier", 42),
)


@dataclass
class Past:
    """Where history is written: the channel, the chance, the last past day, and rows that wait for the id of another."""

    session: Session
    chance: Random
    channel_id: int
    last: date
    waiting: list[tuple[Row, str, Row]] = field(default_factory=list)
    actions: Counter[int] = field(default_factory=Counter)

    def moment(self, day: date, hour: float) -> datetime:
        """That day at that hour."""
        return datetime.combine(day, time(), UTC) + timedelta(hours=hour, seconds=self.chance.randrange(60))

    def add_with(self, row: Row, name: str, other: Row) -> None:
        """Write `row` once `other`, which it names in column `name`, has an id: one flush for thousands of rows."""
        self.waiting.append((row, name, other))

    def write(self) -> None:
        """Write everything gathered."""
        self.session.flush()
        while self.waiting:
            ready = [entry for entry in self.waiting if entry[2].id is not None]
            self.waiting = [entry for entry in self.waiting if entry[2].id is None]
            for row, name, other in ready:
                setattr(row, name, other.id)
            self.session.add_all(row for row, _, _ in ready)
            self.session.flush()


def report_sessions(past: Past, groups: Sequence[Group]) -> None:
    """Every club's expected days with what came of them, in order of arrival so that report numbers grow with time."""
    themes = list(past.session.scalars(select(Theme.code).where(Theme.code < 90).order_by(Theme.code)))
    due = [(day, group) for group in groups for day in _session_days(group, past.last)]
    due.sort(key=lambda pair: (pair[0], pair[1].code))
    numbers = iter(range(1, 10 * len(due)))
    for day, group in due:
        _session(past, group, day, themes, numbers)
    _meetings(past, groups, numbers)
    for group in groups:
        club = past.session.get_one(Club, group.id)
        next_day = past.last + timedelta(days=1)
        club.next_expected = next_day + timedelta(days=(group.weekday - next_day.weekday()) % 7)


def _session_days(group: Group, last: date) -> Iterator[date]:
    day = last - timedelta(days=DAYS)
    day += timedelta(days=(group.weekday - day.weekday()) % 7)
    while day <= last:
        yield day
        day += timedelta(days=group.every_days)


def _session(past: Past, group: Group, day: date, themes: Sequence[int], numbers: Iterator[int]) -> None:
    fate = past.chance.random()
    if fate >= EXCUSED:
        state = ExpectedState.MISSING if (past.last - day).days > 14 else ExpectedState.WAITING
        past.session.add(ExpectedReport(club_id=group.id, due_on=day, state=state))
        return
    delay = past.chance.choices((3, 22, 60, 110, 260), (40, 30, 14, 12, 4))[0]
    at = past.moment(day, 18 + delay)
    if at.date() > past.last:
        at = past.moment(past.last, 19)
    number = next(numbers)
    if fate < HELD:
        report = _session_report(past, group, day, at, themes, number, numbers)
    else:
        values = {"reason": past.chance.choices((1, 2, 3, 4, 6), (40, 25, 10, 15, 10))[0]}
        report = _stored(past, group, "RAS", day, at, number, values)
    if report.state is ReportState.VALID:
        past.add_with(ExpectedReport(club_id=group.id, due_on=day, state=punctuality(day, at)), "report_id", report)
    else:
        past.session.add(ExpectedReport(club_id=group.id, due_on=day, state=ExpectedState.WAITING))


def _session_report(
    past: Past, group: Group, day: date, at: datetime, themes: Sequence[int], number: int, numbers: Iterator[int]
) -> Report:
    chance = past.chance
    theme = themes[(day.toordinal() // 7 + group.id % 5) % len(themes)]
    women = max(2, round(chance.gauss(group.declared_women, 3)))
    men = max(0, round(chance.gauss(group.declared_men * 0.7, 3)))
    youth = min(women + men, round((women + men) * chance.uniform(0.15, 0.5)))
    radio = chance.random() < 0.6
    values: Figures = {"theme": theme, "women": women, "men": men, "youth": youth, "radio": radio}
    if chance.random() < 0.3:
        values["mothers"] = min(women, round(women * chance.uniform(0.2, 0.6)))
    clumsy = False
    if chance.random() < CLUMSY:
        wrong = chance.choice((f"CR {theme} {women}", f"CR 1{theme} {women} {men}", f"cr {theme}{women}{men}"))
        _text(past, group.facilitator, at - timedelta(minutes=9), wrong, "CR", "ASK")
        clumsy = True
    if chance.random() < CORRECTED:
        older = {**values, "women": women + 10}
        first = _stored(past, group, "CR", day, at - timedelta(minutes=5), number, older)
        report = _stored(past, group, "CR", day, at, number, values, version=2)
        first.state = ReportState.REPLACED
        past.add_with(first, "replaced_by", report)
    elif chance.random() < HUGE and (past.last - day).days < 2:
        huge = {**values, "women": women + 60, "men": men + 40}
        report = _stored(past, group, "CR", day, at, number, huge, state=ReportState.HELD)
    else:
        report = _stored(past, group, "CR", day, at, number, values)
        report.first_reply = "ASK" if clumsy else "ACK"
    if chance.random() < 0.45:
        _quiz(past, group, day, at, theme, women + men, next(numbers))
    if chance.random() < 0.14:
        _decide(past, group, day)
    return report


def _quiz(past: Past, group: Group, day: date, at: datetime, theme: int, present: int, number: int) -> None:
    voters = max(1, round(present * past.chance.uniform(0.75, 1.0)))
    before = round(voters * past.chance.uniform(0.15, 0.55))
    after = min(voters, before + round((voters - before) * past.chance.uniform(0.2, 0.85)))
    values = {"theme": theme, "before": before, "after": after, "voters": voters}
    _stored(past, group, "QZ", day, at + timedelta(minutes=4), number, values)


def _decide(past: Past, group: Group, day: date) -> None:
    past.actions[group.id] += 1
    kind = past.chance.choices(range(1, 10), (20, 20, 12, 12, 6, 12, 8, 6, 4))[0]
    due = day + timedelta(days=30)
    done = day + timedelta(days=past.chance.randint(5, 40)) if past.chance.random() < 0.62 else None
    past.session.add(
        Action(
            club_id=group.id,
            number=past.actions[group.id],
            type=kind,
            decided_on=day,
            due_on=due,
            done_on=done if done is not None and done <= past.last else None,
            quantity=past.chance.randint(10, 60) if kind == 2 and done is not None and done <= past.last else None,
        )
    )


def _stored(
    past: Past,
    group: Group,
    kind: str,
    day: date,
    at: datetime,
    number: int,
    values: Figures,
    *,
    version: int = 1,
    state: ReportState = ReportState.VALID,
) -> Report:
    received = _text(
        past, group.facilitator, at, _typed(kind, values), kind, "FIX" if version > 1 else "ACK", f"Merci. No {number}: noté."
    )
    report = Report(
        number=number,
        version=version,
        kind=kind,
        club_id=group.id,
        session_date=day,
        values=values,
        state=state,
        contact_id=group.facilitator.id,
        first_reply=None if version > 1 else "HOLD" if state is ReportState.HELD else "ACK",
        reported_at=at,
    )
    past.add_with(report, "message_id", received)
    return report


def _typed(kind: str, values: Figures) -> str:
    """The SMS that says just these figures; mothers are no position."""
    figures = [str(int(value)) for name, value in values.items() if name != "mothers"]
    return " ".join([kind, *figures, *([f"M{values['mothers']}"] if "mothers" in values else [])])


def _text(past: Past, contact: Contact, at: datetime, text: str, kind: str, outcome: str, reply: str = "") -> Message:
    received = Message(
        direction=Direction.IN,
        channel_id=past.channel_id,
        contact_id=contact.id,
        state=MessageState.HANDLED,
        text=text,
        not_before=at,
        created_at=at,
        handled_at=at,
        parse={"kind": kind, "outcome": outcome},
        reply_kind=outcome,
    )
    past.session.add(received)
    answered = at + timedelta(seconds=20)
    past.session.add(
        Message(
            direction=Direction.OUT,
            channel_id=past.channel_id,
            contact_id=contact.id,
            kind=Kind.REPLY,
            state=MessageState.DELIVERED,
            text=reply or "Ecrivez par exemple: CR 12 18 7",
            encoding="GSM-7",
            parts=1,
            price=15,
            attempts=1,
            not_before=at,
            created_at=at,
            wired_at=answered,
            delivered_at=answered,
            ended_at=answered,
        )
    )
    return received


def _meetings(past: Past, groups: Sequence[Group], numbers: Iterator[int]) -> None:
    for place in range(MEETINGS):
        day = past.last - timedelta(days=3 + place * 3)
        group = groups[place * 5]
        values: Figures = {
            "event_type": 1,
            "women": past.chance.randint(25, 60),
            "men": past.chance.randint(20, 50),
            "villages": past.chance.randint(3, 8),
        }
        _stored(past, group, "EV", day, past.moment(day, 17), next(numbers), values)


def ask_questions(past: Past, contacts: Sequence[Contact]) -> None:
    """Questions from members: most answered within days, some still open."""
    for number in range(1, 121):
        text, theme = past.chance.choice(QUESTIONS)
        contact = past.chance.choice(contacts)
        at = past.moment(past.last - timedelta(days=past.chance.randrange(DAYS)), past.chance.uniform(7, 21))
        received = _text(past, contact, at, f"Q {text}", "Q", "ACK", f"Question No {number} notée. Réponse sous 7 jours.")
        answered = at + timedelta(hours=past.chance.uniform(4, 120))
        done = answered.date() <= past.last and past.chance.random() < 0.85
        past.add_with(
            Inquiry(
                number=number,
                kind=InquiryKind.NUTRITION if done else InquiryKind.UNSORTED,
                state=InquiryState.ANSWERED if done else InquiryState.OPEN,
                contact_id=contact.id,
                text=text,
                theme_code=theme if done else None,
                received_at=at,
                due_at=at + timedelta(days=7),
                answer="Réponse de démonstration." if done else None,
                answered_at=answered if done else None,
            ),
            "message_id",
            received,
        )


def air_programmes(past: Past) -> None:
    """One radio programme a week, on the theme of those clubs that follow it."""
    themes = list(past.session.scalars(select(Theme.code).where(Theme.code < 90).order_by(Theme.code)))
    station = RadioStation(name="Radio du plateau (démo)")
    past.session.add(station)
    past.session.flush()
    for week in range(DAYS // 7):
        day = past.last - timedelta(days=7 * week)
        theme = themes[(day.toordinal() // 7) % len(themes)]
        past.session.add(
            RadioEpisode(
                station_id=station.id,
                title=f"Émission {week + 1} (démo)",
                theme_code=theme,
                airs_at=past.moment(day, 20),
            )
        )
