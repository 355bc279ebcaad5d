"""What a sending would do, worked out before anybody presses the button: who, who not and why, how dear, by when.

It asks the same questions as the fan-out, in the same words, so that the estimate and the sending cannot disagree.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from campaigns.candidates import LeftOut
from campaigns.counting import Count, Preview, counted
from campaigns.filters import Filter
from campaigns.firing import leaves_at
from campaigns.sounding import Unheard
from messaging import windows
from messaging.exchange import Exchange
from messaging.models import Route
from messaging.money import CHANNEL, DAY, OPERATOR, Room, rooms
from translations.models import Content


class Step(StrEnum):
    """The five steps of a new campaign; each problem leads back to its own."""

    MESSAGE = "message"
    AUDIENCE = "audience"
    CHANNEL = "channel"
    DATE = "date"
    CHECK = "check"


class Problem(StrEnum):
    """What stands in the way; `BLOCKING` ones refuse the sending, the others are said."""

    NOBODY = "nobody"
    NO_VARIANT = "no_variant"
    NO_SOUND = "no_sound"
    NO_PACK = "no_pack"
    NO_CHANNEL = "no_channel"
    PAST_DATE = "past_date"
    QUIET_HOURS = "quiet_hours"
    OVER_BUDGET = "over_budget"
    BEYOND_CAPACITY = "beyond_capacity"
    SECOND_PERSON = "second_person"


STEPS = {
    Problem.NOBODY: Step.AUDIENCE,
    Problem.NO_VARIANT: Step.MESSAGE,
    Problem.NO_SOUND: Step.MESSAGE,
    Problem.NO_PACK: Step.MESSAGE,
    Problem.NO_CHANNEL: Step.CHANNEL,
    Problem.PAST_DATE: Step.DATE,
    Problem.QUIET_HOURS: Step.DATE,
    Problem.OVER_BUDGET: Step.CHECK,
    Problem.BEYOND_CAPACITY: Step.DATE,
    Problem.SECOND_PERSON: Step.CHECK,
}
BLOCKING = frozenset(Problem) - {Problem.NO_VARIANT, Problem.QUIET_HOURS, Problem.SECOND_PERSON}


@dataclass(frozen=True)
class Forecast:
    """`recipients` are members (with one phone per club, clubs), `numbers` the phones they share; `cost` in whole FCFA.

    `cost_by` is keyed by (language, operator or ""). `budget_left` is what such a sending may cost by the tightest of `caps`,
    None without any. `finish_at` is None where nothing would leave; `would_expire` counts numbers the channels could not reach in
    time. `unheard`: the sounds that calls would lack. `unnamed`: numbers whose text goes without the first name it asks for.
    Of `numbers`, by what left so far, `used_up` will have had their day's or week's messages until it expires, and `later` wait
    for another day.
    """

    recipients: int = 0
    numbers: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    parts: int = 0
    cost: int = 0
    cost_by: dict[tuple[str, str], int] = field(default_factory=dict)
    budget_left: int | None = None
    finish_at: datetime | None = None
    would_expire: int = 0
    previews: tuple[Preview, ...] = ()
    problems: tuple[Problem, ...] = ()
    unheard: tuple[Unheard, ...] = ()
    caps: tuple[Room, ...] = ()
    unnamed: int = 0
    used_up: int = 0
    later: tuple[tuple[datetime, int], ...] = ()

    @property
    def refused(self) -> bool:
        """Whether a problem forbids the sending, by whomever."""
        return bool(BLOCKING & set(self.problems))


def forecast(
    session: Session,
    exchange: Exchange,
    content: Content,
    wanted: Filter,
    route: Route,
    due_at: datetime,
    expires_at: datetime,
    now: datetime,
    *,
    quiet_hours: bool = True,
    purse: str | None = None,
) -> Forecast:
    """Work out a sending of `content` to `wanted` by `route`, due at `due_at`; `purse` is the scope of its campaign's cap."""
    count = counted(session, exchange, content, wanted, route, due_at, now)
    begin = leaves_at(due_at, now, exchange.settings)
    when = count.when(begin, expires_at, quiet_hours)
    caps = _caps(session, exchange, count, begin, purse)
    left = min((count.cost + one.left - one.cost for one in caps), default=None)
    quiet = quiet_hours and not windows.in_force(session, exchange.settings).is_open(begin)
    many = count.numbers > exchange.settings.second_approval_above
    return Forecast(
        count.recipients,
        count.numbers,
        dict(sorted(count.left_out.items())),
        count.parts,
        count.cost,
        dict(sorted(count.cost_by.items())),
        left,
        when.finish_at,
        when.would_expire,
        tuple(count.previews.values()),
        _problems(count, caps, past=due_at < now, quiet=quiet, late=when.would_expire > 0, many=many),
        count.sounding.unheard(),
        caps,
        count.unnamed,
        when.used_up,
        when.later,
    )


def _problems(count: Count, caps: tuple[Room, ...], *, past: bool, quiet: bool, late: bool, many: bool) -> tuple[Problem, ...]:
    unheard = count.sounding.unheard()
    there = {
        Problem.NOBODY: not count.numbers,
        Problem.NO_VARIANT: count.unread,
        Problem.NO_SOUND: any(one.pack is None for one in unheard),
        Problem.NO_PACK: any(one.pack is not None for one in unheard),
        Problem.NO_CHANNEL: count.left_out[LeftOut.NO_CHANNEL] > 0,
        Problem.PAST_DATE: past,
        Problem.QUIET_HOURS: quiet,
        Problem.OVER_BUDGET: any(one.cost > one.left for one in caps),
        Problem.BEYOND_CAPACITY: late,
        Problem.SECOND_PERSON: many,
    }
    return tuple(problem for problem, found in there.items() if found)


def _caps(session: Session, exchange: Exchange, count: Count, at: datetime, purse: str | None) -> tuple[Room, ...]:
    """The caps this sending would count against, each with its own part of the cost."""
    day = windows.of(exchange.settings).local_day(at).date().isoformat()
    found = Counter({f"{CHANNEL}:{id_}": load.cost for id_, load in count.loads.items()})
    found[f"{DAY}:{day}"] = count.cost
    if purse is not None:
        found[purse] = count.cost
    for (_language, operator), cost in count.cost_by.items():
        found[f"{OPERATOR}:{operator}"] += cost
    return rooms(session, found)
