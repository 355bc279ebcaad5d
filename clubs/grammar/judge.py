"""Decide what a text leads to: `judge(text, context)` is the one entry to the report grammar.

A label sent alone completes the draft or the held report before it; whatever it leaves unsaid stays as it was read.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from clubs.grammar import answers, commands
from clubs.grammar.asking import ask
from clubs.grammar.context import BY_DIGIT, Asked, Context, Draft, Sender
from clubs.grammar.echo import say
from clubs.grammar.parse import LONGEST_TEXT, parse, parse_as
from clubs.grammar.reports import settle
from clubs.grammar.values import COUNTED, VERSIONED, Flag, Kind, Outcome, Parsed, Problem, ProblemId, Values
from clubs.grammar.verdict import Do, Effect, Verdict
from messaging.keywords import stop_stem_elsewhere

_DATE_PROBLEMS = frozenset({ProblemId.DATE_BAD, ProblemId.DATE_FUTURE, ProblemId.DATE_OLD, ProblemId.DATE_UNCLEAR})
_CLUB_PROBLEMS = frozenset({ProblemId.CLUB_BAD, ProblemId.CLUB_BARE, ProblemId.CLUB_MISSING, ProblemId.CLUB_CHOICE})

_BY_KIND: Mapping[Kind, Callable[[Parsed, Context], Verdict]] = {
    Kind.RAS: settle,
    Kind.AC: commands.decide_action,
    Kind.FAIT: commands.finish_action,
    Kind.Q: commands.ask_question,
    Kind.AN: answers.undo,
    Kind.OUI: answers.yes,
    Kind.NON: answers.no,
    Kind.STOP: commands.stop,
    Kind.AIDE: commands.help_with,
    Kind.LANGUE: commands.choose_language,
    Kind.FIN: commands.end_series,
    Kind.INS: commands.announce,
    Kind.NF: commands.hand_over,
    Kind.VAL: commands.supervise,
    Kind.REF: commands.supervise,
    Kind.VU: commands.supervise,
    Kind.PAUSE: commands.pause,
    Kind.REPRISE: commands.pause,
}


def judge(text: str, context: Context) -> Verdict:
    """Exactly one outcome for any text, with a reply of one GSM-7 part (none to machines); never raises."""
    if context.sender is Sender.MACHINE:
        return Verdict(Outcome.NONE, Kind.NONE, Kind.NONE)
    verdict = _judged(text, context)
    return verdict.flagged(Flag.STOP_STEM) if stop_stem_elsewhere(text) else verdict


def _judged(text: str, context: Context) -> Verdict:
    parsed = parse(text, context.today, context.vocabulary)
    completed = _completed(text, parsed, context)
    if completed is not None:
        return completed
    if parsed.kind is Kind.DIGIT:
        return answers.digit(parsed, context)
    if Flag.INFERRED in parsed.flags and context.sender is not Sender.FACILITATOR:
        return _not_a_facilitator(context)
    if parsed.problem is not None:
        return _asked(parsed, parsed.problem, context)
    if parsed.kind in COUNTED:
        return settle(parsed, context)
    if parsed.kind is Kind.NONE:
        return Verdict(Outcome.INFO, Kind.NONE, Kind.NONE, parsed.values, say(context, "inbox"), Effect(Do.INBOX))
    return _BY_KIND[parsed.kind](parsed, context)


def _not_a_facilitator(context: Context) -> Verdict:
    """Figures without a keyword from anybody else are never a report (rule 13)."""
    return ask(context, Parsed(Kind.NONE), Problem(ProblemId.CLUB_MISSING))


def _asked(parsed: Parsed, problem: Problem, context: Context) -> Verdict:
    barred = commands.barred(parsed, context)
    if barred is not None:
        return barred
    values = parsed.values
    if parsed.kind in VERSIONED or parsed.kind in {Kind.AC, Kind.FAIT}:
        values = _settings_so_far(values, problem, context)
    return ask(context, replace(parsed, values=values), problem)


def _settings_so_far(values: Values, problem: Problem, context: Context) -> Values:
    """Club and day as far as they are certain, for the draft; what is being asked stays unknown."""
    if values.club is None and problem.id not in _CLUB_PROBLEMS and _only_club(context):
        values = replace(values, club=context.clubs[0])
    if values.date is None and problem.id not in _DATE_PROBLEMS:
        values = replace(values, date=context.today)
    return values


def _only_club(context: Context) -> bool:
    return context.sender is Sender.FACILITATOR and len(context.clubs) == 1


def _waiting(context: Context) -> Draft | None:
    """The open draft, or the held report, that a label may complete: the newer one."""
    draft = context.open_draft()
    hold = context.prompt_for(frozenset({Asked.HOLD}))
    if hold is not None and (draft is None or hold.at > draft.at):
        return Draft(hold.kind, hold.values, hold.at, Problem(ProblemId.MISSING), hold.flags)
    return draft


def _completed(text: str, parsed: Parsed, context: Context) -> Verdict | None:
    """The draft with the labels of this text, or None when the text is no piece of it."""
    draft = _waiting(context)
    if draft is None or len(text) > LONGEST_TEXT or not _may_be_piece(parsed, draft, context):
        return None
    reader = draft.kind if draft.kind in COUNTED else Kind.CR
    piece = parsed if parsed.kind is draft.kind and Flag.INFERRED not in parsed.flags else None
    piece = piece or parse_as(reader, text, context.today, context.vocabulary)
    if not piece.labelled or _is_whole(piece, context):
        return None
    if draft.kind not in COUNTED and set(piece.values.known()) - {"club", "date"}:
        return None
    merged = Parsed(draft.kind, piece.values.over(draft.values), piece.problem, draft.flags | (piece.flags - {Flag.INFERRED}))
    return _still_open(merged, draft, context) or _finish(merged, context)


def _may_be_piece(parsed: Parsed, draft: Draft, context: Context) -> bool:
    if parsed.kind is Kind.DIGIT:
        return context.prompt_for(BY_DIGIT) is None
    if parsed.kind is Kind.NONE:
        return parsed.problem is not None or bool(parsed.values.note)
    return Flag.INFERRED in parsed.flags or (parsed.kind is draft.kind and parsed.kind in COUNTED)


def _is_whole(piece: Parsed, context: Context) -> bool:
    """A report with all it needs stands for itself: nothing of the older draft may slip into it."""
    shape = context.vocabulary.shapes[piece.kind]
    return all(getattr(piece.values, name) is not None for name in shape.required)


def _still_open(merged: Parsed, draft: Draft, context: Context) -> Verdict | None:
    """What was asked about day or club must be answered; the default would be a guess."""
    if merged.problem is not None:
        return ask(context, merged, merged.problem)
    no_day = draft.problem.id in _DATE_PROBLEMS and merged.values.date is None
    no_club = draft.problem.id in _CLUB_PROBLEMS and merged.values.club is None
    if no_day:
        return ask(context, merged, Problem(ProblemId.MISSING, "date"))
    return ask(context, merged, Problem(ProblemId.MISSING, "club")) if no_club else None


def _finish(merged: Parsed, context: Context) -> Verdict:
    if merged.kind in COUNTED:
        return settle(merged, context)
    return _BY_KIND[merged.kind](merged, context)
