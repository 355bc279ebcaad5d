"""What the sendings of the coming days would cost, worked out as the check page works out one.

What nothing dates yet, after an episode not announced or an answer not given, cannot be counted, and is named instead.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.calendar import Due
from campaigns.counting import counted
from campaigns.firing import FIRING, audience_of, open_dues, purse_of
from campaigns.models import Campaign, CampaignEvent, Repeat
from campaigns.sources import OPEN_ENDED
from messaging import waiting, windows
from messaging.exchange import Exchange
from messaging.models import Call, Channel, Message
from messaging.money import CHANNEL, OPERATOR, Room, rooms
from runtime.installation import installation
from translations.models import Content

AHEAD = timedelta(days=30)


@dataclass(frozen=True)
class Share:
    """One campaign's part: how many sendings, to how many numbers in all, for how many whole FCFA; `open` where more may come
    that nothing dates yet."""

    campaign_id: int
    name: str
    sendings: int
    numbers: int
    cost: int
    open: bool


@dataclass(frozen=True)
class Outlay:
    """Whole FCFA from now through `until`; `under_way` is what was made already and has not left, `waiting` how many
    SMS and calls that is.

    `by_channel` holds both. `caps` are those of channels, operators and campaigns; `full_days` the days that would cost more than
    a day may.
    """

    until: datetime
    total: int
    under_way: int
    waiting: int
    campaigns: tuple[Share, ...]
    by_channel: tuple[tuple[Channel, int], ...]
    caps: tuple[Room, ...]
    full_days: tuple[tuple[date, int], ...]


def outlay(session: Session, exchange: Exchange, now: datetime, ahead: timedelta = AHEAD) -> Outlay:
    """Every due time of campaigns that run, until `ahead` from now."""
    until = now + ahead
    sums = _Sums(session, exchange, now)
    rows = select(CampaignEvent).join(CampaignEvent.campaign).where(Campaign.state.in_(FIRING)).order_by(CampaignEvent.id)
    for event in session.scalars(rows):
        sums.event(event, until)
    made = _made(session)
    channels = sums.channels + made
    scopes = Counter({f"{CHANNEL}:{id_}": cost for id_, cost in channels.items()})
    scopes.update({f"{OPERATOR}:{name}": cost for name, cost in sums.operators.items() if name})
    scopes.update({purse_of(one.campaign_id): one.cost for one in sums.shares()})
    known = {row.id: row for row in session.scalars(select(Channel).where(Channel.id.in_(channels)))}
    cap = installation(session).day_cap
    return Outlay(
        until,
        channels.total(),
        made.total(),
        waiting.count(session, of_sendings=True),
        tuple(sums.shares()),
        tuple((known[id_], cost) for id_, cost in channels.most_common()),
        rooms(session, scopes),
        tuple((day, cost) for day, cost in sorted(sums.days.items()) if cap is not None and cost > cap),
    )


class _Sums:
    def __init__(self, session: Session, exchange: Exchange, now: datetime) -> None:
        self._session, self._exchange, self._now = session, exchange, now
        self._zone = windows.of(exchange.settings).zone
        self._series = installation(session).series
        self._campaigns: dict[int, Share] = {}
        self.channels: Counter[int] = Counter()
        self.operators: Counter[str] = Counter()
        self.days: Counter[date] = Counter()

    def event(self, event: CampaignEvent, until: datetime) -> None:
        if event.repeat is Repeat.STAGE and not self._series:
            return
        known: dict[frozenset[int] | None, tuple[int, int, Counter[int], Counter[str]]] = {}
        self._add(event, 0, 0, 0)
        for due in open_dues(self._session, event, self._now, until, self._zone):
            if due.members is not None or due.villages not in known:
                found = self._due(event, due)
                if due.members is None:
                    known[due.villages] = found
            else:
                found = known[due.villages]
            numbers, cost, channels, operators = found
            self._add(event, 1, numbers, cost)
            self.channels.update(channels)
            self.operators.update(operators)
            self.days[max(due.at, self._now).astimezone(self._zone).date()] += cost

    def shares(self) -> list[Share]:
        return [one for one in self._campaigns.values() if one.sendings or one.open]

    def _due(self, event: CampaignEvent, due: Due) -> tuple[int, int, Counter[int], Counter[str]]:
        wanted = audience_of(event, due)
        content = self._session.get_one(Content, event.content_id)
        at = max(due.at, self._now)
        count = counted(self._session, self._exchange, content, wanted, event.campaign.route, at, self._now, due.members)
        operators: Counter[str] = Counter()
        for (_language, operator), cost in count.cost_by.items():
            operators[operator] += cost
        return count.numbers, count.cost, Counter({id_: load.cost for id_, load in count.loads.items()}), operators

    def _add(self, event: CampaignEvent, sendings: int, numbers: int, cost: int) -> None:
        id_ = event.campaign_id
        old = self._campaigns.get(id_, Share(id_, event.campaign.name, 0, 0, 0, open=False))
        more = old.open or event.repeat in OPEN_ENDED
        self._campaigns[id_] = Share(id_, old.name, old.sendings + sendings, old.numbers + numbers, old.cost + cost, more)


def _made(session: Session) -> Counter[int]:
    """What sendings already made have still to cost, by channel."""
    texts = select(Message.channel_id, func.sum(Message.price)).where(Message.broadcast_id.is_not(None), waiting.TEXTS)
    calls = select(Call.channel_id, func.sum(Call.expected)).where(Call.broadcast_id.is_not(None), waiting.CALLS)
    found: Counter[int] = Counter()
    for query in (texts.group_by(Message.channel_id), calls.group_by(Call.channel_id)):
        found.update({channel_id: int(cost) for channel_id, cost in session.execute(query)})
    return +found
