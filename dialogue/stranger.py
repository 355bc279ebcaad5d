"""Builds the one short call a stranger's bip earns: a language, an agreement, a club code or none."""

from collections.abc import Sequence

from dialogue.flow import Flow
from dialogue.nodes import ANY, Ask, Consult, Node, Note, Route, Speak
from dialogue.parts import YES_NO, language_nodes, lines, with_keys
from dialogue.values import text

STRANGER = "stranger"


def stranger_flow(*, languages: Sequence[str] = (), name: str = STRANGER, version: int = 1) -> Flow:
    """Happened: `language` (its code), `consent` (yes), `stop`. Consult `join` (club; null skips): good, bad, or none."""
    routes = (Route("good", "goodbye"), Route("bad", "club_again"), Route("none", "goodbye"))
    nodes: dict[str, Node] = {
        "opening": Speak(lines("jingle", "who"), "languages" if len(languages) > 1 else "consent"),
        "consent": Ask(lines("consent_ask"), YES_NO, (Route("1", "agreed"), Route("2", "refused")), give_up="goodbye"),
        "agreed": Note("consent", "agreed_said", {"yes": True}),
        "refused": Note("consent", "refused_said", {"yes": False}),
        "agreed_said": Speak(lines("consent_yes"), "club"),
        "refused_said": Speak(lines("consent_no"), "goodbye"),
        # Silence skips: a bare # cannot be told from it everywhere.
        "club": Ask(lines("club_ask"), text(), (Route(ANY, "club_check"),), save="club", give_up="goodbye", once=True),
        "club_again": Ask(lines("club_bad"), text(), (Route(ANY, "club_check"),), save="club", give_up="goodbye", once=True),
        "club_check": Consult("join", routes, {"club": "$club"}),
    }
    if len(languages) > 1:
        nodes |= language_nodes("languages", languages, then="consent", give_up="consent")
    return with_keys(name, version, "opening", nodes, ())
