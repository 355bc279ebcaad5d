"""When an event is due next, in the programme's own time: a weekly message stays at nine o'clock whatever UTC does."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.models import CampaignEvent, CatchUp, OccurrenceState, Repeat

LATE_BY_AT_MOST = timedelta(hours=6)
ON_TIME = timedelta(minutes=5)
"""A clock that ticks every few seconds may still be held up; within this nothing is late."""
WEEK = timedelta(weeks=1)


def first_due(event: CampaignEvent, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The first due time from `now` on; None for a date already past, an empty one, or a stage (enrolments date those)."""
    if event.starts_at is None or event.repeat is Repeat.STAGE:
        return None
    due: datetime | None = event.starts_at
    while due is not None and due < now:
        due = next_due(event, due, zone)
    return due


def next_due(event: CampaignEvent, after: datetime, zone: ZoneInfo) -> datetime | None:
    """The due time that follows `after`, itself one; None when the event is over."""
    if event.repeat is not Repeat.WEEKLY:
        return None
    wall = after.astimezone(zone).replace(tzinfo=None) + WEEK
    due = wall.replace(tzinfo=zone).astimezone(after.tzinfo)
    return due if event.until is None or due <= event.until else None


def dues(event: CampaignEvent, horizon: datetime, zone: ZoneInfo) -> list[datetime]:
    """Every due time of the event from `next_due` through `horizon`, oldest first."""
    found: list[datetime] = []
    due = event.next_due
    while due is not None and due <= horizon:
        found.append(due)
        due = next_due(event, due, zone)
    return found


def decide(event: CampaignEvent, missed: list[datetime], now: datetime, zone: ZoneInfo) -> dict[datetime, OccurrenceState]:
    """What becomes of each due time, by the event's policy; the last one that is on time is always fired.

    `send_next` merges a missed time into the one after it, and is a skip where none comes any more.
    """
    fate = {due: _alone(event, due, now, zone) for due in missed}
    if event.catch_up is CatchUp.SEND_NEXT and missed:
        followed = next_due(event, missed[-1], zone) is not None
        for due, state in fate.items():
            if state is OccurrenceState.SKIPPED and (due != missed[-1] or followed):
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
