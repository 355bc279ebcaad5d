"""Each line of the table of indicators, over an invented quarter, equals what is counted by hand from what the inventor knows.

The counting below follows the field guide's formulas and reads none of the product's rows; only the inventing writes them.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from statistics import median
from typing import Any

import pytest

from campaigns.models import Answer
from clubs.models import Club
from clubs.records import (
    Action,
    ExpectedReport,
    ExpectedState,
    Inquiry,
    InquiryKind,
    InquiryState,
    PlannedTheme,
    Report,
    ReportState,
    SpotCheck,
)
from messaging.models import Call, CallState, Contact, Direction, Kind, Message, MessageState, OptOut
from results.indicators import figures
from results.scope import Scope
from runtime.crypto import blind
from runtime.database import Database, Session
from tests.world import World
from translations.models import Clip

SINCE, UNTIL = date(2026, 1, 1), date(2026, 3, 31)
PERIOD = Scope(SINCE, UNTIL)
PLANNED = (12, 13, 21)
SECONDS = 40.0


@dataclass
class Truth:
    """What the inventor knows, as plain values."""

    sessions: list[dict[str, Any]] = field(default_factory=list)
    quizzes: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    demonstrations: int = 0
    expected: list[str] = field(default_factory=list)
    checks: list[tuple[int, int]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    questions: list[float | None] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[bool, bool]] = field(default_factory=list)
    active: int = 0
    stopped: int = 0


def at(day: date, hour: int = 12) -> datetime:
    return datetime.combine(day, time(hour), UTC)


@pytest.fixture(params=[1, 2, 3], ids=["first seed", "second seed", "third seed"])
def truth(request: pytest.FixtureRequest, database: Database, world: World) -> Truth:
    """A quarter, and some rows on either side of it that count nowhere."""
    chance, made = Random(request.param), Truth()
    with database.writing() as session:
        _reports(session, chance, made, world)
        _field(session, chance, made, world)
        _phones(session, chance, made, world)
    return made


def _reports(session: Session, chance: Random, made: Truth, world: World) -> None:
    number = 0
    for place, club in enumerate(world.clubs.values()):
        for week in range(-3, 16):
            day = date(2026, 1, 7) + timedelta(days=7 * week + place)
            inside, number = SINCE <= day <= UNTIL, number + 1
            if place == 2 and inside:
                continue  # the third club never meets
            women, men = chance.randint(1, 25), chance.randint(1, 15)
            values: dict[str, Any] = {"theme": chance.choice((12, 13, 31)), "women": women, "men": men}
            if chance.random() < 0.3:
                values["more_themes"] = [21]
            for name, most in (("youth", women + men), ("mothers", women)):
                if chance.random() < 0.5:
                    values[name] = chance.randint(0, most)
            if chance.random() < 0.6:
                values["radio"] = chance.random() < 0.5
            reply = chance.choice(("ACK", "ACK", "ACK", "ASK", "HOLD"))
            state = chance.choice((ReportState.VALID,) * 6 + (ReportState.HELD, ReportState.CANCELLED, ReportState.UNVERIFIED))
            row = Report(number=number, kind="CR", club_id=club, session_date=day, values=values, state=state)
            row.reported_at, row.first_reply = at(day, 20), reply
            session.add(row)
            if inside:
                made.replies.append(reply)
            if state is ReportState.VALID and chance.random() < 0.2:  # a correction: the first version counts no more
                row.state = ReportState.REPLACED
                values = {**values, "women": women + 1}
                row = Report(number=number, version=2, kind="CR", club_id=club, session_date=day, values=values)
                row.state, row.reported_at = ReportState.VALID, at(day, 21)
                session.add(row)
            session.flush()
            if row.state is ReportState.VALID and inside:
                made.sessions.append({**values, "club": club})
                if chance.random() < 0.3:
                    seen = (chance.randint(0, 25), chance.randint(0, 15))
                    check = SpotCheck(report_id=row.id, supervisor_id=world.members["moussa"], drawn_on=day, seen_at=at(day))
                    check.women, check.men = seen
                    check.month = day.replace(day=1) if number % 4 else None  # what nobody drew is not at random
                    session.add(check)
                    if check.month is not None:
                        made.checks.append((sum(seen), values["women"] + values["men"]))
            expected = chance.choice(list(ExpectedState))
            session.add(ExpectedReport(club_id=club, due_on=day, state=expected))
            if inside:
                made.expected.append(expected.value)
    draft = Report(kind="CR", values={}, state=ReportState.DRAFT, first_reply="ASK", reported_at=at(date(2026, 2, 2)))
    done = Report(kind="CR", values={}, state=ReportState.REPLACED, first_reply="ASK", reported_at=at(date(2026, 2, 2)))
    session.add_all((draft, done))  # the second became one of the reports above
    made.replies.append("ASK")


def _field(session: Session, chance: Random, made: Truth, world: World) -> None:
    clubs = list(world.clubs.values())
    for number in range(1000, 1060):
        day = date(2025, 12, 20) + timedelta(days=chance.randrange(120))
        inside, kind = SINCE <= day <= UNTIL, chance.choice(("QZ", "EV", "DC"))
        voters = chance.randint(5, 30)
        before = chance.randint(0, voters)
        values: dict[str, dict[str, int]] = {
            "QZ": {"theme": 12, "before": before, "after": chance.randint(before, voters), "voters": voters},
            "EV": {"event_type": chance.randint(1, 5), "women": chance.randint(5, 50), "men": 9, "villages": 3},
            "DC": {"recipe": 4, "women": 20, "men": 6},
        }
        state = ReportState.VALID if chance.random() < 0.8 else ReportState.HELD
        session.add(
            Report(
                number=number,
                kind=kind,
                club_id=clubs[0],
                session_date=day,
                values=values[kind],
                state=state,
                reported_at=at(day),
            )
        )
        if inside and state is ReportState.VALID:
            made.quizzes += [values[kind]] if kind == "QZ" else []
            made.events += [values[kind]] if kind == "EV" else []
            made.demonstrations += kind == "DC"
    for number in range(1, 41):
        due = date(2025, 12, 15) + timedelta(days=chance.randrange(140))
        done = due + timedelta(days=chance.randint(-20, 20)) if chance.random() < 0.6 else None
        row = {"type": chance.randint(1, 3), "due_on": due, "done_on": done, "quantity": chance.randint(1, 60) if done else None}
        cancelled = chance.random() < 0.1
        session.add(Action(club_id=clubs[0], number=number, decided_on=due, cancelled=cancelled, **row))
        if not cancelled:
            made.actions.append(row)
    for code in PLANNED:
        session.add(PlannedTheme(quarter=date(2026, 1, 1), theme_code=code))
    session.add(PlannedTheme(quarter=date(2026, 4, 1), theme_code=31))
    greeting = Inquiry(number=99, kind=InquiryKind.UNSORTED, state=InquiryState.CLOSED, received_at=at(SINCE), due_at=at(SINCE))
    session.add(greeting)  # put away unsorted: no question
    for number in range(1, 31):
        day = date(2025, 12, 20) + timedelta(days=chance.randrange(120))
        hours = chance.uniform(1, 90) if chance.random() < 0.7 else None
        kind = chance.choice((InquiryKind.NUTRITION, InquiryKind.COMPLAINT, InquiryKind.PROTECTION))
        row_ = Inquiry(number=number, kind=kind, received_at=at(day), due_at=at(day))
        row_.state = InquiryState.OPEN if hours is None else InquiryState.ANSWERED
        row_.answered_at = None if hours is None else at(day) + timedelta(hours=hours)
        session.add(row_)
        if SINCE <= day <= UNTIL and kind is not InquiryKind.PROTECTION:
            made.questions.append(hours)


def _phones(session: Session, chance: Random, made: Truth, world: World) -> None:
    contacts = list(world.contacts.values())
    variant = world.variants["repas-en-plus"]
    session.add(
        Clip(variant_id=variant, sha256="0" * 64, media_type="audio/wav", bytes=1, seconds=SECONDS, uploaded_at=at(SINCE))
    )
    for number in range(150):
        day = date(2025, 12, 20) + timedelta(days=chance.randrange(120))
        inside, contact = SINCE <= day <= UNTIL, chance.choice(contacts)
        head: dict[str, Any] = {"channel_id": world.channel, "contact_id": contact, "not_before": at(day), "created_at": at(day)}
        if number % 2:
            state = chance.choice(
                (MessageState.DELIVERED, MessageState.DELIVERED, MessageState.FAILED, MessageState.UNKNOWN, MessageState.WIRED)
            )
            session.add(Message(direction=Direction.OUT, kind=chance.choice((Kind.PUSH, Kind.REPLY)), state=state, **head))
            session.flush()
            last = session.query(Message).order_by(Message.id.desc()).first()
            if inside and last is not None and last.kind is Kind.PUSH:
                made.messages.append(state.value)
            continue
        ended = chance.choice((CallState.COMPLETED, CallState.DROPPED, CallState.BUSY, CallState.NO_ANSWER))
        answered = ended in (CallState.COMPLETED, CallState.DROPPED)
        heard = round(chance.uniform(1, SECONDS), 1) if answered else None
        price = chance.randint(50, 200) if answered else 0
        call = Call(
            direction=Direction.OUT, state=ended, variant_id=variant, dialling_at=at(day), price=price, settled=price, **head
        )
        call.seconds_heard, call.core_end_s = heard, 15.0
        call.core_reached = heard >= 15 if heard is not None else None
        session.add(call)
        session.flush()
        if inside:
            made.calls.append({"contact": contact, "answered": answered, "heard": heard, "price": price})
        if answered and chance.random() < 0.5:
            right, first = chance.random() < 0.6, not any(number_ == contact for _r, _v, number_ in _first(session))
            session.add(
                Answer(
                    question_id=world.question,
                    contact_id=contact,
                    key=1,
                    right=right,
                    scored=first,
                    answered_at=at(day),
                    call_id=call.id,
                    turn=1,
                )
            )
            session.flush()
            if inside and first:
                made.answers.append((right, True))
    opened = date(2025, 11, 1)
    for name, contact in world.contacts.items():
        session.get_one(Contact, contact).created_at = at(opened if name != "fatou" else date(2026, 2, 1))
    session.add(OptOut(number_index=blind("old"), contact_id=world.contacts["sory"], via="sms", at=at(date(2025, 12, 1))))
    session.add(OptOut(number_index=blind("new"), contact_id=world.contacts["oumar"], via="sms", at=at(date(2026, 2, 1))))
    made.active, made.stopped = len(contacts) - 2, 1


def _first(session: Session) -> list[tuple[bool, bool, int]]:
    return [(row.right, row.scored, row.contact_id) for row in session.query(Answer).filter_by(scored=True)]


def total(rows: list[dict[str, Any]], *names: str) -> int:
    return sum(row.get(name) or 0 for row in rows for name in names)


def percent(part: float, whole: float) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def counted(truth: Truth, clubs: int, declared: int) -> dict[str, float | None]:
    """The table of indicators, line by line."""
    cr, qz = truth.sessions, truth.quizzes
    present = total(cr, "women", "men")
    youth, mothers, radio = ([row for row in cr if row.get(name) is not None] for name in ("youth", "mothers", "radio"))
    active = {row["club"] for row in cr}
    pairs = {(row["club"], code) for row in cr for code in (row["theme"], *row.get("more_themes", ())) if code in PLANNED}
    due = [state for state in truth.expected if state != "excused"]
    answered = [call for call in truth.calls if call["answered"]]
    core = [call for call in answered if call["heard"] >= 15]
    hours = [each for each in truth.questions if each is not None]
    acts = [row for row in truth.actions if SINCE <= row["due_on"] <= UNTIL]
    grown = [row for row in truth.actions if row["type"] == 2 and row["done_on"] and SINCE <= row["done_on"] <= UNTIL]
    delivered, failed = truth.messages.count("delivered"), truth.messages.count("failed")
    on_time, late = due.count("on_time"), due.count("late")
    return {
        "sms_delivered": percent(delivered, delivered + failed),
        "sms_unknown": truth.messages.count("unknown"),
        "calls_answered": percent(len({c["contact"] for c in answered}), len({c["contact"] for c in truth.calls})),
        "seconds_heard": round(median(call["heard"] for call in answered), 1),
        "heard_whole": percent(sum(1 for call in answered if call["heard"] >= 0.9 * SECONDS), len(answered)),
        "core_reached": percent(len(core), len(answered)),
        "core_cost": round(sum(call["price"] for call in truth.calls) / len(core), 1),
        "opt_out": percent(truth.stopped, truth.active),
        "active_clubs": percent(len(active), clubs),
        "sessions": len(cr),
        "sessions_held": percent(len(cr), len(due)),
        "attendances": present,
        "attendance_mean": round(present / len(cr), 1),
        "declared": declared,
        "mothers": round(total(mothers, "mothers") / len(mothers), 1),
        "events": len(truth.events),
        "event_women": total(truth.events, "women"),
        "event_men": total(truth.events, "men"),
        "event_villages": total(truth.events, "villages"),
        "verification": round(sum(seen for seen, _ in truth.checks) / sum(said for _, said in truth.checks), 2),
        "women": percent(total(cr, "women"), present),
        "youth": percent(total(youth, "youth"), total(youth, "women", "men")),
        "theme_coverage": percent(len(pairs), len(active) * len(PLANNED)),
        "radio": percent(sum(1 for row in radio if row["radio"]), len(radio)),
        "quiz_gain": round(100 * (total(qz, "after") - total(qz, "before")) / total(qz, "voters"), 1),
        "ivr_right": percent(sum(1 for right, _ in truth.answers if right), len(truth.answers)),
        "quiz_right": percent(sum(1 for right, _ in truth.answers if right), len(truth.answers)),
        "actions": percent(sum(1 for row in acts if row["done_on"]), len(acts)),
        "plants": total(grown, "quantity"),
        "demonstrations": truth.demonstrations,
        "questions": percent(len(hours), len(truth.questions)),
        "answer_hours": round(median(hours), 1),
        "questions_open": len(truth.questions) - len(hours),
        "completeness": percent(on_time + late, len(due)),
        "promptness": percent(on_time, len(due)),
        "report_error": percent(sum(1 for reply in truth.replies if reply != "ACK"), len(truth.replies)),
    }


def test_every_indicator_equals_the_inventors_truth(database: Database, world: World, truth: Truth) -> None:
    with database.reading() as session:
        clubs = session.query(Club).count()
        found = {figure.id: figure.value for figure in figures(session, PERIOD, small_cells=True)}
    wanted = counted(truth, clubs, clubs * 25)
    assert {id_: found[id_] for id_ in wanted} == wanted
    assert found.keys() - wanted.keys() == {"sms_sent", "sms_received", "members"}, "what is counted beside the table"
