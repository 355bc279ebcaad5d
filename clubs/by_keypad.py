"""A facilitator's report by keypad, said to the grammar as the SMS that says the same.

So checks, holds, versions and records are those of the SMS; only the question asked back is another's to word.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from clubs.grammar.context import Context
from clubs.grammar.judge import judge
from clubs.grammar.values import Kind, ProblemId
from clubs.grammar.verdict import Verdict
from clubs.standing import context_for
from clubs.themes import themes
from messaging.models import Contact

_LABELS = (("theme", "T"), ("women", "F"), ("men", "H"), ("youth", "J"), ("mothers", "M"), ("radio", "R"), ("club", "C"))
_MAY_BE_UNKNOWN = frozenset({"youth", "mothers", "radio"})
_AT_ONCE = ("theme", "women", "men", "youth", "radio")
DECIDED = "decidee en seance, par telephone"
"""The words of an action of which the keypad says no more."""
_LONGEST = 3  # digits of a figure: the grammar never splits longer ones, and neither do we


@dataclass(frozen=True)
class Keyed:
    """What was typed; whole numbers as text, "" where nothing is known. `choice` answers the grammar's question about another
    session of that day: 1 a correction of it, 2 another one."""

    theme: str = ""
    women: str = ""
    men: str = ""
    youth: str = ""
    mothers: str = ""
    radio: str = ""
    club: str = ""
    choice: str = ""

    def text(self) -> str:
        """The SMS, as `CR T12 F18 H7 J9 MX R1 C1032`: what was read back to her is all there is."""
        typed = [(label, getattr(self, name) or ("X" if name in _MAY_BE_UNKNOWN else "")) for name, label in _LABELS]
        return " ".join((Kind.CR.value, *(label + figure for label, figure in typed if figure)))


def at_once(typed: str) -> dict[str, str] | None:
    """The figures of `12*18*7*9*1` (theme, women, men, then perhaps youth and radio), or None. An empty place is unknown."""
    parts = typed.strip("*").split("*")
    if not 3 <= len(parts) <= len(_AT_ONCE) or any(len(part) > _LONGEST or not part.isdecimal() for part in parts if part):
        return None
    if not all(parts[:3]) or (len(parts) == len(_AT_ONCE) and parts[-1] not in ("", "0", "1")):
        return None
    return dict(zip(_AT_ONCE, parts, strict=False))


def judge_keyed(session: Session, contact: Contact, keyed: Keyed, now: datetime, zone: str) -> Verdict:
    """What the grammar makes of a report by keypad; nothing is stored."""
    context = context_for(session, contact, now, zone=zone)
    verdict = judge(keyed.text(), context)
    return _answered(verdict, keyed.choice, context)


def judge_hands(
    session: Session, contact: Contact, keyed: Keyed, hands: tuple[str, str, str], now: datetime, zone: str
) -> Verdict:
    """The raised hands of the same session: right before, right after, voters."""
    before, after, voters = hands
    said = f"{Kind.QZ.value} T{keyed.theme} AV{before} AP{after} N{voters} C{keyed.club}"
    return judge(said, context_for(session, contact, now, zone=zone))


def judge_action(session: Session, contact: Contact, club: str, now: datetime, zone: str) -> Verdict:
    """An action the club decided, of which the keypad says no more."""
    return judge(f"{Kind.AC.value} 9 C{club} {DECIDED}", context_for(session, contact, now, zone=zone))


def judge_no_session(session: Session, contact: Contact, club: str, now: datetime, zone: str) -> Verdict:
    """The same for "nobody was there": the grammar's RAS without a reason."""
    return judge(f"{Kind.RAS.value} C{club}", context_for(session, contact, now, zone=zone))


def known_theme(session: Session, code: str) -> bool:
    """Whether reports may name a theme of that code."""
    return code.isdecimal() and len(code) <= _LONGEST and int(code) in themes(session)


def _answered(verdict: Verdict, choice: str, context: Context) -> Verdict:
    if not choice or verdict.problem is not ProblemId.OTHER_THEME or verdict.effect.opens is None:
        return verdict
    # Its prompt is answered before it was ever stored: the digit is judged as one sent right after the question.
    return judge(choice, replace(context, prompts=(*context.prompts, verdict.effect.opens)))
