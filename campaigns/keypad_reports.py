"""The host's side of a report by keypad: what a PIN opens, what the grammar makes of the figures, the receipt by SMS.

Nothing is decided here that an SMS would not decide: the figures become its text, and its verdict is carried out.
"""

from collections.abc import Mapping
from dataclasses import fields

from campaigns.talk import Talk
from clubs import pins
from clubs.by_keypad import Keyed, at_once, judge_action, judge_hands, judge_keyed, judge_no_session, known_theme
from clubs.grammar.values import Outcome, ProblemId
from clubs.grammar.verdict import Verdict
from clubs.reports import apply_verdict
from dialogue.values import Value
from messaging import channels
from messaging.queue import queue_reply

Answered = tuple[str, Mapping[str, Value]]
"""The key of a route, and the variables learned on the way."""

PIN_NODES = frozenset({"report_pin", "report_pin_again"})
"""Where the keys pressed are a secret."""
_ASKS = {
    ProblemId.THEME: "theme",
    ProblemId.YOUTH: "youth",
    ProblemId.MOTHERS: "mothers",
    ProblemId.NOBODY: "nobody",
    ProblemId.OTHER_THEME: "other",
}
_TO_MENU = ("0", "*")


def may_report(talk: Talk) -> bool:
    """Whether a report can be made from this phone: somebody behind it holds a PIN and a club."""
    return talk.behind.pinned and bool(talk.clubs)


def answer(talk: Talk, kind: str, values: Mapping[str, Value], draft: bool) -> Answered | None:
    """What the flow's Consult is answered with, None where it is none of a report's. `draft`: one waits to be taken up."""
    match kind:
        case "pin":
            return _pin(talk, str(values["pin"] or ""), draft)
        case "club":
            code = str(values["club"] or "")
            return ("good" if code in _clubs(talk) else "bad"), {}
        case "theme":
            return _theme(talk, str(values["typed"] or ""))
        case "judge":
            return _judged(talk, _keyed(values))
        case "store":
            return _report(talk, values)
        case "action":
            _stored(talk, judge_action(talk.session, talk.contact, str(values["club"] or ""), talk.now, talk.zone))
            return "noted", {}
        case "no_session":
            verdict = judge_no_session(talk.session, talk.contact, str(values["club"] or ""), talk.now, talk.zone)
            return _stored(talk, verdict)
        case _:
            return None


def _clubs(talk: Talk) -> tuple[str, ...]:
    return talk.behind.sender.clubs


def _pin(talk: Talk, typed: str, draft: bool) -> Answered:
    if typed in _TO_MENU:
        return "menu", {}
    worth = pins.check(talk.session, talk.contact, typed, talk.now)
    if worth is not pins.Pin.RIGHT:
        return worth.value, {}
    clubs = _clubs(talk)
    return worth.value, {"clubs": len(clubs), "club": clubs[0] if len(clubs) == 1 else None, "draft": draft}


def _theme(talk: Talk, typed: str) -> Answered:
    if known_theme(talk.session, typed):
        return "theme", {"theme": int(typed)}
    figures = at_once(typed)
    if figures is None or not known_theme(talk.session, figures["theme"]):
        return "bad", {}
    nothing: dict[str, Value] = {"youth": None, "mothers": None, "radio": None}
    read = {name: int(figure) if figure else None for name, figure in figures.items()}
    return "all", nothing | read


def _report(talk: Talk, values: Mapping[str, Value]) -> Answered:
    """The session, and after it the raised hands of a guided one."""
    keyed = _keyed(values)
    answered = _stored(talk, judge_keyed(talk.session, talk.contact, keyed, talk.now, talk.zone))
    hands = (_text(values["before"]), _text(values["after"]), _text(values["voters"]))
    if all(hands) and answered[0] != "refused":
        _stored(talk, judge_hands(talk.session, talk.contact, keyed, hands, talk.now, talk.zone))
    return answered


def _keyed(values: Mapping[str, Value]) -> Keyed:
    return Keyed(**{each.name: _text(values[each.name]) for each in fields(Keyed)})


def _text(value: Value) -> str:
    return "" if value is None else str(value)


def _judged(talk: Talk, keyed: Keyed) -> Answered:
    verdict = judge_keyed(talk.session, talk.contact, keyed, talk.now, talk.zone)
    if verdict.problem in _ASKS:
        return _ASKS[verdict.problem], {}
    if verdict.outcome is Outcome.ASK:
        _receipt(talk, verdict)
        return "refused", {}
    return "ok", {}


def _stored(talk: Talk, verdict: Verdict) -> Answered:
    _receipt(talk, verdict)
    if verdict.outcome is Outcome.ASK:
        return "refused", {}
    apply_verdict(talk.session, verdict, talk.contact, None, talk.now, call_id=talk.call.id)
    return ("replaced" if verdict.outcome is Outcome.FIX else "saved"), {}


def _receipt(talk: Talk, verdict: Verdict) -> None:
    """The grammar's own reply, as the SMS would have got it; without a channel for SMS there is none."""
    line = channels.choose(talk.session, channels.SMS, talk.contact.language, talk.contact.number or "")
    if line is None:
        return
    most = talk.exchange.settings.facilitator_replies_per_day
    queue_reply(talk.session, talk.exchange, talk.contact, verdict.reply, talk.now, channel_id=line.id, answers=None, cap=most)
