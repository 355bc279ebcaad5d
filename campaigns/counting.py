"""Whom a sending would reach and for how much, added up member by member in the words of the fan-out."""

import math
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
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


@dataclass
class Load:
    """What one channel would have to carry."""

    channel: Channel
    numbers: int = 0
    parts: int = 0
    cost: int = 0
    seconds: float = 0.0


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
        return len(self._seen)

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
        load.numbers += 1
        load.parts += parts
        load.cost += price
        load.seconds += seconds + (RINGING if seconds else 0)
        self.parts += parts
        self.cost += price
        self.unnamed += chosen.unnamed
        number = self._wording.contact(one.contact_id or 0).number or ""
        self.cost_by[language, one.operator or operator_of(number) or ""] += price
        if len(self.previews) < PREVIEWS and (language, way) not in self.previews:
            text = chosen.shown or chosen.variant.spoken or ""
            self.previews[language, way] = Preview(one.member_id, language, way, text, parts)

    def capacity(self, begin: datetime, expires_at: datetime, quiet_hours: bool) -> tuple[datetime | None, int]:
        """When the slowest channel would be done, and how many numbers would still wait at `expires_at`, or for a bundle."""
        finish: datetime | None = None
        late = 0
        hours = windows.in_force(self._session, self._exchange.settings) if quiet_hours else None
        for load in self.loads.values():
            found = capacity.forecast(self._session, load.channel, load.parts, begin, hours, expires_at, load.seconds)
            late += self._late(load, found, begin, expires_at, hours)
            if found.finish_at is not None:
                finish = found.finish_at if finish is None else max(finish, found.finish_at)
        return finish, late

    def used_up(self, begin: datetime, expires_at: datetime) -> int:
        """Numbers that have had their messages and are free again too late."""
        ids = sorted({id_ for id_, _ in self._seen if id_ is not None})
        settings = self._exchange.settings
        hours = windows.in_force(self._session, settings)
        day, week = settings.pushes_per_day, settings.pushes_per_week
        return limits.used_up(self._session, ids, begin, expires_at, hours, day, week)

    def _late(self, load: Load, found: Outlook, begin: datetime, expires_at: datetime, hours: windows.Windows | None) -> int:
        """Numbers, of the parts that would be left over; of calls, by the share of the time they need."""
        if load.parts:
            return min(load.numbers, math.ceil(load.numbers * found.left_over / load.parts))
        if found.finish_at is None or found.finish_at <= expires_at:
            return 0
        needed = capacity.open_minutes(begin, found.finish_at, hours)
        within = capacity.open_minutes(begin, expires_at, hours)
        return load.numbers - min(load.numbers, int(load.numbers * within / needed))
