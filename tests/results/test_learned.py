"""Shares and gains with their intervals, against published values and by what must hold of any."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.intervals import paired, wilson


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        pytest.param(81, 263, 25.5, 36.6, id="Newcombe 1998, table I, first"),
        pytest.param(15, 148, 6.2, 16.0, id="Newcombe 1998, table I, second"),
        pytest.param(0, 20, 0.0, 16.1, id="Newcombe 1998, table I, none"),
        pytest.param(1, 29, 0.6, 17.2, id="Newcombe 1998, table I, one"),
    ],
)
def test_wilsons_interval_is_the_published_one(part: int, whole: int, low: float, high: float) -> None:
    found = wilson(part, whole)
    assert found is not None
    assert (round(found.low, 1), round(found.high, 1)) == (low, high)


@given(st.integers(0, 500), st.integers(1, 500))
@settings(max_examples=200)
def test_an_interval_holds_its_share_and_mirrors_it(part: int, more: int) -> None:
    whole = part + more
    one, other = wilson(part, whole), wilson(whole - part, whole)
    assert one is not None
    assert other is not None
    assert 0 <= one.low <= one.value + 1e-9
    assert one.value <= one.high + 1e-9 <= 100 + 1e-6
    assert one.low == pytest.approx(100 - other.high)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 200))
@settings(max_examples=200)
def test_a_gain_is_the_loss_of_the_other_way_round(gained: int, lost: int, same: int) -> None:
    pairs = gained + lost + same
    one, other = paired(gained, lost, pairs), paired(lost, gained, pairs)
    if pairs == 0:
        assert one is None
        return
    assert one is not None
    assert other is not None
    assert -100 <= one.low <= one.high <= 100
    assert one.value == pytest.approx(-other.value)
    assert one.low == pytest.approx(-other.high)
    assert one.low <= one.value + 200 / (pairs + 2)
    assert one.value <= one.high + 200 / (pairs + 2)


def test_a_gain_of_forty_pairs_is_worked_out_by_hand() -> None:
    """(12 + 1) / 42 - (4 + 1) / 42, give or take 1.959964 times the root of ((13 + 5) / 42 - (8 / 42)^2) / 42."""
    found = paired(12, 4, 40)
    assert found is not None
    assert (found.value, round(found.low, 2), round(found.high, 2)) == (20.0, 0.11, 37.99)


def test_of_nothing_nothing_is_said() -> None:
    assert wilson(0, 0) is None
    assert paired(0, 0, 0) is None
