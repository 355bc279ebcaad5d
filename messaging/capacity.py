"""What a channel can carry: parts a minute and an hour, and what is left of the bundles bought for its SIM.

A bundle's units are counted when a text has left or may have left: a SIM that has silently run out sends at the full price, or
takes texts and sends none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from messaging import channels
from messaging.models import Bundle, Call, CallState, Channel, ChannelState, Message, MessageState
from messaging.windows import Windows

BUNDLE = "bundle"  # why a channel is paused whose bundles are used up
CALL_SECONDS = 90
"""A call's length where its sound is not known; with ringing, what one line is busy for."""
DAYS_AHEAD = 120
ROUNDING = 1e-6  # minutes: a span worked out from parts must carry them all


@dataclass
class Allowance:
    """The units one claim may still use; `units` None where the channel needs no bundle. `empty` once a text found no room."""

    units: int | None
    waiting: bool = False
    empty: bool = False

    def holds(self, parts: int) -> bool:
        """Whether a text of so many parts may be claimed; the channel has run out when nothing under way can free any."""
        if self.units is None or parts <= self.units:
            return True
        self.empty = not self.waiting
        return False

    def take(self, parts: int) -> None:
        if self.units is not None:
            self.units -= parts


@dataclass(frozen=True)
class Outlook:
    """When so many parts would be done, None if never; `left_over` parts would still wait at the end of their life."""

    finish_at: datetime | None
    left_over: int = 0


def add_bundle(session: Session, channel: Channel, units: int, expires_on: date, price: int = 0) -> Bundle:
    """Enter a bundle that was bought; a channel that waited for one sends again (the caller nudges it). `price` in FCFA."""
    bundle = Bundle(channel_id=channel.id, units=units, left=units, price=price, expires_on=expires_on)
    session.add(bundle)
    if channel.state is ChannelState.PAUSED and channel.paused_reason == BUNDLE:
        channels.resume(channel)
    session.flush()
    return bundle


def bundles(session: Session, channel_id: int, today: date) -> list[Bundle]:
    """Those that still hold something, the first to expire first. `expires_on` is their last day."""
    usable = (Bundle.channel_id == channel_id, Bundle.left > 0, Bundle.expires_on >= today)
    return list(session.scalars(select(Bundle).where(*usable).order_by(Bundle.expires_on, Bundle.id)))


def correct(bundle: Bundle, left: int) -> None:
    """Staff have asked the operator how much is left."""
    bundle.left = max(0, left)


def units_left(session: Session, channel_id: int, today: date) -> int:
    """Units of every bundle that has not expired."""
    return sum(bundle.left for bundle in bundles(session, channel_id, today))


def allowance(session: Session, channel: Channel, today: date) -> Allowance:
    """What a claim may use, without what is under way. The channel's row must be locked."""
    if not channel.needs_bundle:
        return Allowance(None)
    mine = (Message.channel_id == channel.id, Message.state == MessageState.SENDING)
    sending = session.scalar(select(func.sum(Message.parts)).where(*mine)) or 0
    units = units_left(session, channel.id, today) - sending
    return Allowance(max(0, units), waiting=sending > 0)


def use(session: Session, channel: Channel, parts: int, today: date) -> None:
    """Count parts that left, from the bundle that expires first. The channel's row must be locked."""
    for bundle in bundles(session, channel.id, today) if parts else ():
        taken = min(bundle.left, parts)
        bundle.left -= taken
        parts -= taken
        if not parts:
            return


def minutes(channel: Channel, parts: int) -> float:
    """Minutes of open windows that so many parts need: bursts at the minute's rate, then a wait for the next hour."""
    hourly = channel.parts_per_hour
    if parts <= 0:
        return 0.0
    if not hourly or hourly >= channel.parts_per_minute * 60:
        return parts / channel.parts_per_minute
    full = (parts - 1) // hourly
    return full * 60 + (parts - full * hourly) / channel.parts_per_minute


def parts_within(channel: Channel, span: float) -> int:
    """How many parts `span` minutes of open windows carry: the other way round."""
    hourly = channel.parts_per_hour
    span += ROUNDING
    if not hourly or hourly >= channel.parts_per_minute * 60:
        return int(span * channel.parts_per_minute)
    full, rest = divmod(max(0.0, span), 60)
    return int(full) * hourly + min(hourly, int(rest * channel.parts_per_minute))


def forecast(
    session: Session,
    channel: Channel,
    parts: int,
    start: datetime,
    windows: Windows | None,
    until: datetime | None = None,
    seconds: float = 0,
    *,
    queued: bool = True,
) -> Outlook:
    """When `parts` more (and `seconds` of calls) would be done after what waits already; `windows` None sends by night too.

    `left_over` counts the parts that would not leave before `until`, or for which no bundle has units. Without `queued`, what
    waits now will have left by `start`.
    """
    waiting, calls = _waiting(session, channel) if queued else (0, 0)
    lines = (seconds + calls * CALL_SECONDS) / 60 / max(1, channel.calls_at_once)
    wanted = waiting + parts
    carried = min(wanted, _bundled(session, channel, wanted, start, windows)) if channel.needs_bundle else wanted
    needed = minutes(channel, carried) + lines
    short = min(parts, wanted - carried)
    if short == parts > 0:
        return Outlook(None, short)
    finish = after(start, needed, windows)
    if until is not None and finish > until:
        within = parts_within(channel, max(0.0, open_minutes(start, until, windows) - lines))
        short = max(short, min(parts, wanted - min(carried, within)))
    return Outlook(finish, short)


def _waiting(session: Session, channel: Channel) -> tuple[int, int]:
    """Parts and calls that wait on a channel."""
    texts = (Message.channel_id == channel.id, Message.state == MessageState.QUEUED)
    spoken = (Call.channel_id == channel.id, Call.state == CallState.QUEUED)
    parts = session.scalar(select(func.sum(Message.parts)).where(*texts)) or 0
    return int(parts), session.scalar(select(func.count()).where(*spoken)) or 0


def _bundled(session: Session, channel: Channel, wanted: int, start: datetime, windows: Windows | None) -> int:
    """How many parts the bundles carry, each as long as it lasts."""
    today = (start if windows is None else start.astimezone(windows.zone)).date()
    zone = start.tzinfo if windows is None else windows.zone
    done = 0
    for bundle in bundles(session, channel.id, today):
        over = datetime.combine(bundle.expires_on + timedelta(days=1), time.min, zone)
        reachable = parts_within(channel, open_minutes(start, over, windows))
        done += max(0, min(bundle.left, wanted - done, reachable - done))
    return done


def after(start: datetime, span: float, windows: Windows | None) -> datetime:
    """The moment at which `span` minutes of open windows have gone by."""
    if windows is None:
        return start + timedelta(minutes=span)
    last = start
    for begin, end in _open(windows, start):
        length = (end - begin).total_seconds() / 60
        if span <= length:
            return (begin + timedelta(minutes=span)).astimezone(start.tzinfo)
        span, last = span - length, end
    return last.astimezone(start.tzinfo)


def open_minutes(start: datetime, until: datetime, windows: Windows | None) -> float:
    """Minutes of open windows between two moments."""
    if windows is None:
        return max(0.0, (until - start).total_seconds() / 60)
    found = 0.0
    for begin, end in _open(windows, start):
        if begin >= until:
            break
        found += (min(end, until) - begin).total_seconds() / 60
    return found


def _open(windows: Windows, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    day = windows.local_day(start)
    for ahead in range(DAYS_AHEAD):
        midnight = day + timedelta(days=ahead)
        for opens, shuts in windows.spans(midnight):
            begin = midnight.replace(hour=opens.hour, minute=opens.minute)
            end = midnight.replace(hour=shuts.hour, minute=shuts.minute) if shuts != time.max else midnight + timedelta(days=1)
            if end > start:
                yield max(begin, start), end
