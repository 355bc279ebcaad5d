"""Writing campaigns and moving them on, by the same ways as in the console.

A token is nobody's second person: what is above the number of recipients from which one must confirm stays a draft that asks for
one, and a draft that a person wrote is scheduled by a person. Whatever may write may also pause and stop.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from campaigns import drafts, schedule
from campaigns import reading as campaigns
from campaigns.errors import CampaignError
from campaigns.estimates import estimate
from campaigns.models import Campaign, CampaignState, Repeat
from campaigns.plan import Problem
from campaigns.reading import CampaignLine
from console.api import estimates, orders
from console.api.document import Tags
from console.api.estimates import ONE, found, is_series
from console.api.frame import blueprint, caller, endpoint
from console.api.once import once
from console.api.orders import NewCampaign, NewSeries
from console.api.problems import ApiError, answer
from console.api.tokens import Scope
from console.edge import exchange, now, wall_time, writing
from messaging.errors import ForbiddenMove
from runtime import audit
from runtime.database import Session
from runtime.paging import Slice

Act = Callable[[Session, Campaign, datetime], None]


@endpoint("/campaigns", Scope.SCHEDULE, CampaignLine, Tags.PROGRAMME, body=NewCampaign, status=201, keyed=True)
def add_campaign(asked: NewCampaign) -> tuple[CampaignLine, int]:
    """Write a campaign and, unless it is to stay a draft, schedule it."""
    return _add(asked, partial(orders.campaign, asked=asked), "campaign.add")


@endpoint("/series", Scope.SCHEDULE, CampaignLine, Tags.PROGRAMME, body=NewSeries, status=201, keyed=True)
def add_series(asked: NewSeries) -> tuple[CampaignLine, int]:
    """Write a series and, unless it is to stay a draft, hand it to the clock."""
    return _add(asked, partial(orders.stages, asked=asked), "new_series")


def _add(asked: NewCampaign | NewSeries, write: Callable[..., Campaign], action: str) -> tuple[CampaignLine, int]:
    with writing() as session:
        at = now(session)

        def act() -> int:
            campaign = write(session, at=at)
            if not asked.draft:
                _schedule(session, campaign, at)
            state = campaign.state.value
            audit.record(session, at, action, "campaign", campaign.id, actor_kind="token", token=caller().token_id, state=state)
            return campaign.id

        id_, fresh = once(session, caller().token_id, asked, act, wall_time())
        return _read(session, id_), 201 if fresh else 200


def _read(session: Session, id: int) -> CampaignLine:
    session.flush()
    return campaigns.campaigns(session, Slice(), id=id)[0]


def _schedule(session: Session, campaign: Campaign, at: datetime) -> None:
    if campaign.created_by is not None:
        raise ApiError(409, "not_yours", "A person wrote this draft: a person schedules it.")
    event = campaign.events[0]
    if event.starts_at is None and event.repeat is Repeat.ONCE:
        event.starts_at = at
    if event.until is not None and event.until < max(at, event.starts_at or at):
        raise orders.refused(Problem.PAST_DATE, estimates.SENTENCES[Problem.PAST_DATE], "when.until")
    if not is_series(campaign):
        plan = estimate(session, exchange(), campaign, at)
        estimates.refuse(plan)
    try:
        with session.begin_nested():
            schedule.schedule(session, campaign, at, exchange().settings)
    except CampaignError as error:
        if error.code != Problem.SECOND_PERSON:
            raise
        drafts.ask(campaign)


def _stop(session: Session, campaign: Campaign, at: datetime) -> None:
    if campaign.state is CampaignState.DRAFT and campaign.created_by is not None:
        raise ApiError(409, "not_yours", "A person wrote this draft: a person gives it up.")
    schedule.cancel(session, campaign, at)


def _unschedule(session: Session, campaign: Campaign, _at: datetime) -> None:
    schedule.unschedule(session, campaign)


def _resume(session: Session, campaign: Campaign, at: datetime) -> None:
    schedule.resume(session, exchange().work, campaign, at)


def _action(word: str, act: Act, audited: str, says: str) -> None:
    def run(id: int) -> CampaignLine:
        with writing() as session:
            at = now(session)

            def change() -> int:
                act(session, found(session, id), at)
                audit.record(session, at, audited, "campaign", id, actor_kind="token", token=caller().token_id)
                return id

            id_, _fresh = once(session, caller().token_id, None, change, wall_time())
            return _read(session, id_)

    run.__name__, run.__doc__ = f"{word}_campaign", says
    endpoint(f"{ONE}/{word}", Scope.SCHEDULE, CampaignLine, Tags.PROGRAMME, keyed=True)(run)


_action("schedule", _schedule, "schedule_campaign", "Hand a draft to the clock, or ask a second person to.")
_action("unschedule", _unschedule, "unschedule_campaign", "Back to a draft, before anything left.")
_action("pause", schedule.pause, "pause_campaign", "Hold everything that has not left.")
_action("resume", _resume, "resume_campaign", "Go on.")
_action("stop", _stop, "cancel_campaign", "End it: nothing else leaves.")

WRONG: dict[str, tuple[int, str]] = {
    "not_a_draft": (409, "It is no draft any more."),
    "not_scheduled": (409, "It is not waiting for its first time."),
    "not_running": (409, "It is neither scheduled nor under way."),
    "not_paused": (409, "It is not paused."),
    "ended": (409, "It has ended."),
    "series_off": (409, "Series are not in service here."),
    "past_date": (422, estimates.SENTENCES[Problem.PAST_DATE]),
    "no_market": (422, "No village of this audience has a market day to come."),
    "same_stage": (422, "Two steps fall in the same month."),
    "incomplete": (422, "What this content says has no theme, so that no radio episode dates it."),
    "audience": (422, "This audience is none that campaigns know."),
    "no_audience": (422, "There is no such saved audience."),
    "audience_circle": (422, "An audience cannot be taken away from itself."),
}


@blueprint.errorhandler(CampaignError)
def _refused(error: CampaignError) -> Any:
    status, sentence = WRONG.get(error.code, (422, "Campaigns refuse this."))
    return answer(ApiError(status, error.code, sentence))


@blueprint.errorhandler(ForbiddenMove)
def _moved(_error: ForbiddenMove) -> Any:
    return answer(ApiError(409, "moved_on", "A sending has moved on meanwhile. Read the campaign, then ask again."))
