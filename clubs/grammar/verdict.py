"""What a text leads to: an outcome, a reply and one effect for the store to carry out."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from clubs.grammar.context import Prompt, State
from clubs.grammar.values import NOTHING, Flag, Kind, Outcome, ProblemId, Values

JSON_INTEGERS = (
    *("theme", "recipe", "reason", "action_type", "event_type", "women", "men", "youth", "mothers", "children"),
    *("villages", "before", "after", "voters", "due_days", "quantity", "report_no", "action_no", "days", "digit"),
)


class Do(StrEnum):
    """What the store must do, in the transaction that also queues the reply."""

    NOTHING = "nothing"
    STORE = "store"
    HOLD = "hold"
    DRAFT = "draft"
    CHOOSE = "choose"
    CONFIRM = "confirm"
    REFUSE = "refuse"
    UNDO = "undo"
    DROP_DRAFT = "drop_draft"
    ACTION = "action"
    DONE = "done"
    INQUIRY = "inquiry"
    ANSWER = "answer"
    LATE_ANSWER = "late_answer"
    YES = "yes"
    NO = "no"
    OPT_OUT = "opt_out"
    ASK_CONSENT = "ask_consent"
    LANGUAGE = "language"
    HELP = "help"
    TICKET = "ticket"
    INBOX = "inbox"
    END_SERIES = "end_series"
    OFF_AIR = "off_air"
    ANNOUNCE = "announce"
    HAND_OVER = "hand_over"
    ACCEPT = "accept"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    SPOT_CHECK = "spot_check"


@dataclass(frozen=True)
class Effect:
    """`number` is the report's, action's or inquiry's; STORE and HOLD write `version` of it in `state`; `replaces` are
    RAS numbers to mark replaced; `opens` and `closes` are prompts; `until` an action's due day or a pause's end."""

    do: Do = Do.NOTHING
    number: int | None = None
    version: int = 1
    order: int = 1
    state: State = State.VALID
    replaces: tuple[int, ...] = ()
    opens: Prompt | None = None
    closes: tuple[Prompt, ...] = ()
    until: date | None = None


NO_EFFECT = Effect()


@dataclass(frozen=True)
class Verdict:
    """`kind` is what the text reports or completes, `heard` the kind of the text itself (a digit may store a CR)."""

    outcome: Outcome
    kind: Kind
    heard: Kind
    values: Values = NOTHING
    reply: str = ""
    effect: Effect = NO_EFFECT
    problem: ProblemId | None = None
    flags: frozenset[Flag] = frozenset()

    def flagged(self, *flags: Flag) -> "Verdict":
        """The same with more flags."""
        return replace(self, flags=self.flags | set(flags))

    def as_json(self) -> dict[str, object]:
        """Plain data for the command line; every value is always present, null when unknown."""
        values = self.values
        return {
            "outcome": self.outcome.value,
            "kind": self.kind.value,
            "values": {
                **{name: getattr(values, name) for name in JSON_INTEGERS},
                "themes": list(values.themes),
                "radio": values.radio,
                "club": values.club,
                "date": values.date.isoformat() if values.date else None,
                "note": values.note,
                "phone": values.phone,
                "language": values.language,
            },
            "reply": self.reply,
            "effect": self.effect.do.value,
            "number": self.effect.number,
            "problem": self.problem.value if self.problem else None,
            "flags": sorted(flag.value for flag in self.flags),
        }
