"""When an event is due next, and for whom: one rule for a date, a market, a season, a radio episode, an answer and a birth.

In the programme's own time: a weekly message stays at nine o'clock whatever UTC does. Pure: what must be known of villages,
seasons, episodes, answers and enrolments is handed in as `Known` (campaigns/sources.py reads it).
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaigns.models import CampaignEvent, CatchUp, OccurrenceState, Repeat
from clubs.calendar import Market
from clubs.models import MarketRule

LATE_BY_AT_MOST = timedelta(hours=6)
ON_TIME = timedelta(minutes=5)
"""A clock that ticks every few seconds may still be held up; within this nothing is late."""
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
LOOK_AHEAD = timedelta(days=370)
ROUND = 900
"""Seconds: what follows an answer is due on the quarter of an hour, so that those who answered together are sent to together."""
HEARD_ONCE = DAY
"""A village that hears two stations is written to after the first of two episodes so close together."""


@dataclass(frozen=True)
class Due:
    """One due time. `villages` and `members` are whom it is for, None for all the campaign's; `key` is what made it due."""

    at: datetime
    key: str | None = None
    villages: frozenset[int] | None = None
    members: frozenset[int] | None = None


@dataclass(frozen=True)
class Aired:
    """An episode on the event's theme, and the villages where its station is heard (None: everywhere)."""

    episode_id: int
    at: datetime
    villages: frozenset[int] | None


@dataclass(frozen=True)
class Known:
    """What dates events besides their own columns: markets by village (None: no market known), seasons as (id, first, last),
    episodes in order, members with the moment they answered, members with the moment of their next step."""

    markets: Mapping[int, Market | None] = field(default_factory=dict)
    seasons: tuple[tuple[int, date, date], ...] = ()
    episodes: tuple[Aired, ...] = ()
    answered: tuple[tuple[datetime, int], ...] = ()
    steps: tuple[tuple[datetime, int], ...] = ()


NOTHING = Known()


def dues(event: CampaignEvent, known: Known, since: datetime | None, until: datetime, zone: ZoneInfo) -> Iterator[Due]:
    """Every due time of an event from `since` (None: from when it was scheduled) through `until`, oldest first."""
    begin, end = _bounds(event, since)
    for due in _RULES[event.repeat](event, known, begin, until, zone):
        if due.at > until:
            return
        if (begin is None or due.at >= begin) and (end is None or due.at <= end or _moved_over(event, due, end, zone)):
            yield due


def next_due(event: CampaignEvent, known: Known, after: datetime, zone: ZoneInfo) -> datetime | None:
    """The first due time later than `after`; None when none is known."""
    found = dues(event, known, after, after + LOOK_AHEAD, zone)
    return next((due.at for due in found if due.at > after), None)


def first_due(event: CampaignEvent, known: Known, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The first due time from `now` on; None for a date already past, or one that nothing gives yet."""
    return next_due(event, known, now - timedelta(microseconds=1), zone)


def decide(
    event: CampaignEvent, missed: Collection[datetime], now: datetime, zone: ZoneInfo, followed: bool
) -> dict[datetime, OccurrenceState]:
    """What becomes of each due time, by the event's policy; the last one that is on time is always fired.

    `send_next` merges a missed time into the one after it, and is a skip where none comes any more (`followed` False).
    """
    fate = {due: _alone(event, due, now, zone) for due in missed}
    if event.catch_up is CatchUp.SEND_NEXT and fate:
        last = max(fate)
        for due, state in fate.items():
            if state is OccurrenceState.SKIPPED and (due != last or followed):
                fate[due] = OccurrenceState.MERGED
    return fate


def _alone(event: CampaignEvent, due: datetime, now: datetime, zone: ZoneInfo) -> OccurrenceState:
    late = now - due
    if late <= ON_TIME:
        return OccurrenceState.FIRED
    same_day = due.astimezone(zone).date() == now.astimezone(zone).date()
    if event.catch_up is CatchUp.SEND_LATE and late <= LATE_BY_AT_MOST and same_day:
        return OccurrenceState.FIRED
    return OccurrenceState.SKIPPED


def _bounds(event: CampaignEvent, since: datetime | None) -> tuple[datetime | None, datetime | None]:
    """An enrolment knows its own beginning; everything else is due after it was scheduled."""
    own = () if event.repeat is Repeat.STAGE else (event.since, event.starts_at)
    begins = [moment for moment in (since, *own) if moment is not None]
    return max(begins, default=None), event.until


def _moved_over(event: CampaignEvent, due: Due, end: datetime, zone: ZoneInfo) -> bool:
    """A weekly day moved off a market belongs to the day before, even where that is the last one."""
    moved = event.repeat is Repeat.MARKET and event.market is MarketRule.NEVER and event.starts_at is not None
    if not moved or event.starts_at is None:
        return False
    weekday = event.starts_at.astimezone(zone).weekday()
    return due.at.astimezone(zone).weekday() == (weekday + 1) % 7 and due.at - DAY <= end


def _at(event: CampaignEvent, day: date, zone: ZoneInfo) -> datetime:
    """The event's own hour on a local day, in UTC like every stored moment."""
    start = event.starts_at
    hour = time(9) if start is None else start.astimezone(zone).time()
    return datetime.combine(day, hour, zone).astimezone(zone if start is None else start.tzinfo)


def _once(event: CampaignEvent, _known: Known, _begin: datetime | None, _until: datetime, _zone: ZoneInfo) -> Iterator[Due]:
    if event.starts_at is not None:
        yield Due(event.starts_at)


def _weekly(event: CampaignEvent, _known: Known, begin: datetime | None, until: datetime, zone: ZoneInfo) -> Iterator[Due]:
    if event.starts_at is not None:
        first, last = (moment.astimezone(zone).date() for moment in (event.starts_at, until))
        gone = 0 if begin is None else max(0, (begin.astimezone(zone).date() - first).days // 7)
        for week in range(gone, max(0, (last - first).days // 7 + 1)):
            yield Due(_at(event, first + week * WEEK, zone))


def _market(event: CampaignEvent, known: Known, begin: datetime | None, until: datetime, zone: ZoneInfo) -> Iterator[Due]:
    """One due time a day that is some village's day, for those villages."""
    if event.starts_at is None:
        return
    first, last = (moment.astimezone(zone).date() for moment in (event.starts_at, until))
    gone = 0 if begin is None else max(0, (begin.astimezone(zone).date() - first).days)
    for ahead in range(gone, (last - first).days + 1):
        day = first + ahead * DAY
        whose = frozenset(id_ for id_, market in known.markets.items() if _is_day(event.market, market, day, first))
        if whose:
            yield Due(_at(event, day, zone), villages=whose)


def _is_day(rule: MarketRule | None, market: Market | None, day: date, first: date) -> bool:
    if rule is MarketRule.NEVER:
        weekday, moved = (day - first).days % 7, market is not None and market.held_on(day)
        if weekday == 0:
            return not moved
        return weekday == 1 and market is not None and market.held_on(day - DAY)
    return market is not None and market.held_on(day + DAY if rule is MarketRule.EVE else day)


def _season(event: CampaignEvent, known: Known, _begin: datetime | None, _until: datetime, zone: ZoneInfo) -> Iterator[Due]:
    found: list[Due] = []
    for id_, first, last in known.seasons:
        day, count = first + (event.days_into or 0) * DAY, 0
        while day <= last and (count == 0 or event.weekly):
            found.append(Due(_at(event, day, zone), f"season:{id_}:{count}"))
            day, count = day + WEEK, count + 1
    return iter(sorted(found, key=lambda due: (due.at, due.key or "")))


def _episode(event: CampaignEvent, known: Known, _begin: datetime | None, _until: datetime, _zone: ZoneInfo) -> Iterator[Due]:
    heard: list[tuple[datetime, frozenset[int] | None]] = []
    for one in sorted(known.episodes, key=lambda each: (each.at, each.episode_id)):
        before = [villages for at, villages in heard if one.at - at < HEARD_ONCE]
        heard.append((one.at, one.villages))
        if any(villages is None for villages in before):
            continue
        left = one.villages
        if left is not None:
            left = left.difference(*(villages for villages in before if villages is not None))
        if left is None or left:
            yield Due(one.at + timedelta(hours=event.hours_after or 0), f"episode:{one.episode_id}", left)


def _answer(event: CampaignEvent, known: Known, _begin: datetime | None, _until: datetime, _zone: ZoneInfo) -> Iterator[Due]:
    after = timedelta(hours=event.hours_after or 0)
    return _by_moment((_rounded(at + after), member) for at, member in known.answered)


def _stage(_event: CampaignEvent, known: Known, _begin: datetime | None, _until: datetime, _zone: ZoneInfo) -> Iterator[Due]:
    return _by_moment(known.steps)


def _by_moment(pairs: Collection[tuple[datetime, int]] | Iterator[tuple[datetime, int]]) -> Iterator[Due]:
    whose: dict[datetime, set[int]] = {}
    for at, member in pairs:
        whose.setdefault(at, set()).add(member)
    for at in sorted(whose):
        yield Due(at, members=frozenset(whose[at]))


def _rounded(at: datetime) -> datetime:
    past = (at.minute * 60 + at.second) % ROUND + at.microsecond / 1_000_000
    return at if not past else at + timedelta(seconds=ROUND - past)


_RULES: Mapping[Repeat, Callable[[CampaignEvent, Known, datetime | None, datetime, ZoneInfo], Iterator[Due]]] = {
    Repeat.ONCE: _once,
    Repeat.WEEKLY: _weekly,
    Repeat.MARKET: _market,
    Repeat.SEASON: _season,
    Repeat.EPISODE: _episode,
    Repeat.ANSWER: _answer,
    Repeat.STAGE: _stage,
}
