"""The way an SMS takes to us: networks that fail for days, and our own service that is not there or has lost its database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from tests.quarter.life import NETWORKS, moment

TOO_OLD = timedelta(days=7)
PLAUSIBLE_AHEAD = timedelta(minutes=10)


@dataclass(frozen=True)
class Outage:
    """Nothing of `network` reaches us (None: of any): `kept` in our spool, else by the network until it is over."""

    begins: datetime
    ends: datetime
    network: int | None = None
    kept: bool = False


@dataclass
class Sms:
    """One as it was sent: `at` on its way, `arrives` with us, `read` when we can act on it.

    `stamped` when the network tells us when it was sent. `copy` is a second delivery of one we had, under the same id.
    """

    id: str
    sender: str
    text: str
    at: datetime
    arrives: datetime
    read: datetime
    stamped: bool = True
    kept: bool = False
    copy: bool = False
    numbered_by: str | None = None
    burst: bool = False

    @property
    def heard(self) -> datetime:
        """When the sender said it, as far as we are told: its stamp if one can believe it, else its arrival."""
        believed = self.arrives - TOO_OLD <= self.at <= self.arrives + PLAUSIBLE_AHEAD
        return self.at if self.stamped and believed else self.arrives

    @property
    def delayed(self) -> bool:
        """Whether its sender waits for the answer in vain."""
        return self.read - self.at > timedelta(minutes=30)

    @property
    def lost(self) -> bool:
        """Over a week old: kept, not acted upon."""
        return self.stamped and self.at < self.arrives - TOO_OLD


@dataclass
class Networks:
    """The outages of a quarter and what they do to an SMS."""

    outages: Sequence[Outage]
    chance: Random
    count: int = 0
    sent: list[Sms] = field(default_factory=list)

    def open(self, network: int | None, at: datetime, hours: int = 8) -> bool:
        """Whether somebody who writes now has an answer at once, and for some hours."""
        until = at + timedelta(hours=hours)
        return not any(one.begins < until and at < one.ends for one in self.outages if one.network in (None, network))

    def send(self, sender: str, network: int | None, at: datetime, text: str, numbered_by: str | None = None) -> Sms:
        """Put one on its way."""
        self.count += 1
        quick = timedelta(seconds=self.chance.randint(3, 20))
        sms = Sms(f"sms-{self.count}", sender, text, at, at + quick, at + quick, numbered_by=numbered_by)
        while (wall := self._wall(network, sms.arrives)) is not None:
            sms.read = wall.ends + timedelta(minutes=2)
            if wall.kept:
                sms.kept = True
                break
            sms.arrives, sms.burst = wall.ends + timedelta(minutes=2), True
            sms.read = sms.arrives
        sms.stamped = sms.burst or self.chance.random() < 0.75
        self.sent.append(sms)
        return sms

    def repeat(self, sms: Sms, after: timedelta) -> None:
        """The network delivers one a second time."""
        again = Sms(sms.id, sms.sender, sms.text, sms.at, sms.arrives + after, sms.arrives + after, sms.stamped, copy=True)
        if not any(one.begins <= again.arrives < one.ends for one in self.outages):
            self.sent.append(again)

    def _wall(self, network: int | None, at: datetime) -> Outage | None:
        return next(
            (one for one in self.outages if one.begins <= at < one.ends and one.network in (None, network)),
            None,
        )


def troubles(chance: Random, start: date, days: int) -> list[Outage]:
    """In each month: a network away for days, we for an evening, our database for a night and some hours.

    In a quarter also one of nine days, longer than what is believed of an old SMS.
    """
    found = []
    for month in range(max(1, days // 30)):
        first = start + timedelta(days=30 * month)
        away = moment(first + timedelta(days=5 + chance.randrange(3)), 9)
        found.append(Outage(away, away + timedelta(days=4, hours=3), chance.randrange(NETWORKS)))
        evening = moment(first + timedelta(days=14 + chance.randrange(3)), 15)
        found.append(Outage(evening, evening + timedelta(hours=7)))
        night = moment(first + timedelta(days=20 + chance.randrange(4)), 16)
        found.append(Outage(night, night + timedelta(hours=16), kept=True))
    if days >= 60:
        away = moment(start + timedelta(days=38), 7)
        found.append(Outage(away, away + timedelta(days=9, hours=5), 1))
    return found
