"""Digits, OUI, NON and AN: texts that mean nothing without what came before them.

The newest open prompt that such an answer fits owns it, and the reply says what was answered.
"""

from dataclasses import replace
from datetime import timedelta

from clubs.grammar.asking import not_offered
from clubs.grammar.commands import decide_action, finish_action, set_language
from clubs.grammar.context import BY_DIGIT, BY_YES, UNDO_HOURS, Asked, Context, Prompt, State, Version
from clubs.grammar.echo import echo, say
from clubs.grammar.reports import Answered, settle
from clubs.grammar.values import OF_A_CLUB, Flag, Kind, Outcome, Parsed, Values
from clubs.grammar.verdict import Do, Effect, Verdict

AGAIN_MINUTES = 10
"""A second bare AN counts only after so long: it is mostly the same wish, sent twice."""


def digit(parsed: Parsed, context: Context) -> Verdict:
    """A bare digit: the choice of session or club, a RAS reason, a language, a quiz answer, or nothing asked."""
    prompt = context.prompt_for(BY_DIGIT)
    number = parsed.values.digit or 0
    if prompt is None:
        return _late_or_unasked(parsed, context)
    if prompt.asked is Asked.REASON:
        return _reason(parsed, context, prompt)
    if prompt.options and not 1 <= number <= len(prompt.options):
        return not_offered(context, parsed, prompt)
    if prompt.asked is Asked.SESSION:
        waiting = Parsed(prompt.kind, prompt.values, flags=prompt.flags)
        answered = Answered(number, prompt.number or 0, prompt)
        return _closing(settle(waiting, context, Kind.DIGIT, answered), prompt)
    if prompt.asked is Asked.CLUB:
        return _club(parsed, context, prompt)
    if prompt.asked is Asked.LANGUAGE:
        chosen = next(row for row in context.languages if row.tag == prompt.options[number - 1])
        return _closing(set_language(parsed, context, chosen), prompt)
    label = "answered_quiz" if prompt.asked is Asked.QUIZ else "answered"
    effect = Effect(Do.ANSWER, closes=(prompt,))
    return _verdict(parsed, Outcome.ACK, say(context, label, digit=number), effect)


def _verdict(parsed: Parsed, outcome: Outcome, reply: str, effect: Effect | None = None) -> Verdict:
    return Verdict(outcome, parsed.kind, parsed.kind, parsed.values, reply, effect or Effect(), None, parsed.flags)


def _closing(verdict: Verdict, prompt: Prompt) -> Verdict:
    closes = tuple(dict.fromkeys((*verdict.effect.closes, prompt)))
    return replace(verdict, effect=replace(verdict.effect, closes=closes))


def _late_or_unasked(parsed: Parsed, context: Context) -> Verdict:
    late = [prompt for prompt in context.prompts if prompt.asked is Asked.QUIZ]
    if late:
        effect = Effect(Do.LATE_ANSWER, closes=(max(late, key=lambda prompt: prompt.at),))
        return _verdict(parsed, Outcome.INFO, say(context, "answered_late", digit=parsed.values.digit), effect)
    return _verdict(parsed, Outcome.INFO, say(context, "no_prompt"))


def _reason(parsed: Parsed, context: Context, prompt: Prompt) -> Verdict:
    values = replace(prompt.values, reason=parsed.values.digit)
    return _closing_if_settled(settle(Parsed(Kind.RAS, values, flags=prompt.flags), context, Kind.DIGIT), prompt)


def _closing_if_settled(verdict: Verdict, prompt: Prompt) -> Verdict:
    return verdict if verdict.outcome is Outcome.ASK else _closing(verdict, prompt)


def _club(parsed: Parsed, context: Context, prompt: Prompt) -> Verdict:
    values = replace(prompt.values, club=prompt.options[(parsed.values.digit or 1) - 1])
    waiting = Parsed(prompt.kind, values, flags=prompt.flags)
    if prompt.kind is Kind.AC:
        return _closing(decide_action(waiting, context), prompt)
    if prompt.kind is Kind.FAIT:
        return _closing(finish_action(waiting, context), prompt)
    return _closing(settle(waiting, context, Kind.DIGIT), prompt)


def yes(parsed: Parsed, context: Context) -> Verdict:
    """OUI to a held report, a consent, an announcement; without any prompt it re-opens a stopped number's consent."""
    weak = Flag.WEAK_YES in parsed.flags
    prompt = context.prompt_for(BY_YES)
    if prompt is not None and prompt.asked is Asked.HOLD:
        return _confirm(parsed, context, prompt)
    if weak:
        return _verdict(parsed, Outcome.INFO, say(context, "weak_yes" if prompt else "no_prompt"))
    if prompt is None:
        return _yes_unasked(parsed, context)
    effect = Effect(Do.YES, closes=(prompt,))
    return _verdict(parsed, Outcome.ACK, say(context, "join" if prompt.asked is Asked.JOIN else "yes"), effect)


def _yes_unasked(parsed: Parsed, context: Context) -> Verdict:
    if not context.opted_out:
        return _verdict(parsed, Outcome.INFO, say(context, "no_prompt"))
    until = context.now + timedelta(hours=UNDO_HOURS)
    effect = Effect(Do.ASK_CONSENT, opens=Prompt(Asked.CONSENT, context.now, until))
    return _verdict(parsed, Outcome.INFO, say(context, "consent"), effect)


def _confirm(parsed: Parsed, context: Context, prompt: Prompt) -> Verdict:
    number = prompt.number or 0
    held = context.current(number)
    if held is None or held.state is not State.HELD:
        return _verdict(parsed, Outcome.INFO, say(context, "no_prompt"), Effect(closes=(prompt,)))
    unverified = Flag.UNVERIFIED in prompt.flags
    state = State.UNVERIFIED if unverified else State.VALID
    effect = Effect(Do.CONFIRM, number, held.version, held.order, state, closes=(prompt,))
    reply = echo(context, "stored_unverified" if unverified else "confirmed", held.kind, held.values, number=number)
    outcome = Outcome.FIX if held.version > 1 else Outcome.ACK
    return Verdict(outcome, held.kind, Kind.OUI, held.values, reply, effect, None, prompt.flags)


def no(parsed: Parsed, context: Context) -> Verdict:
    """NON: a held report is refused by its own sender; any other yes/no prompt is closed. NON RADIO takes one's voice back."""
    if parsed.values.note and context.open_draft() is None:
        return _verdict(parsed, Outcome.INFO, say(context, "off_air"), Effect(Do.OFF_AIR))
    prompt = context.prompt_for(BY_YES)
    if prompt is None:
        return _verdict(parsed, Outcome.INFO, say(context, "no"))
    if prompt.asked is Asked.HOLD:
        held = context.current(prompt.number or 0)
        if held is None or held.state is not State.HELD:
            return _verdict(parsed, Outcome.INFO, say(context, "no_prompt"), Effect(closes=(prompt,)))
        effect = Effect(Do.REFUSE, prompt.number, held.version, closes=(prompt,))
        return _verdict(parsed, Outcome.INFO, say(context, "refused", number=prompt.number), effect)
    return _verdict(parsed, Outcome.INFO, say(context, "no"), Effect(Do.NO, closes=(prompt,)))


def _undoable(context: Context) -> list[Version]:
    """Own standing reports of the last 48 h, the last one sent at the end."""
    since = context.now - timedelta(hours=UNDO_HOURS)
    # A handover that took place is undone by the next one, never by its sender, who is no facilitator any more.
    done = (row for row in context.standing() if not (row.kind is Kind.NF and row.state is State.VALID))
    rows = [row for row in done if row.own and row.at >= since]
    return sorted(rows, key=lambda row: (row.at, row.number, row.version))


def undo(parsed: Parsed, context: Context) -> Verdict:
    """AN: the sender's own last report, or the one numbered; an unfinished draft newer than it goes first."""
    rows = _undoable(context)
    number = parsed.values.report_no
    if number is not None:
        chosen = next((row for row in rows if row.number == number), None)
        if chosen is None and context.records:
            return _verdict(parsed, Outcome.INFO, say(context, "undo_not_yours", number=number))
        return _undone(parsed, context, chosen, number)
    recently = context.undone_at is not None and context.now - context.undone_at < timedelta(minutes=AGAIN_MINUTES)
    if recently:
        return _verdict(parsed, Outcome.INFO, say(context, "undo_wait"))
    draft = context.open_draft()
    if draft is not None and draft.kind in OF_A_CLUB and (not rows or draft.at >= rows[-1].at):
        return _verdict(parsed, Outcome.ACK, say(context, "undone_draft"), Effect(Do.DROP_DRAFT))
    if not rows:
        if context.records:
            return _verdict(parsed, Outcome.INFO, say(context, "undo_nothing"))
        return _undone(parsed, context, None, max(context.next_report - 1, 1))
    return _undone(parsed, context, rows[-1], rows[-1].number)


def _undone(parsed: Parsed, context: Context, chosen: Version | None, number: int) -> Verdict:
    values = Values(report_no=number)
    earlier = [
        row
        for row in context.reports
        if row.number == number and row.state is State.REPLACED and chosen is not None and row.version < chosen.version
    ]
    version = chosen.version if chosen else 1
    closes = tuple(prompt for prompt in context.prompts if prompt.number == number)
    effect = Effect(Do.UNDO, number, version, closes=closes)
    if earlier:
        back = max(earlier, key=lambda row: row.version)
        reply = echo(context, "undone_back", back.kind, back.values, tails=False, number=number, version=back.version)
    else:
        rest = [row.number for row in _undoable(context) if row.number != number]
        stands = context.replies["undone_rest"].format_map({"number": rest[-1]}) if rest else ""
        reply = say(context, "undone", number=number) + stands
    return Verdict(Outcome.ACK, Kind.AN, Kind.AN, replace(values, note=parsed.values.note), reply, effect)
