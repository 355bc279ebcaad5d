"""The context once a verdict's effect is stored, so that a conversation can be played on without a database."""

from dataclasses import replace

from clubs.grammar.asking import draft_of
from clubs.grammar.commands import words_of
from clubs.grammar.context import Context, OpenAction, State, Version
from clubs.grammar.values import Parsed
from clubs.grammar.verdict import Do, Effect, Verdict

_WRITES = frozenset({Do.STORE, Do.HOLD})
_NEW_STATE = {Do.CONFIRM: State.VALID, Do.ACCEPT: State.VALID, Do.REFUSE: State.CANCELLED, Do.CANCEL: State.CANCELLED}
_ENDS_DRAFT = _WRITES | {Do.CHOOSE, Do.CONFIRM, Do.DROP_DRAFT, Do.OPT_OUT}


def after(context: Context, verdict: Verdict) -> Context:
    """What the same phone's next text finds."""
    effect = verdict.effect
    prompts = tuple(prompt for prompt in context.prompts if prompt not in effect.closes)
    if effect.opens is not None:
        prompts = (effect.opens, *prompts)
    draft = None if effect.do in _ENDS_DRAFT and not _another(context, verdict) else context.draft
    draft = draft_of(context, verdict) if effect.do is Do.DRAFT else draft
    context = replace(context, prompts=prompts, draft=draft, reports=_reports(context, verdict))
    return _counters(context, verdict, effect)


def _another(context: Context, verdict: Verdict) -> bool:
    """Whether a report of another kind than the draft was written: the draft still waits for its piece."""
    return verdict.effect.do in _WRITES and context.draft is not None and context.draft.kind is not verdict.kind


def _reports(context: Context, verdict: Verdict) -> tuple[Version, ...]:
    effect = verdict.effect
    rows = context.reports
    if effect.do in _WRITES and effect.number is not None:
        gone = {State.VALID, State.UNVERIFIED, State.HELD} if effect.do is Do.STORE else {State.HELD}
        rows = tuple(
            replace(row, state=State.REPLACED)
            if (row.number == effect.number and row.state in gone) or row.number in effect.replaces
            else row
            for row in rows
        )
        written = Version(effect.number, verdict.kind, verdict.values, context.now, effect.version, effect.order, effect.state)
        return (*rows, written)
    if effect.do is Do.UNDO:
        return _undone(rows, effect)
    state = effect.state if effect.do is Do.CONFIRM else _NEW_STATE.get(effect.do)
    if state is None:
        return rows
    return tuple(_restated(row, effect, state) for row in rows)


def _restated(row: Version, effect: Effect, state: State) -> Version:
    if row.number != effect.number:
        return row
    if row.state in {State.HELD, State.UNVERIFIED}:
        return replace(row, state=state)
    return replace(row, state=State.REPLACED) if row.state is State.VALID and state is State.VALID else row


def _undone(rows: tuple[Version, ...], effect: Effect) -> tuple[Version, ...]:
    same = [row for row in rows if row.number == effect.number]
    earlier = [row.version for row in same if row.version < effect.version and row.state is State.REPLACED]
    standing = any(row.version < effect.version and row.state is State.VALID for row in same)
    back = max(earlier, default=0) if not standing else 0
    return tuple(
        row
        if row.number != effect.number or row.version not in {effect.version, back}
        else replace(row, state=State.CANCELLED if row.version == effect.version else State.VALID)
        for row in rows
    )


def _counters(context: Context, verdict: Verdict, effect: Effect) -> Context:
    number = effect.number or 0
    if effect.do in _WRITES or effect.do is Do.HAND_OVER:
        context = replace(context, next_report=max(context.next_report, number + 1))
    if effect.do is Do.UNDO:
        return replace(context, undone_at=context.now)
    if effect.do is Do.ACTION:
        row = OpenAction(number, verdict.values.club or "", verdict.values.action_type or 9)
        context = replace(context, actions=(*context.actions, row), next_action=number + 1)
    if effect.do is Do.DONE:
        left = tuple(row for row in context.actions if (row.number, row.club) != (number, verdict.values.club))
        return replace(context, actions=left)
    if effect.do is Do.INQUIRY:
        context = replace(context, next_inquiry=number + 1)
    if effect.do in {Do.ACTION, Do.INQUIRY}:
        return replace(context, recent=context.recent | {words_of(Parsed(verdict.kind, verdict.values))})
    if effect.do in {Do.HELP, Do.TICKET}:
        return replace(context, helps=context.helps + 1)
    return replace(context, opted_out=True) if effect.do is Do.OPT_OUT else context
