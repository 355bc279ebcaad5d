"""What a text would lead to, as plain data and without storing anything: the command line's `report parse`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from clubs.grammar.aftermath import after as stored
from clubs.grammar.context import Context, Sender
from clubs.grammar.judge import judge
from clubs.grammar.local import vocabulary as local_vocabulary
from clubs.grammar.words import Vocabulary

SAMPLE_REPORT = 57
SAMPLE_ACTION = 3


def explain(
    text: str,
    *,
    at: datetime,
    club: str | None,
    sender: str = "facilitator",
    after: Sequence[str] = (),
    number_words: bool = False,
    vocabulary: Vocabulary | None = None,
) -> dict[str, object]:
    """The verdict on `text` sent `at` (aware) by the only facilitator of `club`, or by another `sender` (names of
    `Sender`), who sent the texts of `after` just before. Numbers of reports and actions are taken on trust, because no
    records are at hand. Raises ValueError for an unknown sender."""
    who = Sender(sender)
    clubs = (club,) if club and who in {Sender.FACILITATOR, Sender.SUPERVISOR} else ()
    context = Context(
        at,
        who,
        clubs,
        next_report=SAMPLE_REPORT,
        next_action=SAMPLE_ACTION + 1,
        records=False,
        vocabulary=vocabulary or local_vocabulary(number_words=number_words),
    )
    for index, earlier in enumerate(after):
        context = replace(context, now=at - timedelta(seconds=len(after) - index))
        context = stored(context, judge(earlier, context))
    return judge(text, replace(context, now=at)).as_json()
