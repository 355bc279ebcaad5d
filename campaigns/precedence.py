"""Which of two campaigns a phone hears first: a sending steps back from the days on which a more important one is due there.

Asked when a sending is fanned out, of what the calendar knows by then; between rows that wait already, the claim decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audiences import members
from campaigns.calendar import Due
from campaigns.firing import FIRING, RANKS, audience_of, open_dues
from campaigns.models import Campaign, CampaignEvent, Repeat
from clubs.models import Member
from messaging import windows
from messaging.models import Broadcast
from messaging.windows import Windows
from runtime.installation import installation
from runtime.settings import Settings

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Ahead:
    """For one sending: the days taken by others, by number (contact id)."""

    begins: datetime
    expires: datetime
    hours: Windows
    taken: Mapping[int, frozenset[date]] = field(default_factory=dict)

    def days(self, contact_id: int | None) -> list[str] | None:
        """The days that this number keeps for something more important, as the claim reads them."""
        return sorted(day.isoformat() for day in self.taken.get(contact_id or 0, ())) or None

    def free_from(self, contact_id: int | None) -> datetime | None:
        """The moment from which this number is free for the sending; None when that would be too late."""
        days = self.taken.get(contact_id or 0, frozenset())
        moment = self.begins
        while moment.astimezone(self.hours.zone).date() in days:
            morning = self.hours.local_day(moment) + DAY
            moment = self.hours.next_open(morning.astimezone(self.begins.tzinfo))
            if moment >= self.expires:
                return None
        return moment


def ahead_of(session: Session, settings: Settings, broadcast_id: int, now: datetime) -> Ahead:
    """What this broadcast must step back from, until it expires."""
    broadcast = session.get_one(Broadcast, broadcast_id)
    hours = windows.in_force(session, settings)
    begins = max(now, broadcast.not_before)
    taken: dict[int, set[date]] = {}
    above = [priority for priority, rank in RANKS.items() if rank < broadcast.priority]
    rows = (
        select(CampaignEvent)
        .join(Campaign, Campaign.id == CampaignEvent.campaign_id)
        .where(Campaign.state.in_(FIRING), Campaign.priority.in_(above), CampaignEvent.next_due.is_not(None))
    )
    for event in session.scalars(rows) if above else ():
        if event.repeat is Repeat.STAGE and not installation(session).series:
            continue
        for due in open_dues(session, event, now, broadcast.expires_at, hours.zone):
            day = due.at.astimezone(hours.zone).date()
            if day < begins.astimezone(hours.zone).date():
                continue
            for contact_id in _numbers(session, event, due, hours.zone):
                taken.setdefault(contact_id, set()).add(day)
    found = {contact_id: frozenset(days) for contact_id, days in taken.items()}
    return Ahead(begins, broadcast.expires_at, hours, found)


def _numbers(session: Session, event: CampaignEvent, due: Due, zone: ZoneInfo) -> set[int]:
    """The phones that a due time to come is for, of those that it could reach."""
    if due.members is not None:
        mine = select(Member.contact_id).where(Member.id.in_(due.members), Member.contact_id.is_not(None))
        return {one for one in session.scalars(mine) if one is not None}
    wanted = audience_of(event, due)
    found: set[int] = set()
    after, today = 0, due.at.astimezone(zone).date()
    while page := members(session, wanted, today, after):
        after = page[-1].member_id
        for one in page:
            if one.contact_id is not None and one.reason_left_out(one.route(event.campaign.route)) is None:
                found.add(one.contact_id)
    return found
