"""A month of what is due, day by day: what came, what is to come, and what the days are in the villages.

Nothing here names a village or a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.firing import FIRING, open_dues
from campaigns.models import Campaign, CampaignEvent, Occurrence, OccurrenceState, Repeat, Season, SeasonKind
from clubs import radio
from clubs.calendar import Market
from clubs.models import Village
from clubs.records import RadioEpisode
from messaging import windows
from messaging.models import Broadcast, BroadcastState
from runtime.installation import installation
from runtime.settings import Settings

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Item:
    """One due time. `state` is None while it is to come, `sending` how far what was made of it has come; `villages` and `people`
    count whom it is for, None for all the campaign's."""

    at: datetime
    campaign_id: int
    name: str
    state: OccurrenceState | None = None
    villages: int | None = None
    people: int | None = None
    sending: BroadcastState | None = None


@dataclass(frozen=True)
class Day:
    """A day: how many villages have market, the seasons, Ramadan, the hours of pushes, what is on air and what is due."""

    day: date
    markets: int
    seasons: tuple[SeasonKind, ...]
    ramadan: bool
    hours: tuple[tuple[time, time], ...]
    episodes: tuple[RadioEpisode, ...]
    items: tuple[Item, ...]


def month(session: Session, settings: Settings, first: date, now: datetime) -> list[Day]:
    """Every day of the month that begins with `first`; what is to come is for whom it would be for now."""
    hours = windows.in_force(session, settings)
    last = (first + 31 * DAY).replace(day=1) - DAY
    begins, ends = (datetime.combine(day, time(), hours.zone) for day in (first, last + DAY))
    due = (*_came(session, begins, ends), *_to_come(session, hours, begins, ends, now))
    items = sorted(due, key=lambda one: (one.at, one.name))
    markets = _markets(session)
    seasons = list(session.scalars(select(Season).where(Season.first_day <= last, Season.last_day >= first)))
    aired = sorted(radio.episodes(session, begins, ends), key=lambda one: one.airs_at)
    days = [first + n * DAY for n in range((last - first).days + 1)]
    return [
        Day(
            day,
            sum(market.held_on(day) for market in markets),
            tuple(sorted({one.kind for one in seasons if one.first_day <= day <= one.last_day})),
            any(start <= day <= end for start, end in hours.ramadans),
            tuple(hours.spans(datetime.combine(day, time(), hours.zone))),
            tuple(one for one in aired if one.airs_at.astimezone(hours.zone).date() == day),
            tuple(one for one in items if one.at.astimezone(hours.zone).date() == day),
        )
        for day in days
    ]


def _markets(session: Session) -> Sequence[Market]:
    known = select(Village.market_cycle_days, Village.market_anchor).where(Village.market_anchor.is_not(None))
    return [Market(cycle, anchor) for cycle, anchor in session.execute(known) if cycle is not None and anchor is not None]


def _came(session: Session, begins: datetime, ends: datetime) -> list[Item]:
    rows = (
        select(Occurrence, Campaign.id, Campaign.name, Broadcast.state)
        .join(CampaignEvent, CampaignEvent.id == Occurrence.event_id)
        .join(Campaign, Campaign.id == CampaignEvent.campaign_id)
        .outerjoin(Broadcast, Broadcast.id == Occurrence.broadcast_id)
        .where(Occurrence.due_at >= begins, Occurrence.due_at < ends)
    )
    return [
        Item(row.due_at, id_, name, row.state, _villages(row), sending=sent) for row, id_, name, sent in session.execute(rows)
    ]


def _villages(row: Occurrence) -> int | None:
    if row.audience is None or row.audience.get("due_in") is not None:
        return None
    return len(row.audience.get("villages") or ()) or None


def _to_come(session: Session, hours: windows.Windows, begins: datetime, ends: datetime, now: datetime) -> list[Item]:
    rows = select(CampaignEvent).join(CampaignEvent.campaign).where(Campaign.state.in_(FIRING))
    series = installation(session).series
    found: list[Item] = []
    for event in session.scalars(rows.order_by(CampaignEvent.id)):
        if event.repeat is Repeat.STAGE and not series:
            continue
        for due in open_dues(session, event, now, ends - timedelta(microseconds=1), hours.zone):
            if due.at >= begins:
                villages = None if due.villages is None else len(due.villages)
                people = None if due.members is None else len(due.members)
                found.append(Item(due.at, event.campaign_id, event.campaign.name, None, villages, people))
    return found
