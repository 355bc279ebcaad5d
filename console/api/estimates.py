"""What a campaign would do and cost, before anybody lets it go: the console's own reckoning."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from campaigns import estimates
from campaigns.models import Campaign, Repeat
from campaigns.plan import BLOCKING, STEPS, Forecast, Problem, Step
from console.api.document import Tags
from console.api.frame import endpoint
from console.api.problems import DETAILS, ApiError, Fault
from console.api.tokens import Scope
from console.api.values import LARGEST
from console.edge import exchange, now, reading
from messaging.models import Route
from runtime.database import Session

ONE = f"/campaigns/<int(max={LARGEST}):id>"
SENTENCES: dict[str, str] = {
    Problem.NOBODY: "This audience reaches nobody.",
    Problem.NO_SOUND: "The message lacks an approved sound in a language of this audience.",
    Problem.NO_PACK: "A voice pack that the call needs is not in service in a language of this audience.",
    Problem.NO_CHANNEL: "No channel reaches part of this audience.",
    Problem.PAST_DATE: "The date is over, or the last one comes before the first.",
    Problem.OVER_BUDGET: "This costs more than the budget has left.",
    Problem.BEYOND_CAPACITY: "The channels cannot reach everybody before it expires.",
}


@dataclass(frozen=True)
class CostLine:
    """What one language by one operator costs, in whole FCFA; an operator nobody knows is ""."""

    language: str
    operator: str
    cost: int


@dataclass(frozen=True)
class PreviewLine:
    """One message as it would leave."""

    language: str
    route: Route
    text: str
    parts: int


@dataclass(frozen=True)
class Obstacle:
    """What stands in the way, at which step; one that does not refuse the sending is only said."""

    code: Problem
    step: Step
    refuses: bool


@dataclass(frozen=True)
class LaterLine:
    """So many numbers have had their messages of the day or the week: theirs leaves from `at` on."""

    at: datetime
    numbers: int


@dataclass(frozen=True)
class EstimateLine:
    """What a campaign would do at its next time; costs in whole FCFA, `budget_left` null without any cap.

    `recipients` are members (with one phone per club, clubs), `numbers` the phones they share; `would_expire` of these cannot be
    reached in time. `finish_at` is null where nothing would leave. Of `numbers`, by what left so far, those in `later` wait for
    another day, and `used_up` get nothing, since they may get another message only after it expires.
    """

    due_at: datetime
    recipients: int
    numbers: int
    left_out: dict[str, int]
    parts: int
    cost: int
    cost_by: list[CostLine]
    budget_left: int | None
    finish_at: datetime | None
    would_expire: int
    later: list[LaterLine]
    used_up: int
    previews: list[PreviewLine]
    problems: list[Obstacle]


@endpoint(f"{ONE}/estimate", Scope.CAMPAIGNS, EstimateLine, Tags.PROGRAMME)
def estimate_campaign(id: int) -> EstimateLine:
    """Recipients, those left out and why, parts, cost, forecast, previews and problems."""
    with reading() as session:
        campaign = found(session, id)
        if is_series(campaign):
            raise ApiError(422, "series", "A series has no estimate: each step reaches those whose month it is.")
        at = now(session)
        due = estimates.due_at(session, campaign.events[0], at, ZoneInfo(exchange().settings.timezone))
        return _line(due, estimates.estimate(session, exchange(), campaign, at))


def found(session: Session, id: int) -> Campaign:
    """A campaign that says something; ApiError 404."""
    campaign = session.get(Campaign, id)
    if campaign is None or not campaign.events:
        raise ApiError(404, *DETAILS[404])
    return campaign


def is_series(campaign: Campaign) -> bool:
    """Whether it follows a child's months."""
    return campaign.events[0].repeat is Repeat.STAGE


def refuse(plan: Forecast) -> None:
    """ApiError 422 with every problem that forbids the sending, none for the others."""
    blocking = [problem for problem in plan.problems if problem in BLOCKING]
    if blocking:
        faults = [Fault(place=STEPS[problem], message=problem) for problem in blocking]
        raise ApiError(422, blocking[0], SENTENCES[blocking[0]], faults=faults)


def _line(due: datetime, plan: Forecast) -> EstimateLine:
    return EstimateLine(
        due_at=due,
        recipients=plan.recipients,
        numbers=plan.numbers,
        left_out=plan.left_out,
        parts=plan.parts,
        cost=plan.cost,
        cost_by=[CostLine(language, operator, cost) for (language, operator), cost in plan.cost_by.items()],
        budget_left=plan.budget_left,
        finish_at=plan.finish_at,
        would_expire=plan.would_expire,
        later=[LaterLine(at, numbers) for at, numbers in plan.later],
        used_up=plan.used_up,
        previews=[PreviewLine(one.language, one.route, one.text, one.parts) for one in plan.previews],
        problems=[Obstacle(problem, STEPS[problem], problem in BLOCKING) for problem in plan.problems],
    )
