"""Builds the guided session around a facilitator's report: two bips, one before the message and one after the talk.

Between them nothing is stored but the draft: she hangs up after the message, and her next bip takes it up where it stands.
"""

from collections.abc import Sequence

from dialogue.nodes import ANY, Ask, Branch, Consult, Node, Put, Route, Speak
from dialogue.parts import YES_NO, lines
from dialogue.values import number

FIRST = "guided_theme"
"""The node that follows the PIN at meeting time."""
LABELS = frozenset({"before_ask", "voters_ask", "after_ask"})
"""Without a sound for each of these no session is guided."""
DRAFTED = frozenset({"guided_before", "guided_voters", "guided_after"})
"""The nodes at which a dropped call leaves a draft."""
MOST = 999


def guided_nodes(theme: int, message: Sequence[str], *, then: str) -> dict[str, Node]:
    """The nodes of a session on `theme`, named `guided_…`, leading into the report; `guided_done` goes on to `then`.

    The report's consult `store` stores the raised hands, too. Consult `action` (club): noted.
    """

    def count(label: str, save: str, to: str) -> Ask:
        return Ask(lines(label), number(0, MOST), (Route(ANY, to),), save=save)

    return {
        "guided_theme": Put("theme", theme, "guided_before"),
        "guided_before": count("before_ask", "before", "guided_voters"),
        "guided_voters": count("voters_ask", "voters", "guided_message"),
        "guided_message": Speak(lines(*message), "guided_after"),
        "guided_after": count("after_ask", "after", "report_women"),
        "guided_done": Branch("after", (Route("", then),), "guided_action"),
        "guided_action": Ask(lines("action_ask"), YES_NO, (Route("1", "guided_decided"), Route("2", then)), give_up=then),
        "guided_decided": Consult("action", (Route("noted", then),), {"club": "$club"}),
    }
