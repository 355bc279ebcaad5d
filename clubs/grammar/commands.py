"""Actions, questions, help, language, stop, announcements and the supervisors' words.

A supervisor's word from anybody else only gets an explanation, and hers reach no further than her own villages.
"""

import re
from dataclasses import replace
from datetime import timedelta

from clubs.grammar import dates
from clubs.grammar.asking import ask, first_problem, language_list
from clubs.grammar.context import Asked, Context, OpenAction, Prompt, Recent, Sender, State
from clubs.grammar.damm import is_club_code
from clubs.grammar.echo import action, counted, say
from clubs.grammar.reports import place
from clubs.grammar.values import Flag, Kind, Outcome, Parsed, Problem, ProblemId
from clubs.grammar.verdict import Do, Effect, Verdict
from clubs.grammar.words import Language
from messaging.cleaning import clean

SUPERVISORS_WORDS = frozenset({Kind.VAL, Kind.REF, Kind.VU, Kind.PAUSE, Kind.REPRISE})
FACILITATORS_WORDS = frozenset({Kind.INS, Kind.NF})
TICKET_AT = 1
"""One earlier AIDE in 24 h and the next opens a call-back ticket."""
LIST_HOURS = 24


def _verdict(parsed: Parsed, outcome: Outcome, reply: str, effect: Effect | None = None) -> Verdict:
    return Verdict(outcome, parsed.kind, parsed.kind, parsed.values, reply, effect or Effect(), None, parsed.flags)


def barred(parsed: Parsed, context: Context) -> Verdict | None:
    """The explanation for somebody who may not use this word."""
    if parsed.kind in SUPERVISORS_WORDS and context.sender is not Sender.SUPERVISOR:
        return _verdict(parsed, Outcome.INFO, say(context, "reserved", keyword=parsed.kind.value))
    if parsed.kind in FACILITATORS_WORDS and context.sender not in {Sender.FACILITATOR, Sender.SUPERVISOR}:
        return _verdict(parsed, Outcome.INFO, say(context, "reserved_facilitator", keyword=parsed.kind.value))
    return None


def words_of(parsed: Parsed) -> Recent:
    """What makes an action or a question the same as an earlier one: type, club and cleaned words."""
    text = " ".join(re.findall(r"\w+", clean(parsed.values.note or "").text))
    return Recent(parsed.kind, f"{parsed.values.club} {parsed.values.action_type} {text}")


def decide_action(parsed: Parsed, context: Context) -> Verdict:
    """AC: an action decided by a club, due in `due_days`; a phone that may not report for the club decides none for it."""
    placed = place(parsed, context)
    if isinstance(placed, Verdict):
        return placed
    if Flag.UNVERIFIED in placed.flags:
        return _verdict(parsed, Outcome.INFO, say(context, "reserved_facilitator", keyword=parsed.kind.value))
    problem = first_problem(Kind.AC, placed.values, context)
    if problem is not None:
        return ask(context, placed, problem)
    if words_of(placed) in context.recent:
        return _verdict(placed, Outcome.INFO, say(context, "already_text"))
    number = context.next_action_of(placed.values.club or "") or context.next_action
    decided = placed.values.date or context.today
    due = decided + timedelta(days=placed.values.due_days or 0)
    placed = replace(placed, values=replace(placed.values, action_no=number))
    # A bare number is an action of one's own club: whoever speaks for another, or for several, is told to name it.
    alone = context.clubs == (placed.values.club,) or not context.clubs
    done = f"FAIT {number}" if alone else f"FAIT {number} C{placed.values.club}"
    day = dates.short(due)
    reply = say(context, "action", number=number, club=placed.values.club, action=action(placed.values), day=day, done=done)
    return _verdict(placed, Outcome.ACK, reply, Effect(Do.ACTION, number, until=due))


def finish_action(parsed: Parsed, context: Context) -> Verdict:
    """FAIT: the action numbered, or the only open one of the sender's clubs."""
    if parsed.values.club is None and len(context.clubs) > 1 and parsed.values.action_no is None:
        clubs = {row.club for row in context.actions}
        parsed = replace(parsed, values=replace(parsed.values, club=clubs.pop())) if len(clubs) == 1 else parsed
    placed = place(parsed, context)
    if isinstance(placed, Verdict):
        return placed
    club, number = placed.values.club, placed.values.action_no
    rows = [row for row in context.actions if row.club == club]
    if number is None and len(rows) > 1:
        return _ask_which(placed, context, rows)
    if not context.records and number not in {row.number for row in rows} and (number is not None or not rows):
        rows = [OpenAction(number or max(context.next_action - 1, 1), club or "")]
    chosen = next((row for row in rows if number in {None, row.number}), None)
    if chosen is None:
        known = f"En cours: {_list_of(rows)}." if rows else ""
        reply = say(context, "ask_action_unknown", word=number or "", list=known)
        return ask(context, placed, Problem(ProblemId.ACTION_UNKNOWN), keep=False, reply=reply)
    quantity = "" if placed.values.quantity is None else f", quantité {placed.values.quantity}"
    placed = replace(placed, values=replace(placed.values, action_no=chosen.number))
    reply = context.replies["done"].format_map({"number": chosen.number, "quantity": quantity, "club": club})
    return _verdict(placed, Outcome.ACK, reply, Effect(Do.DONE, chosen.number))


def _list_of(rows: list[OpenAction]) -> str:
    shown = ", ".join(str(row.number) for row in rows[:8])
    return f"{shown}.." if len(rows) > 8 else shown


def _ask_which(placed: Parsed, context: Context, rows: list[OpenAction]) -> Verdict:
    reply = say(context, "ask_action_choice", list=_list_of(rows), first=rows[0].number)
    return ask(context, placed, Problem(ProblemId.ACTION_CHOICE), keep=False, reply=reply)


def ask_question(parsed: Parsed, context: Context) -> Verdict:
    """Q, or a stop word beside words of feeding: an inquiry for staff."""
    if words_of(parsed) in context.recent:
        return _verdict(parsed, Outcome.INFO, say(context, "already_text"))
    effect = Effect(Do.INQUIRY, context.next_inquiry)
    return _verdict(parsed, Outcome.ACK, say(context, "question", number=context.next_inquiry), effect)


def stop(parsed: Parsed, context: Context) -> Verdict:
    """STOP: one confirmation; a second one is obeyed already and gets silence."""
    if context.opted_out:
        return _verdict(parsed, Outcome.NONE, "", Effect(Do.OPT_OUT))
    return _verdict(parsed, Outcome.INFO, say(context, "stop"), Effect(Do.OPT_OUT))


def end_series(parsed: Parsed, context: Context) -> Verdict:
    """FIN alone: the life-stage series is over, no reason asked."""
    return _verdict(parsed, Outcome.INFO, say(context, "series_over"), Effect(Do.END_SERIES))


def help_with(parsed: Parsed, context: Context) -> Verdict:
    """AIDE of one keyword explains it, whatever was asked before; any other AIDE, second in 24 h, wants somebody to call back."""
    words = re.findall(r"[A-Z]+", clean(parsed.values.note or "").text)
    kind = context.vocabulary.aliases.get(words[0]) if words else None
    named = f"help_{kind.value}" if kind else ""
    if named in context.replies:
        return _verdict(parsed, Outcome.INFO, say(context, named), Effect(Do.HELP))
    if context.helps >= TICKET_AT:
        return _verdict(parsed, Outcome.INFO, say(context, "help_ticket"), Effect(Do.TICKET))
    return _verdict(parsed, Outcome.INFO, say(context, "help"), Effect(Do.HELP))


def choose_language(parsed: Parsed, context: Context) -> Verdict:
    """LANGUE with a number or a name; alone it lists the choices and the next digit picks one."""
    if parsed.values.note is None:
        until = context.now + timedelta(hours=LIST_HOURS)
        tags = tuple(language.tag for language in context.languages)
        effect = Effect(opens=Prompt(Asked.LANGUAGE, context.now, until, options=tags))
        return _verdict(parsed, Outcome.INFO, say(context, "languages", list=language_list(context)), effect)
    chosen = _language(context, parsed.values.note)
    if chosen is None:
        return ask(context, parsed, Problem(ProblemId.LANGUAGE))
    return set_language(parsed, context, chosen)


def set_language(parsed: Parsed, context: Context, chosen: Language) -> Verdict:
    """The language is kept from now on."""
    parsed = replace(parsed, values=replace(parsed.values, language=chosen.tag))
    return _verdict(parsed, Outcome.ACK, say(context, "language", language=chosen.label), Effect(Do.LANGUAGE))


def _language(context: Context, said: str) -> Language | None:
    words = " ".join(re.findall(r"[A-Z0-9]+", clean(said).text))
    return next((row for row in context.languages if words in row.names or words == str(row.number)), None)


def announce(parsed: Parsed, context: Context) -> Verdict:
    """INS: a new number of the club, which hears nothing from us before its own bip or OUI."""
    return _with_phone(parsed, context, "announced", Do.ANNOUNCE)


def hand_over(parsed: Parsed, context: Context) -> Verdict:
    """NF: the club gets a new facilitator once the supervisor agrees; numbered like a report."""
    return _with_phone(parsed, context, "handover", Do.HAND_OVER)


def _with_phone(parsed: Parsed, context: Context, label: str, do: Do) -> Verdict:
    refused = barred(parsed, context)
    if refused is not None:
        return refused
    phone, club = parsed.values.phone or "", parsed.values.club
    if not context.valid_number(phone):
        return ask(context, replace(parsed, values=replace(parsed.values, phone=None)), Problem(ProblemId.PHONE))
    if club is None and len(context.clubs) != 1:
        reply = say(context, "ask_club_phone", keyword=parsed.kind.value)
        return ask(context, parsed, Problem(ProblemId.CLUB_MISSING), reply=reply)
    club = club or context.clubs[0]
    if club not in context.clubs:
        return _verdict(parsed, Outcome.INFO, say(context, "not_yours", club=club))
    parsed = replace(parsed, values=replace(parsed.values, club=club))
    local = " ".join(re.findall("..", phone.removeprefix("+223")))
    number = context.next_report if do is Do.HAND_OVER else None
    return _verdict(parsed, Outcome.ACK, say(context, label, phone=local, club=club, number=number), Effect(do, number))


def supervise(parsed: Parsed, context: Context) -> Verdict:
    """VAL, REF and VU on a report of the supervisor's own villages."""
    refused = barred(parsed, context)
    if refused is not None:
        return refused
    values = parsed.values
    number = values.report_no or 0
    report = context.current(number)
    mine = report is not None and report.values.club in context.clubs
    waiting = (mine and report is not None and report.state in {State.HELD, State.UNVERIFIED}) or number in context.handovers
    held = mine and report is not None and report.kind is Kind.CR
    found = held if parsed.kind is Kind.VU else waiting
    if not found and context.records:
        return _verdict(parsed, Outcome.INFO, say(context, "not_waiting", number=number))
    version = report.version if report else 1
    if parsed.kind is Kind.VU:
        people = {"women": counted("women", values.women or 0), "men": counted("men", values.men or 0)}
        effect = Effect(Do.SPOT_CHECK, number, version)
        return _verdict(parsed, Outcome.ACK, say(context, "checked", number=number, **people), effect)
    accepted = parsed.kind is Kind.VAL
    effect = Effect(Do.ACCEPT if accepted else Do.CANCEL, number, version)
    handover = number in context.handovers or (report is not None and report.kind is Kind.NF)
    label = ("handover_" if handover else "") + ("accepted" if accepted else "cancelled")
    return _verdict(parsed, Outcome.ACK, say(context, label, number=number), effect)


def pause(parsed: Parsed, context: Context) -> Verdict:
    """PAUSE and REPRISE of one club: at once, for calls, pushes and reminders alike."""
    refused = barred(parsed, context)
    if refused is not None:
        return refused
    club, days = parsed.values.club or "", parsed.values.days or 0
    if not dates.is_pause(days) and parsed.kind is Kind.PAUSE:
        return ask(context, parsed, Problem(ProblemId.NUMBER))
    if not is_club_code(club):
        return ask(context, parsed, Problem(ProblemId.CLUB_BAD, club))
    if club not in context.clubs:
        return _verdict(parsed, Outcome.INFO, say(context, "not_yours", club=club))
    if parsed.kind is Kind.REPRISE:
        return _verdict(parsed, Outcome.ACK, say(context, "resumed", club=club), Effect(Do.RESUME))
    until = context.today + timedelta(days=days)
    reply = say(context, "paused", club=club, days=days, day=dates.short(until))
    return _verdict(parsed, Outcome.ACK, reply, Effect(Do.PAUSE, until=until))
