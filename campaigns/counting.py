"""Whom a sending would reach and for how much, added up member by member in the words of the fan-out."""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from campaigns.audiences import members
from campaigns.candidates import Candidate, LeftOut
from campaigns.filters import Filter, frozen
from campaigns.lengths import Lengths
from campaigns.sounding import Sounding
from campaigns.wording import Chosen, Wording
from messaging import capacity, limits, windows
from messaging.capacity import Outlook
from messaging.exchange import Exchange
from messaging.models import Channel, Route
from messaging.money import call_price
from messaging.numbers import operator_of
from translations.models import Content
from translations.sms import measure

PREVIEWS = 3
RINGING = 10
"""Seconds that a line rings before somebody answers, in the forecast of when calls would be done."""


@dataclass(frozen=True)
class Preview:
    """One message as it would leave; no number and no name."""

    member_id: int
    language: str
    route: Route
    text: str
    parts: int


@dataclass(frozen=True)
class Work:
    """What one number asks of a channel: SMS parts, or the seconds of a call."""

    contact_id: int
    parts: int
    seconds: float


@dataclass
class Load:
    """What one channel would have to carry."""

    channel: Channel
    cost: int = 0
    work: list[Work] = field(default_factory=list)


@dataclass(frozen=True)
class When:
    """When the slowest channel would be done, None where nothing would leave, and who would wait or get nothing.

    `would_expire`: numbers that the channels could not reach in time. `used_up`: those that have had their messages and are free
    again too late. `later`: those free again in time, by the moment at which the first of a day is.
    """

    finish_at: datetime | None = None
    would_expire: int = 0
    used_up: int = 0
    later: tuple[tuple[datetime, int], ...] = ()


def counted(
    session: Session,
    exchange: Exchange,
    content: Content,
    wanted: Filter,
    route: Route,
    due_at: datetime,
    now: datetime,
    only: Collection[int] | None = None,
) -> "Count":
    """Whom a sending reaches and what it costs; `only` are the members whose own due time it is."""
    today = due_at.astimezone(ZoneInfo(exchange.settings.timezone)).date()
    wanted = frozen(session, wanted)  # a saved audience says how it is counted, and in whose voice, only once written out
    count = Count(session, exchange, content, wanted, now, today)
    after = 0
    while page := members(session, wanted, today, after):
        after = page[-1].member_id
        count.page(page if only is None else [one for one in page if one.member_id in only], route)
    return count


class Count:
    """Recipients, numbers, parts and francs, added up page by page; `loads` by channel, `cost_by` language and operator.

    `unread`: some would get an SMS in a language in which there is none.
    """

    def __init__(self, session: Session, exchange: Exchange, content: Content, wanted: Filter, now: datetime, day: date) -> None:
        self._session = session
        self._exchange = exchange
        self._wording = Wording(session, content.id, now, to_clubs=wanted.one_phone_per_club, day=day)
        self._seen: set[tuple[int | None, Route]] = set()
        self._lengths = Lengths(session, content, wanted.to_json(), now)
        self.sounding = Sounding(session, content, now)
        self.unread = False
        self.recipients = 0
        self.parts = 0
        self.cost = self.unnamed = 0
        self.left_out: Counter[str] = Counter()
        self.cost_by: Counter[tuple[str, str]] = Counter()
        self.previews: dict[tuple[str, Route], Preview] = {}
        self.loads: dict[int, Load] = {}

    @property
    def numbers(self) -> int:
        """Telephones: one that gets an SMS for one member and a call for another counts once."""
        return len(self._numbers())

    def page(self, page: list[Candidate], route: Route) -> None:
        self._wording.read(page)
        for one in page:
            self.recipients += 1
            way = one.route(route)
            chosen = one.reason_left_out(way) or self._wording.choose(one, way)
            if way is Route.VOICE:
                self._listen(one, chosen)
            if isinstance(chosen, LeftOut):
                self.left_out[chosen.value] += 1
                self.unread |= chosen is LeftOut.NO_VARIANT and way is Route.SMS
            elif (one.contact_id, way) not in self._seen:
                self._seen.add((one.contact_id, way))
                self._add(one, way, chosen)

    def _listen(self, one: Candidate, chosen: Chosen | LeftOut) -> None:
        if isinstance(chosen, Chosen):
            self.sounding.hears(one.language, chosen.variant.language, chosen.channel)
        elif chosen is LeftOut.NO_VARIANT and (channel := self._wording.channel_of(one, Route.VOICE)) is not None:
            self.sounding.hears(one.language, None, channel)

    def _add(self, one: Candidate, way: Route, chosen: Chosen) -> None:
        channel, language = chosen.channel, chosen.variant.language
        load = self.loads.setdefault(channel.id, Load(channel))
        parts = 0 if way is Route.VOICE else measure(chosen.text).parts
        seconds = self._lengths.of(language, channel) if way is Route.VOICE else 0
        price = call_price(channel, seconds) if way is Route.VOICE else parts * channel.price_per_part
        load.cost += price
        load.work.append(Work(one.contact_id or 0, parts, seconds + (RINGING if seconds else 0)))
        self.parts += parts
        self.cost += price
        self.unnamed += chosen.unnamed
        number = self._wording.contact(one.contact_id or 0).number or ""
        self.cost_by[language, one.operator or operator_of(number) or ""] += price
        if len(self.previews) < PREVIEWS and (language, way) not in self.previews:
            text = chosen.shown or chosen.variant.spoken or ""
            self.previews[language, way] = Preview(one.member_id, language, way, text, parts)

    def when(self, begin: datetime, expires_at: datetime, quiet_hours: bool) -> When:
        """When it would be done, by what left so far and what waits."""
        usual = windows.in_force(self._session, self._exchange.settings)
        hours = usual if quiet_hours else None
        free = self._free_again(usual.next_open(begin) if quiet_hours else begin, usual)
        in_time = {id_: at for id_, at in free.items() if at is not None and at < expires_at}
        used_up = free.keys() - in_time.keys()
        days = _days(in_time.values(), usual)
        held = {id_: days[usual.local_day(at)][0] for id_, at in in_time.items()}
        ends = list(in_time.values())
        late = 0
        for load in self.loads.values():
            most = 0
            for start, work in _released([one for one in load.work if one.contact_id not in used_up], held, begin):
                parts, seconds = sum(one.parts for one in work), sum(one.seconds for one in work)
                first = start == begin
                found = capacity.forecast(self._session, load.channel, parts, start, hours, expires_at, seconds, queued=first)
                most = max(most, _late(len(work), parts, found, start, expires_at, hours))
                ends += [] if found.finish_at is None else [found.finish_at]
            late += most
        return When(max(ends, default=None), late, len(used_up), tuple(sorted(days.values())))

    def _numbers(self) -> set[int]:
        return {id_ for id_, _ in self._seen if id_ is not None}

    def _free_again(self, at: datetime, hours: windows.Windows) -> dict[int, datetime | None]:
        settings = self._exchange.settings
        return limits.free_again(
            self._session, sorted(self._numbers()), at, hours, settings.pushes_per_day, settings.pushes_per_week
        )


def _released(work: list[Work], held: Mapping[int, datetime], begin: datetime) -> Iterator[tuple[datetime, list[Work]]]:
    """All of it from `begin`, then from each later moment what cannot leave before: the last of these to be done is the end."""
    if work:
        yield begin, work
    for start in sorted({held[one.contact_id] for one in work if one.contact_id in held}):
        yield start, [one for one in work if held.get(one.contact_id, begin) >= start]


def _late(numbers: int, parts: int, found: Outlook, begin: datetime, expires_at: datetime, hours: windows.Windows | None) -> int:
    """Numbers that would still wait at the end, of the parts that would be left over; of calls, by the share of the time they
    need."""
    if parts:
        return min(numbers, math.ceil(numbers * found.left_over / parts))
    if found.finish_at is None or found.finish_at <= expires_at:
        return 0
    needed = capacity.open_minutes(begin, found.finish_at, hours)
    within = capacity.open_minutes(begin, expires_at, hours)
    return numbers - min(numbers, int(numbers * within / needed))


def _days(moments: Collection[datetime], hours: windows.Windows) -> dict[datetime, tuple[datetime, int]]:
    """By day: the first of these moments, and how many there are."""
    days: dict[datetime, list[datetime]] = {}
    for one in moments:
        days.setdefault(hours.local_day(one), []).append(one)
    return {day: (min(found), len(found)) for day, found in days.items()}
