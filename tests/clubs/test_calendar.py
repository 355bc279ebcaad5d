"""When clubs meet: weeks of seven days, markets of five or seven, the eve, and keeping clear of the market."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clubs.calendar import Market, Rhythm
from clubs.models import MarketRule

ON, EVE, NEVER = MarketRule
MARKET5 = Market(5, date(2026, 3, 5))
MARKET7 = Market(7, date(2026, 3, 16))
WED = 2


def march(*days: int) -> list[date]:
    return [date(2026, 3, 1) + timedelta(days=day - 1) for day in days]


def sessions(rhythm: Rhythm, after: date, count: int) -> list[date]:
    """The first `count` session days later than `after`."""
    day, found = rhythm.first(after), []
    for _ in range(count):
        assert day is not None
        found.append(rhythm.session(day))
        day = rhythm.next(day)
    return found


@pytest.mark.parametrize(
    ("rhythm", "days"),
    [
        pytest.param(Rhythm(7, WED), march(4, 11, 18, 25), id="every Wednesday"),
        pytest.param(Rhythm(14, WED), march(4, 18, 32), id="every second Wednesday"),
        pytest.param(Rhythm(7, WED, None, MARKET5), march(4, 11, 18, 25), id="a market that does not matter"),
        pytest.param(Rhythm(7, WED, ON), march(4, 11, 18), id="a rule without a market"),
        pytest.param(Rhythm(5, None, ON, MARKET5), march(5, 10, 15, 20, 25), id="on each market of five days"),
        pytest.param(Rhythm(5, None, EVE, MARKET5), march(4, 9, 14, 19), id="on each eve of it"),
        pytest.param(Rhythm(7, None, ON, MARKET5), march(5, 10, 15), id="weekly, the nearest market"),
        pytest.param(Rhythm(14, None, ON, MARKET5), march(5, 20, 35), id="every fortnight, each third market"),
        pytest.param(Rhythm(10, None, EVE, MARKET5), march(4, 14, 24), id="each second eve"),
        pytest.param(Rhythm(7, None, ON, MARKET7), march(2, 9, 16, 23), id="on a weekly market"),
        pytest.param(Rhythm(7, None, EVE, MARKET7), march(8, 15, 22), id="on its eve"),
        pytest.param(Rhythm(7, WED, NEVER, MARKET5), march(4, 11, 18, 26), id="never on the market of five days"),
        pytest.param(Rhythm(7, 0, NEVER, MARKET7), march(3, 10, 17), id="never on a weekly market of that day"),
        pytest.param(Rhythm(10, WED), march(4, 14, 24), id="ten days, the weekday begins"),
    ],
)
def test_a_rhythm_gives_these_days(rhythm: Rhythm, days: list[date]) -> None:
    assert sessions(rhythm, date(2026, 3, 1), len(days)) == days


def test_the_real_pair_of_market_days() -> None:
    market = Market(5, date(2014, 4, 9))
    assert [market.held_on(date(2014, 4, day)) for day in (8, 9, 13, 14, 15)] == [False, True, False, True, False]
    assert market.next(date(2014, 4, 10)) == date(2014, 4, 14)
    assert market.next(date(2014, 4, 4)) == date(2014, 4, 4), "before the anchor too"


def test_a_club_of_which_no_day_is_known_is_not_expected() -> None:
    assert Rhythm(7).first(date(2026, 3, 1)) is None
    assert Rhythm(7, None, NEVER, MARKET5).first(date(2026, 3, 1)) is None


def test_a_changed_weekday_is_fallen_into_step_with() -> None:
    assert Rhythm(7, WED).next(date(2026, 3, 6)) == date(2026, 3, 11), "a Friday before: the nearest Wednesday"


@given(
    every=st.integers(2, 30),
    weekday=st.integers(0, 6),
    rule=st.sampled_from([None, *MarketRule]),
    cycle=st.sampled_from([5, 7]),
    anchor=st.dates(date(2014, 1, 1), date(2027, 1, 1)),
    after=st.dates(date(2024, 1, 1), date(2028, 1, 1)),
)
def test_days_follow_each_other_and_keep_their_rule(
    every: int, weekday: int, rule: MarketRule | None, cycle: int, anchor: date, after: date
) -> None:
    market = Market(cycle, anchor)
    found = sessions(Rhythm(every, weekday, rule, market), after, 6)
    assert found[0] > after
    gaps = [(later - day).days for day, later in pairwise(found)]
    assert min(gaps) >= (1 if every < 7 or rule is NEVER else every // 2)
    if rule in (ON, EVE):
        ahead = timedelta(days=rule is EVE)
        assert all(market.held_on(day + ahead) for day in found)
        assert set(gaps) == {cycle * max(1, round(every / cycle))}
    if rule is NEVER:
        assert not any(market.held_on(day) for day in found)
