"""When a club meets: weeks of seven days, or its village's market, which returns every five or seven.

A session day may move off a market day by one; the rhythm goes on from the day it would have been, so that it never drifts.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from clubs.models import Club, MarketRule, Village

DAY = timedelta(days=1)
WEEK = 7


@dataclass(frozen=True)
class Market:
    """A market that is held when `(day - anchor) mod cycle` is 0."""

    cycle: int
    anchor: date

    def held_on(self, day: date) -> bool:
        """Whether that day is a market day."""
        return (day - self.anchor).days % self.cycle == 0

    def next(self, day: date) -> date:
        """The first market day from `day` on."""
        return day + timedelta(days=(self.anchor - day).days % self.cycle)


@dataclass(frozen=True)
class Rhythm:
    """How a club meets: every so many days on a weekday (Monday 0), or by the market where its rule names one."""

    every: int
    weekday: int | None = None
    rule: MarketRule | None = None
    market: Market | None = None

    @property
    def by_market(self) -> bool:
        """Whether the market, not the week, gives the days."""
        return self.market is not None and self.rule in (MarketRule.ON, MarketRule.EVE)

    def first(self, after: date) -> date | None:
        """The first day of the rhythm later than `after`; None for a club of which no day is known."""
        if self.market is not None and self.by_market:
            return self._meeting(self.market.next(after + DAY + self._lead))
        return None if self.weekday is None else _weekday_from(after + DAY, self.weekday)

    def next(self, day: date) -> date:
        """The day of the rhythm after `day`; it falls into step again where the market or the weekday was changed."""
        if self.market is not None and self.by_market:
            cycle = self.market.cycle
            step = cycle * max(1, round(self.every / cycle))
            near = day + self._lead + timedelta(days=step - cycle // 2)
            return self._meeting(self.market.next(near))
        target = day + timedelta(days=max(1, self.every))
        if self.weekday is None or self.every % WEEK:
            return target
        return _weekday_from(target - timedelta(days=WEEK // 2), self.weekday)

    def session(self, day: date) -> date:
        """The day on which the session of the rhythm's `day` is held: the day after, where that is a market to keep clear of."""
        moves = self.rule is MarketRule.NEVER and self.market is not None and self.market.held_on(day)
        return day + DAY if moves else day

    @property
    def _lead(self) -> timedelta:
        return DAY if self.rule is MarketRule.EVE else timedelta()

    def _meeting(self, market_day: date) -> date:
        return market_day - self._lead


def rhythm_of(club: Club, village: Village) -> Rhythm:
    """The rhythm of a club in its village."""
    market = None
    if village.market_cycle_days is not None and village.market_anchor is not None:
        market = Market(village.market_cycle_days, village.market_anchor)
    return Rhythm(club.every_days, club.weekday, club.market_rule, market)


def _weekday_from(day: date, weekday: int) -> date:
    return day + timedelta(days=(weekday - day.weekday()) % WEEK)
