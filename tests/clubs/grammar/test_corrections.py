"""What a second report of a session keeps of the first."""

import pytest

from clubs.by_keypad import Keyed
from clubs.grammar.values import Outcome
from tests.clubs.grammar.world import MOUSSA, say


@pytest.mark.parametrize(
    ("first", "then", "kept", "told"),
    [
        ("CR 12 18 7 9 1 M6", "CR 12 20 7", (20, 9, True, 6), "femmes 20 (avant 18)"),
        ("CR 12 18 7 9 1", "CR 12 20 7 8", (20, 8, True, None), "jeunes 8 (avant 9)"),
        ("CR 12 18 7 9 1", "CR 13 20 7 >> 1", (20, 9, True, None), "femmes 20 (avant 18)"),
        ("CR 12 18 7 9 1", "CR 12 3 2", (3, None, True, None), "jeunes ? (avant 9)"),
        ("CR 12 18 7 9 1", "CR 12 18 7 X 1", (18, None, True, None), "jeunes ? (avant 9)"),
        ("CR 12 18 7 9 1", "CR 13 20 7 X X >> 1", (20, None, None, None), "radio ? (avant oui)"),
        ("CR 12 18 7 9 1", Keyed("12", "20", "7", radio="1").text(), (20, None, True, None), "jeunes ? (avant 9)"),
    ],
)
def test_a_correction_keeps_what_it_does_not_say(
    first: str, then: str, kept: tuple[int, int | None, bool | None, int | None], told: str
) -> None:
    verdict = say(MOUSSA, first, *then.split(" >> "))
    values = verdict.values
    assert (values.women, values.youth, values.radio, values.mothers) == kept
    assert (verdict.outcome, verdict.effect.version) == (Outcome.FIX, 2)
    assert told in verdict.reply


def test_a_shorter_resend_with_nothing_new_is_already_noted() -> None:
    assert "déjà noté" in say(MOUSSA, "CR 12 18 7 9 1", "CR 12 18 7").reply
    assert say(MOUSSA, "DC 4 22 6 11", "DC 4 22 8").values.children == 11
