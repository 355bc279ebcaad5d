"""Campaigns and their sendings; a campaign made here goes to the clock by the same way as one made in the console.

Above the number of recipients from which a second person must confirm, it stays a draft: a token is not a second person.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from flask import request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from campaigns import reading as campaigns
from campaigns.audiences import Filter
from campaigns.calendar import NOTHING, first_due
from campaigns.errors import CampaignError
from campaigns.models import Campaign, CampaignEvent, CampaignState, CatchUp, Repeat
from campaigns.plan import BLOCKING, STEPS, Problem, forecast
from campaigns.reading import BroadcastLine, CampaignLine
from campaigns.schedule import schedule
from clubs.models import AgeBand, ClubKind, Role, Sex
from console.api.frame import Paging, RowId, Tags, Word, blueprint, caller, collection, endpoint
from console.api.problems import ApiError, Fault, answer
from console.api.tokens import Scope
from console.edge import exchange, now, reading, wall_time, writing
from console.staff import take_key
from messaging.models import BroadcastState, Route
from runtime import audit
from runtime.database import Session
from runtime.paging import Slice
from translations.models import Content, ContentKind

SENDINGS_AT_ONCE = 50  # each is counted over all its recipients
LAST_STEP = 5


class CampaignQuery(Paging):
    """Filters on campaigns."""

    state: CampaignState | None = None


class BroadcastQuery(Paging):
    """Filters on sendings; `since` is a due time."""

    limit: int = Field(20, ge=1, le=SENDINGS_AT_ONCE, description="How many rows at most.")
    campaign: RowId | None = None
    state: BroadcastState | None = None
    since: AwareDatetime | None = None


class Audience(BaseModel):
    """Whom it is for: every field narrows, none narrows nothing. A club is one recipient unless `one_phone_per_club` is false."""

    model_config = ConfigDict(extra="forbid")

    villages: list[RowId] = []
    clubs: list[RowId] = []
    languages: list[Word] = []
    sexes: list[Sex] = []
    roles: list[Role] = []
    age_bands: list[AgeBand] = []
    life_stages: list[Word] = []
    club_kinds: list[ClubKind] = []
    one_phone_per_club: bool = True

    @property
    def filter(self) -> Filter:
        """As campaigns know it."""
        return Filter.from_json(self.model_dump(mode="json"))


class NewCampaign(BaseModel):
    """A campaign of one content, sent once or every week at the same hour. `content` is a key or an id."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=120, pattern=r"^[^\x00]*$")
    content: RowId | Word
    audience: Audience
    route: Route = Route.SMS
    starts_at: AwareDatetime
    repeat: Literal["once", "weekly"] = "once"
    until: AwareDatetime | None = Field(None, description="The last moment of a weekly campaign.")
    expires_hours: int = Field(24, ge=1, le=24 * 14, description="What has not left by then is dropped.")
    catch_up: CatchUp = CatchUp.SEND_LATE


def _campaigns(part: Slice, filters: dict[str, Any]) -> Sequence[CampaignLine]:
    with reading() as session:
        return campaigns.campaigns(session, part, **filters)


def _broadcasts(part: Slice, filters: dict[str, Any]) -> Sequence[BroadcastLine]:
    with reading() as session:
        return campaigns.broadcasts(session, part, **filters)


collection("campaigns", Scope.CAMPAIGNS, CampaignLine, Tags.PROGRAMME, CampaignQuery, _campaigns)
collection("broadcasts", Scope.CAMPAIGNS, BroadcastLine, Tags.PROGRAMME, BroadcastQuery, _broadcasts)


@endpoint("/campaigns", Scope.SCHEDULE, CampaignLine, Tags.PROGRAMME, body=NewCampaign, status=201)
def add_campaign(asked: NewCampaign) -> tuple[CampaignLine, int]:
    """Schedule a campaign; with an Idempotency-Key header the same request twice makes one."""
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > 128:
        raise ApiError(422, "invalid", "An Idempotency-Key has at most 128 characters.")
    digest = hashlib.sha256(asked.model_dump_json().encode()).hexdigest()
    with writing() as session:
        kept = None
        if key:
            kept, fresh = take_key(session, caller().token_id, key, digest, wall_time())
            if kept.digest != digest:
                raise ApiError(409, "key_reused", "This Idempotency-Key was used for another request.")
            if not fresh and kept.campaign_id is not None:
                return campaigns.campaigns(session, Slice(), id=kept.campaign_id)[0], 200
        campaign = _make(session, asked, now(session))
        if kept is not None:
            kept.campaign_id = campaign.id
        return campaigns.campaign_line(campaign), 201


def _make(session: Session, asked: NewCampaign, at: datetime) -> Campaign:
    settings, wanted = exchange().settings, asked.audience.filter
    content = _content(session, asked.content)
    campaign = Campaign(
        name=asked.name, audience=wanted.to_json(), route=asked.route, state=CampaignState.DRAFT, step=LAST_STEP, created_at=at
    )
    event = CampaignEvent(
        content_id=content.id,
        repeat=Repeat(asked.repeat),
        starts_at=asked.starts_at,
        until=asked.until,
        expires_hours=asked.expires_hours,
        catch_up=asked.catch_up,
        quiet_hours=True,
    )
    campaign.events = [event]
    session.add(campaign)
    session.flush()
    due = first_due(event, NOTHING, at, ZoneInfo(settings.timezone)) or asked.starts_at
    expires = due + timedelta(hours=asked.expires_hours)
    plan = forecast(session, exchange(), content, wanted, asked.route, due, expires, at)
    blocking = [problem for problem in plan.problems if problem in BLOCKING]
    if blocking:
        faults = [Fault(place=STEPS[problem], message=problem) for problem in blocking]
        raise ApiError(422, blocking[0], SENTENCES[blocking[0]], faults=faults)
    if Problem.SECOND_PERSON not in plan.problems:
        schedule(session, campaign, at, settings)
    session.flush()
    audit.record(
        session,
        at,
        "campaign.add",
        "campaign",
        campaign.id,
        actor_kind="token",
        token=caller().token_id,
        recipients=plan.recipients,
        cost=plan.cost,
        state=campaign.state.value,
    )
    return campaign


def _content(session: Session, wanted: int | str) -> Content:
    by = {"id": wanted} if isinstance(wanted, int) else {"key": wanted}
    found = session.query(Content).filter_by(archived=False, **by).one_or_none()
    if found is None or found.kind not in (ContentKind.MESSAGE, ContentKind.QUESTION):
        raise ApiError(422, "no_such_content", "There is no message or question of that key or id.")
    return found


SENTENCES: dict[str, str] = {
    Problem.NOBODY: "This audience reaches nobody.",
    Problem.NO_SOUND: "The message lacks an approved sound in a language of this audience.",
    Problem.NO_PACK: "A voice pack that the call needs is not in service in a language of this audience.",
    Problem.NO_CHANNEL: "No channel reaches part of this audience.",
    Problem.PAST_DATE: "The date is over, or the last week comes before the first.",
    Problem.OVER_BUDGET: "This costs more than the budget has left.",
    Problem.BEYOND_CAPACITY: "The channels cannot reach everybody before it expires.",
    "audience": "This audience is none that campaigns know.",
}


@blueprint.errorhandler(CampaignError)
def _refused(error: CampaignError) -> Any:
    return answer(ApiError(422, error.code, SENTENCES.get(error.code, "Campaigns refuse this.")))
