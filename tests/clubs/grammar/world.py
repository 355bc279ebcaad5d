"""The world of field.md 2.4: Wednesday 18 March 2026, Moussa, only facilitator of club 1032."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from clubs.grammar.aftermath import after
from clubs.grammar.context import Context, Sender
from clubs.grammar.judge import judge
from clubs.grammar.verdict import Verdict
from clubs.grammar.words import Vocabulary

NOW = datetime(2026, 3, 18, 10, 0, tzinfo=UTC)
MOUSSA = Context(NOW, Sender.FACILITATOR, ("1032",), next_report=57, next_action=4, next_inquiry=12)
STRANGER = replace(MOUSSA, sender=Sender.UNKNOWN, clubs=())
SUPERVISOR = replace(MOUSSA, sender=Sender.SUPERVISOR, clubs=("1032", "2043"))
WITH_WORDS = replace(MOUSSA, vocabulary=Vocabulary(number_words=True))
EVERY_VALUE = (
    *("theme", "recipe", "reason", "action_type", "women", "men", "youth", "mothers", "children", "before", "after"),
    *("voters", "due_days", "quantity", "radio", "club", "date"),
)


def later(context: Context, **gap: float) -> Context:
    """The same, some time on."""
    return replace(context, now=context.now + timedelta(**gap))


def play(context: Context, texts: Sequence[str]) -> Context:
    """The context after these texts, a minute apart."""
    for text in texts:
        context = later(after(context, judge(text, context)), minutes=1)
    return context


def say(context: Context, *texts: str) -> Verdict:
    """The verdict on the last of these texts."""
    return judge(texts[-1], play(context, texts[:-1]))


def read(verdict: Verdict) -> dict[str, Any]:
    """The known values of a verdict as the command line prints them."""
    values = verdict.as_json()["values"]
    assert isinstance(values, dict)
    return {name: values[name] for name in EVERY_VALUE if values[name] is not None}
