"""Ninety invented days: sessions reported well and badly, broadcasts heard and not, questions, answers, goodbyes.

Written as rows, not played: it is the past. What a real programme gets wrong is in it too, so that no page is too clean.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select

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
from demonstration.past import DAYS, Past, exchanged
from demonstration.people import Group
from messaging.models import Contact
from translations.models import Theme

Figures = dict[str, int | bool]
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
        exchanged(past, group.facilitator, at - timedelta(minutes=9), wrong, "CR", "ASK")
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
    received = exchanged(
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
        received = exchanged(past, contact, at, f"Q {text}", "Q", "ACK", f"Question No {number} notée. Réponse sous 7 jours.")
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
