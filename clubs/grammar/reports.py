"""Settle a club's report: complete enough, already known, a correction, another session, too large, or simply stored.

The only place where figures become stored figures; whatever cannot be settled for certain is asked back or held.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from clubs.grammar.asking import ask, first_problem, people, superseded
from clubs.grammar.context import (
    DRAFT_HOURS,
    Asked,
    Context,
    Prompt,
    Sender,
    State,
    Version,
)
from clubs.grammar.dates import in_words
from clubs.grammar.echo import echo, echo_fix, numbered, say, themes
from clubs.grammar.values import COUNTED, Flag, Kind, Outcome, Parsed, Problem, ProblemId
from clubs.grammar.verdict import Do, Effect, Verdict
from clubs.grammar.words import INSECURITY

MOST_PEOPLE = 80
LATE_DAYS = 3
OLD_DAYS = 14
CORRECTION, OTHER_SESSION = 1, 2


@dataclass(frozen=True)
class Answered:
    """What the sender already answered about this report: CORRECTION or OTHER_SESSION of `number`."""

    choice: int = 0
    number: int = 0
    prompt: Prompt | None = None


def place(parsed: Parsed, context: Context) -> Parsed | Verdict:
    """The report with its club and day, or the question which club."""
    values = replace(parsed.values, date=parsed.values.date or context.today)
    outside = context.sender is not Sender.FACILITATOR
    if values.club is None and (outside or not context.clubs):
        return ask(context, parsed, Problem(ProblemId.CLUB_MISSING))
    if values.club is None and len(context.clubs) > 1:
        until = context.now + timedelta(hours=DRAFT_HOURS)
        prompt = Prompt(Asked.CLUB, context.now, until, None, "", context.clubs, parsed.kind, parsed.values, parsed.flags)
        reply = say(context, "ask_club_choice", list=numbered(list(context.clubs)))
        return ask(context, parsed, Problem(ProblemId.CLUB_CHOICE), prompt=prompt, reply=reply)
    club = values.club or context.clubs[0]
    if not context.known_club(club):
        unplaced = replace(parsed, values=replace(parsed.values, club=None))
        return ask(context, unplaced, Problem(ProblemId.CLUB_BAD, club))
    flags = set(parsed.flags)
    if club not in context.clubs:
        flags.add(Flag.OTHER_CLUB if context.sender is Sender.FACILITATOR else Flag.UNVERIFIED)
    if (context.today - (values.date or context.today)).days > LATE_DAYS:
        flags.add(Flag.LATE)
    return replace(parsed, values=replace(values, club=club), flags=frozenset(flags))


def settle(parsed: Parsed, context: Context, heard: Kind | None = None, answered: Answered | None = None) -> Verdict:
    """What becomes of a report whose text was read without a problem."""
    placed = place(parsed, context)
    if isinstance(placed, Verdict):
        return replace(placed, heard=heard or parsed.kind)
    answered = answered or Answered()
    heard = heard or parsed.kind
    problem = first_problem(placed.kind, placed.values, context)
    if problem is not None:
        return ask(context, placed, problem, heard=heard)
    if placed.kind is Kind.RAS:
        session = _held_session(placed, context, named=parsed.values.date is not None)
        if session is not None:
            return _ras_after_session(placed, context, session, heard)
    target, order, choose = _which_session(placed, context, answered)
    if choose is not None:
        return _ask_session(placed, context, choose, heard)
    if target is not None:
        placed = _filled(placed, target, context)
    if target is not None and target.values.figures() == placed.values.figures():
        return _already(placed, context, target, heard)
    return _store(placed, context, target, order, heard, answered)


def _filled(placed: Parsed, target: Version, context: Context) -> Parsed:
    """A correction with the figures it may leave out, as they stand: unsaid is not unknown. What no longer fits is left out."""
    shape = context.vocabulary.shapes.get(placed.kind)
    if shape is None or Flag.AS_WRITTEN in placed.flags:
        return placed
    values = placed.values
    for name in set(shape.fields) - set(shape.required):
        if getattr(values, name) is None:
            filled = replace(values, **{name: getattr(target.values, name)})
            values = filled if first_problem(placed.kind, filled, context) is None else values
    return replace(placed, values=values)


def _visible(placed: Parsed, context: Context) -> list[Version]:
    """Reports of this club and day that may be compared: a stranger or a guest sees only her own."""
    guest = bool(placed.flags & {Flag.UNVERIFIED, Flag.OTHER_CLUB})
    found = [row for row in context.standing() if row.session == (placed.values.club, placed.values.date)]
    return [row for row in found if row.own or not (guest or row.state is State.UNVERIFIED)]


def _held_session(placed: Parsed, context: Context, *, named: bool) -> Version | None:
    """The session that speaks against this RAS: of its period, or, where the sender named a day, of that day alone."""
    day = placed.values.date
    assert day is not None
    first, last = (day, day) if named else context.period_of(placed.values.club, day)
    rows = [row for row in context.standing() if row.kind is Kind.CR and row.values.club == placed.values.club]
    guest = bool(placed.flags & {Flag.UNVERIFIED, Flag.OTHER_CLUB})
    return next((row for row in rows if row.values.date and first <= row.values.date <= last and (row.own or not guest)), None)


def _ras_after_session(placed: Parsed, context: Context, session: Version, heard: Kind) -> Verdict:
    assert session.values.date is not None
    if placed.values.reason is None and placed.values.note:  # a reason in words would only meet the next question
        return ask(context, placed, Problem(ProblemId.REASON, placed.values.note.split()[0]), heard=heard, keep=False)
    day, other = in_words(session.values.date), session.values.date - timedelta(days=1)
    reply = say(context, "ask_ras_after_cr", day=day, number=session.number, other=other.day)
    return ask(context, placed, Problem(ProblemId.RAS_AFTER_CR), heard=heard, keep=False, reply=reply)


def _which_session(placed: Parsed, context: Context, answered: Answered) -> tuple[Version | None, int, Version | None]:
    """The report corrected (None: a new one), the session's order that day, and the one to ask about, if any."""
    rows = _visible(placed, context)
    same_kind = [row for row in rows if row.kind is placed.kind]
    if answered.choice == CORRECTION and (target := context.current(answered.number)):
        return target, target.order, None
    if answered.choice == OTHER_SESSION:
        return None, max((row.order for row in same_kind), default=0) + 1, None
    if placed.kind is Kind.CR or placed.kind is Kind.QZ:
        return _by_theme(placed, rows, same_kind)
    if placed.kind is Kind.EV:
        same_kind = [row for row in same_kind if row.values.event_type == placed.values.event_type]
    return (same_kind[-1], same_kind[-1].order, None) if same_kind else (None, 1, None)


def _by_theme(placed: Parsed, rows: list[Version], same_kind: list[Version]) -> tuple[Version | None, int, Version | None]:
    shared = [row for row in same_kind if set(row.values.themes) & set(placed.values.themes)]
    if len(shared) == 1:
        return shared[0], shared[0].order, None
    if placed.kind is Kind.QZ and not shared:
        session = next((row for row in rows if row.kind is Kind.CR and placed.values.theme in row.values.themes), None)
        if session is not None and all(row.order != session.order for row in same_kind):
            return None, session.order, None
    return (None, 1, same_kind[-1]) if same_kind else (None, 1, None)


def _ask_session(placed: Parsed, context: Context, session: Version, heard: Kind) -> Verdict:
    until = context.now + timedelta(hours=DRAFT_HOURS)
    prompt = Prompt(
        Asked.SESSION,
        context.now,
        until,
        session.number,
        "",
        ("correction", "seance"),
        placed.kind,
        placed.values,
        placed.flags,
    )
    old, new = themes(context, session.values, True), themes(context, placed.values, True)
    day = in_words(session.values.date) if session.values.date else ""
    reply = say(context, "ask_other_theme", number=session.number, day=day, old=old, new=new)
    effect = Effect(Do.CHOOSE, session.number, opens=prompt, closes=superseded(context))
    return Verdict(Outcome.ASK, placed.kind, heard, placed.values, reply, effect, ProblemId.OTHER_THEME, placed.flags)


def _already(placed: Parsed, context: Context, target: Version, heard: Kind) -> Verdict:
    if target.state is State.HELD:
        reply = _held_reply(placed, context, target.number)
        return Verdict(Outcome.HOLD, placed.kind, heard, placed.values, reply, Effect(number=target.number), None, placed.flags)
    reply = say(context, "already", number=target.number)
    effect = Effect(number=target.number, closes=superseded(context))
    return Verdict(Outcome.INFO, placed.kind, heard, placed.values, reply, effect, None, placed.flags)


def _held_for(placed: Parsed, context: Context) -> str:
    """The label of the reply that says why a report waits for OUI, empty when it need not."""
    if placed.kind in COUNTED and people(placed.values) > MOST_PEOPLE:
        return "held_size"
    if placed.values.date and (context.today - placed.values.date).days > OLD_DAYS:
        return "held_age"
    return "held_words" if Flag.NUMBER_WORDS in placed.flags else ""


def _held_reply(placed: Parsed, context: Context, number: int) -> str:
    label = _held_for(placed, context) or "held_words"
    return echo(context, label, placed.kind, placed.values, tails=False, number=number, total=people(placed.values))


def _store(placed: Parsed, context: Context, target: Version | None, order: int, heard: Kind, answered: Answered) -> Verdict:
    number = target.number if target else context.next_report
    version = 1 + max((row.version for row in context.reports if row.number == number), default=0)
    held = bool(_held_for(placed, context))
    state = State.HELD if held else State.UNVERIFIED if Flag.UNVERIFIED in placed.flags else State.VALID
    closes = (*superseded(context), *_own_hold(context, number))
    excuses = _excuses(placed, context) if target is None else ()  # later ones were told knowing of this session
    effect = Effect(Do.HOLD if held else Do.STORE, number, version, order, state, excuses, None, closes)
    flags = placed.flags | _circumstances(placed, context)
    if held:
        until = context.now + timedelta(hours=DRAFT_HOURS)
        prompt = Prompt(Asked.HOLD, context.now, until, number, "", (), placed.kind, placed.values, placed.flags)
        effect = replace(effect, opens=prompt)
        reply = _held_reply(placed, context, number)
        return Verdict(Outcome.HOLD, placed.kind, heard, placed.values, reply, effect, None, flags)
    if placed.kind is Kind.RAS and placed.values.reason is None:
        effect = replace(effect, opens=_reason_prompt(placed, context, number))
    outcome = Outcome.FIX if target else Outcome.ACK
    reply = stored_reply(placed, context, target, number, order)
    return Verdict(outcome, placed.kind, heard, placed.values, reply, effect, None, flags)


def _own_hold(context: Context, number: int) -> tuple[Prompt, ...]:
    return tuple(item for item in context.prompts if item.number == number and item.asked in {Asked.HOLD, Asked.REASON})


def _reason_prompt(placed: Parsed, context: Context, number: int) -> Prompt:
    until = context.now + timedelta(hours=DRAFT_HOURS)
    return Prompt(Asked.REASON, context.now, until, number, "", (), placed.kind, placed.values, placed.flags)


def _excuses(placed: Parsed, context: Context) -> tuple[int, ...]:
    """Numbers of the RAS that this session contradicts."""
    if placed.kind is not Kind.CR or placed.flags & {Flag.UNVERIFIED, Flag.OTHER_CLUB} or placed.values.date is None:
        return ()
    first, last = context.period_of(placed.values.club, placed.values.date)
    rows = [row for row in context.standing() if row.kind is Kind.RAS and row.values.club == placed.values.club]
    return tuple(row.number for row in rows if row.values.date and first <= row.values.date <= last)


def _circumstances(placed: Parsed, context: Context) -> set[Flag]:
    flags = set()
    session = any(row.kind is Kind.CR for row in _visible(placed, context))
    if placed.kind in {Kind.QZ, Kind.DC} and not session:
        flags.add(Flag.NO_SESSION)
    if placed.kind is Kind.RAS and placed.values.reason == INSECURITY:
        flags.add(Flag.TELL_SUPERVISOR)
    return flags


def stored_reply(placed: Parsed, context: Context, target: Version | None, number: int, order: int) -> str:
    """The echo of a report just stored."""
    values = placed.values
    if placed.kind is Kind.RAS:
        day = in_words(values.date) if values.date else ""
        label = "ras" if values.reason is not None else "ras_no_reason"
        label = "ras_unverified" if Flag.UNVERIFIED in placed.flags else label
        return say(context, label, number=number, club=values.club, day=day, reason=values.reason)
    if target is not None:
        return echo_fix(context, placed.kind, target, values)
    if Flag.UNVERIFIED in placed.flags:
        return echo(context, "stored_unverified", placed.kind, values, number=number)
    label = "second_session" if order > 1 else "stored"
    return echo(context, label, placed.kind, values, number=number, order=order)
