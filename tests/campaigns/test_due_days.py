"""The days of events, against what can be counted by hand: markets, seasons, episodes, answers; none lost, none doubled."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.calendar import Aired, Due, Known, dues, next_due
from campaigns.models import CampaignEvent, CatchUp, Repeat, SeasonKind
from clubs.calendar import Market
from clubs.models import MarketRule

BAMAKO = ZoneInfo("Africa/Bamako")
DAY = timedelta(days=1)
DAYS = st.dates(date(2014, 1, 1), date(2030, 12, 31))
MARKETS = st.one_of(st.none(), st.builds(Market, st.sampled_from((5, 7)), DAYS))
KNOWN_PAIR = (date(2014, 4, 9), date(2014, 4, 14))
"""The one pair of market days of the Dogon week of five that we know to be true."""


def at(day: date, hour: int = 9) -> datetime:
    return datetime.combine(day, time(hour), UTC)


def market(rule: MarketRule, first: date, until: date | None = None) -> CampaignEvent:
    event = CampaignEvent(repeat=Repeat.MARKET, market=rule, starts_at=at(first), catch_up=CatchUp.SKIP)
    event.until = at(until, 23) if until else None
    return event


def found(event: CampaignEvent, known: Known, until: date) -> list[Due]:
    return list(dues(event, known, None, at(until, 23), BAMAKO))


def days_of(event: CampaignEvent, known: Known, until: date, village: int) -> list[date]:
    return [due.at.date() for due in found(event, known, until) if due.villages is not None and village in due.villages]


def test_the_two_market_days_that_are_known_to_be_true_follow_each_other() -> None:
    known = Known({1: Market(5, KNOWN_PAIR[0])})
    assert days_of(market(MarketRule.ON, KNOWN_PAIR[0]), known, KNOWN_PAIR[1], 1) == list(KNOWN_PAIR)
    assert days_of(market(MarketRule.EVE, KNOWN_PAIR[0]), known, KNOWN_PAIR[1], 1) == [KNOWN_PAIR[1] - DAY]
    assert Market(5, KNOWN_PAIR[1]).held_on(KNOWN_PAIR[0])


@settings(max_examples=60, deadline=None)
@given(markets=st.lists(MARKETS, min_size=1, max_size=6), first=DAYS, span=st.integers(0, 420), rule=st.sampled_from(MarketRule))
def test_every_village_has_each_of_its_days_once_and_no_other(
    markets: list[Market | None], first: date, span: int, rule: MarketRule
) -> None:
    """Counted one day after the other, over the ends of years, beside the rule of the book: (day - anchor) mod cycle = 0."""
    known = Known(dict(enumerate(markets)))
    last = first + span * DAY
    event = market(rule, first)
    given_ = found(event, known, last)
    assert len({due.at for due in given_}) == len(given_)
    for village, one in enumerate(markets):
        wanted = []
        for ahead in range(span + 1):
            day = first + ahead * DAY
            on_market = one is not None and (day - one.anchor).days % one.cycle == 0
            before = one is not None and (day - DAY - one.anchor).days % one.cycle == 0
            tomorrow = one is not None and (day + DAY - one.anchor).days % one.cycle == 0
            weekly = ahead % 7 == 0
            due = {
                MarketRule.ON: on_market,
                MarketRule.EVE: tomorrow,
                MarketRule.NEVER: (weekly and not on_market) or (ahead % 7 == 1 and before),
            }[rule]
            wanted += [day] if due else []
        assert days_of(event, known, last, village) == wanted


@settings(max_examples=40, deadline=None)
@given(
    first=DAYS, steps=st.lists(st.integers(1, 40), min_size=1, max_size=12), cycle=st.sampled_from((5, 7)), zone=st.just(BAMAKO)
)
def test_a_clock_that_looks_now_and_then_finds_every_day_once(first: date, steps: list[int], cycle: int, zone: ZoneInfo) -> None:
    event, known = market(MarketRule.ON, first), Known({1: Market(cycle, first - 3 * DAY)})
    seen: list[datetime] = []
    settled: datetime | None = None
    moment = at(first, 0)
    for step in steps:
        moment += step * DAY
        new = [due.at for due in dues(event, known, settled, moment, zone) if due.at not in seen]
        seen += new
        settled = seen[-1] if seen else None
        if seen:
            assert next_due(event, known, moment, zone) == seen[-1] + cycle * DAY
    assert seen == [due.at for due in dues(event, known, None, moment, zone)]


@settings(max_examples=40, deadline=None)
@given(first=DAYS, weeks=st.integers(0, 110))
def test_a_weekly_event_of_bamako_is_due_each_seventh_day_at_nine(first: date, weeks: int) -> None:
    event = CampaignEvent(repeat=Repeat.WEEKLY, starts_at=at(first))
    due = found(event, Known(), first + timedelta(weeks=weeks))
    assert [one.at for one in due] == [at(first + timedelta(weeks=week)) for week in range(weeks + 1)]


def test_the_last_weekly_day_moved_off_a_market_is_not_lost() -> None:
    monday = date(2026, 3, 16)
    known = Known({1: Market(7, monday), 2: None})
    event = market(MarketRule.NEVER, monday, until=monday)
    assert [(due.at.date(), due.villages) for due in found(event, known, monday + 10 * DAY)] == [
        (monday, frozenset({2})),
        (monday + DAY, frozenset({1})),
    ]


def test_a_season_gives_its_day_each_year_or_a_day_a_week_within() -> None:
    known = Known(seasons=((7, date(2027, 6, 1), date(2027, 8, 31)), (3, date(2026, 6, 10), date(2026, 6, 30))))
    event = CampaignEvent(repeat=Repeat.SEASON, season=SeasonKind.LEAN, days_into=2, starts_at=at(date(2026, 1, 1), 17))
    assert [(due.at, due.key) for due in found(event, known, date(2028, 1, 1))] == [
        (at(date(2026, 6, 12), 17), "season:3:0"),
        (at(date(2027, 6, 3), 17), "season:7:0"),
    ]
    event.weekly = True
    assert [due.at.date() for due in found(event, known, date(2026, 12, 31))] == [
        date(2026, 6, 12),
        date(2026, 6, 19),
        date(2026, 6, 26),
    ]
    event.days_into, event.weekly = 40, False
    assert [due.key for due in found(event, known, date(2028, 1, 1))] == ["season:7:0"], "forty days into a season of twenty"


def test_an_episode_is_followed_in_the_villages_that_hear_its_station() -> None:
    airs = datetime(2026, 3, 18, 20, 30, tzinfo=UTC)
    known = Known(
        episodes=(
            Aired(1, airs, frozenset({1, 2})),
            Aired(2, airs + timedelta(hours=3), frozenset({2, 3})),
            Aired(3, airs + 2 * DAY, None),
        )
    )
    event = CampaignEvent(repeat=Repeat.EPISODE, hours_after=12)
    after = timedelta(hours=12)
    assert found(event, known, date(2026, 4, 1)) == [
        Due(airs + after, "episode:1", frozenset({1, 2})),
        Due(airs + timedelta(hours=15), "episode:2", frozenset({3})),
        Due(airs + 2 * DAY + after, "episode:3", None),
    ]


@pytest.mark.parametrize(
    ("answered", "due"),
    [
        pytest.param("10:00:00", "12:00:00", id="on-the-quarter"),
        pytest.param("10:00:01", "12:15:00", id="a-second-later"),
        pytest.param("10:14:59", "12:15:00", id="just-before-the-next"),
    ],
)
def test_answers_of_one_quarter_of_an_hour_are_followed_together(answered: str, due: str) -> None:
    day = "2026-03-18T"
    event = CampaignEvent(repeat=Repeat.ANSWER, hours_after=2)
    known = Known(answered=((datetime.fromisoformat(f"{day}{answered}+00:00"), 4),))
    assert [one.at for one in found(event, known, date(2026, 3, 19))] == [datetime.fromisoformat(f"{day}{due}+00:00")]


def test_nothing_before_it_was_scheduled_is_due() -> None:
    monday = date(2026, 3, 16)
    event = CampaignEvent(repeat=Repeat.WEEKLY, starts_at=at(monday), since=at(monday + 8 * DAY))
    assert [due.at.date() for due in found(event, Known(), monday + 21 * DAY)] == [monday + 14 * DAY, monday + 21 * DAY]
