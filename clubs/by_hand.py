"""Reports that staff type in, correct, accept or refuse: the grammar's own checks, on a text made from the form.

A form is turned into the SMS a facilitator would have sent, so that no rule exists twice; what staff may settle that a phone must
be asked about (a large attendance, an old day, a second session) comes as their explicit word.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from clubs.grammar.asking import ask
from clubs.grammar.context import Context, State
from clubs.grammar.parse import parse
from clubs.grammar.reports import CORRECTION, OTHER_SESSION, Answered, settle
from clubs.grammar.values import Flag, Kind, Outcome, Parsed, Problem, ProblemId
from clubs.grammar.verdict import Do, Effect, Verdict
from clubs.grammar.words import FRENCH
from clubs.models import Club
from clubs.records import ExpectedReport, Report, ReportState
from clubs.reports import record_verdict
from clubs.stored import version_of
from clubs.themes import themes
from messaging.models import OpenPrompt, PromptKind

KINDS = (Kind.CR, Kind.QZ, Kind.DC, Kind.EV, Kind.RAS)
FIRST = {Kind.CR: "theme", Kind.QZ: "theme", Kind.DC: "recipe", Kind.EV: "event_type", Kind.RAS: "reason"}
LABELS: Mapping[Kind, tuple[tuple[str, str], ...]] = {
    Kind.CR: (("women", "F"), ("men", "H"), ("youth", "J"), ("mothers", "M"), ("radio", "R")),
    Kind.QZ: (("before", "AV"), ("after", "AP"), ("voters", "N")),
    Kind.DC: (("women", "F"), ("men", "H"), ("children", "E")),
    Kind.EV: (("women", "F"), ("men", "H"), ("villages", "V")),
    Kind.RAS: (),
}
WAITING = (ReportState.HELD, ReportState.UNVERIFIED)


@dataclass(frozen=True)
class Typed:
    """A report as the form holds it: whole numbers as text, "" where nothing was said; `second_theme` of a CR."""

    kind: Kind
    day: date
    fields: Mapping[str, str]
    second_theme: str = ""

    def text(self, club: str) -> str:
        """The SMS that says the same."""
        first = self.fields.get(FIRST[self.kind], "")
        themes = f"{first}+{self.second_theme}" if self.second_theme and first else first
        told = [f"{label}{self.fields[name]}" for name, label in LABELS[self.kind] if self.fields.get(name)]
        return " ".join(part for part in (self.kind.value, themes, *told, f"C{club}", f"D{self.day:%d/%m/%Y}") if part)


def judge_typed(
    session: Session,
    club: Club,
    typed: Typed,
    now: datetime,
    *,
    corrects: int | None = None,
    another: int | None = None,
    zone: str = "Africa/Bamako",
) -> Verdict:
    """What the grammar makes of a typed report; `corrects` is the number it is a version of, `another` that of the session it is
    not. ASK names a problem, HOLD what the person must confirm, INFO a report that already says the same."""
    context = _context(session, club, now, zone)
    parsed = parse(typed.text(club.code), context.today, context.vocabulary)
    if parsed.problem is not None:
        return ask(context, parsed, parsed.problem)
    answered = Answered(CORRECTION, corrects) if corrects else Answered(OTHER_SESSION, another) if another else None
    return settle(_at_home(parsed), context, answered=answered)


def _at_home(parsed: Parsed) -> Parsed:
    return replace(parsed, flags=(parsed.flags - {Flag.INFERRED}) | {Flag.AS_WRITTEN})


def store(session: Session, verdict: Verdict, staff_id: int, now: datetime) -> Report:
    """Write a judged report, one held included, since a person confirmed it; versions that were waiting are set aside."""
    effect = replace(verdict.effect, do=Do.STORE, state=State.VALID, opens=None, closes=())
    row = record_verdict(session, replace(verdict, effect=effect), staff_id, now)
    assert row is not None  # STORE always writes a report
    waiting = select(Report).where(Report.number == row.number, Report.id != row.id, Report.state.in_(WAITING))
    for old in session.scalars(waiting):
        old.state, old.decided_at = ReportState.REPLACED, now
        _close_prompt(session, old, now)
    return row


def stores(verdict: Verdict) -> bool:
    """Whether nothing but a confirmation is missing."""
    return verdict.outcome in (Outcome.ACK, Outcome.FIX, Outcome.HOLD) and verdict.effect.do in (Do.STORE, Do.HOLD)


def problem_of(verdict: Verdict) -> Problem | None:
    """The one problem of a report, with the name of the field that is missing."""
    if verdict.problem is ProblemId.MISSING:
        shape = FRENCH.shapes.get(verdict.kind)
        missing = [name for name in shape.required if getattr(verdict.values, name) is None] if shape else []
        return Problem(verdict.problem, missing[0] if missing else "voters")
    return Problem(verdict.problem) if verdict.problem else None


def other_session(verdict: Verdict) -> int | None:
    """The number of the session of another theme on that day, when that is what stands in the way."""
    return verdict.effect.number if verdict.problem is ProblemId.OTHER_THEME else None


def decide(session: Session, report: Report, accept: bool, staff_id: int, now: datetime) -> bool:
    """Count a held or unverified report, or cancel it; False when it was no longer waiting."""
    session.refresh(report, with_for_update=True)
    if report.state not in WAITING:
        return False
    effect = Effect(Do.ACCEPT if accept else Do.CANCEL, report.number, report.version)
    record_verdict(session, Verdict(Outcome.ACK, Kind(report.kind), Kind.VAL, effect=effect), staff_id, now)
    _close_prompt(session, report, now)
    return True


def undo(session: Session, report: Report, staff_id: int, now: datetime) -> bool:
    """Cancel a version that counts; the one it had replaced counts again. False when it no longer counted."""
    session.refresh(report, with_for_update=True)
    if report.state is not ReportState.VALID:
        return False
    effect = Effect(Do.UNDO, report.number, report.version)
    record_verdict(session, Verdict(Outcome.ACK, Kind(report.kind), Kind.AN, effect=effect), staff_id, now)
    return True


def _close_prompt(session: Session, report: Report, now: datetime) -> None:
    """A later OUI must not answer what staff have settled."""
    session.execute(
        update(OpenPrompt)
        .where(
            OpenPrompt.contact_id == report.contact_id,
            OpenPrompt.kind == PromptKind.HOLD,
            OpenPrompt.subject_id == report.number,
            OpenPrompt.closed_at.is_(None),
        )
        .values(closed_at=now)
    )


def _context(session: Session, club: Club, now: datetime, zone: str) -> Context:
    rows = session.scalars(select(Report).where(Report.number.is_not(None), Report.club_id == club.id).order_by(Report.id))
    reach = max(0, club.every_days - 1) // 2
    due = session.scalars(select(ExpectedReport.due_on).where(ExpectedReport.club_id == club.id))
    return Context(
        now=now,
        clubs=(club.code,),
        zone=zone,
        known_club=lambda code: code == club.code,
        reports=tuple(version_of(row, club.code) for row in rows if row.state.value in set(State)),
        periods=tuple(
            (club.code, day.fromordinal(day.toordinal() - reach), day.fromordinal(day.toordinal() + reach)) for day in due
        ),
        next_report=(session.scalar(select(func.max(Report.number))) or 0) + 1,
        themes=themes(session),
    )
