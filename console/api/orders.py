"""What a new campaign or series is asked for with, and its draft: written down as the console's own steps write it."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool

from campaigns import drafts, series
from campaigns.models import Campaign, CatchUp, Priority, Question
from campaigns.quizzes import Phase
from console.api.audiences import Audience
from console.api.dates import AfterAnswer, Dated
from console.api.problems import ApiError, Fault
from console.api.values import Title, Whole, Word, WrittenId
from messaging.models import Route
from runtime.database import Session
from translations.models import Content, ContentKind

SAID = (ContentKind.MESSAGE, ContentKind.QUESTION)
STEPS = series.FARTHEST - series.EARLIEST + 1
Named = Annotated[WrittenId | Word, Field(description="The key or the id of a content.")]
AsDraft = Annotated[StrictBool, Field(description="true: written down only, to be estimated, then scheduled.")]


_OURS: dict[str, JsonValue] = {
    "name": "Premier lait",
    "content": "premier-lait",
    "audience": {"roles": ["member"]},
    "draft": True,
}
_WHENS: list[JsonValue] = [
    {"repeat": "once", "starts_at": "2027-03-18T09:00:00Z"},
    {"repeat": "weekly", "starts_at": "2027-03-18T09:00:00Z", "until": "2027-06-30T23:59:00Z"},
    {"repeat": "market", "market": "eve", "starts_at": "2027-03-18T16:00:00Z"},
    {"repeat": "season", "season": "lean", "days_into": 7, "weekly": True},
    {"repeat": "episode", "hours_after": 24},
    {"repeat": "answer", "question_id": 1, "given": "wrong", "hours_after": 2},
]
EXAMPLES: list[JsonValue] = [{**_OURS, "when": when} for when in _WHENS]
EXAMPLES.append({**_OURS, "when": {"repeat": "once"}, "draft": False})
SERIES: list[JsonValue] = [
    {"name": "Mille jours", "steps": [{"content": "premier-lait", "months_after": month} for month in (-1, 0)], "draft": True}
]


class NewCampaign(BaseModel):
    """A campaign of one content."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": EXAMPLES})

    name: Title
    content: Named
    audience: Audience
    route: Route = Route.SMS
    when: Dated
    expires_hours: Whole = Field(24, ge=1, le=24 * 14, description="What has not left by then is dropped.")
    catch_up: CatchUp = CatchUp.SEND_LATE
    priority: Priority = Priority.NORMAL
    phase: Phase | None = Field(None, description="Of a question that is put before and after a session.")
    draft: AsDraft = False


class SeriesStep(BaseModel):
    """A message, so many months after the birth, or before it with a minus."""

    model_config = ConfigDict(extra="forbid")

    content: Named
    months_after: Whole = Field(ge=series.EARLIEST, le=series.FARTHEST)


class NewSeries(BaseModel):
    """A series that follows a child's months; who is in it is decided by people, one consent at a time."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": SERIES})

    name: Title
    route: Route = Route.SMS
    steps: Annotated[list[SeriesStep], Field(min_length=1, max_length=STEPS)]
    draft: AsDraft = False


def campaign(session: Session, asked: NewCampaign, at: datetime) -> Campaign:
    """The draft of a campaign; ApiError 422 for a content or a question that is none."""
    content = _content(session, asked.content, SAID, "content")
    if isinstance(asked.when, AfterAnswer) and session.get(Question, asked.when.question_id) is None:
        raise refused("no_such_question", "There is no question of that id.", "when.question_id")
    phase = asked.phase.value if asked.phase is not None else None
    if phase is not None and content.kind is not ContentKind.QUESTION:
        raise refused("no_question", "Only a question is put before and after a session.", "phase")
    made = drafts.begin(session, content, asked.name, None, at)
    drafts.address(made, asked.audience.filter, None)
    drafts.carry(made, asked.route, None)
    more = {"expires_hours": asked.expires_hours, "catch_up": asked.catch_up, "priority": asked.priority, "phase": phase}
    drafts.date(made, asked.when.when(**more), None)
    session.flush()
    return made


def stages(session: Session, asked: NewSeries, at: datetime) -> Campaign:
    """The draft of a series; ApiError 422 for a content that is no message, CampaignError "same_stage"."""
    steps = [
        (step.months_after, _content(session, step.content, SAID[:1], f"steps.{place}.content").id)
        for place, step in enumerate(asked.steps)
    ]
    return series.begin(session, asked.name, asked.route, steps, None, at)


def refused(code: str, detail: str, place: str) -> ApiError:
    """A request that is in order, but not here: 422, with the place of what is wrong."""
    return ApiError(422, code, detail, faults=[Fault(place=place, message=code)])


def _content(session: Session, wanted: int | str, kinds: tuple[ContentKind, ...], place: str) -> Content:
    by = {"id": wanted} if isinstance(wanted, int) else {"key": wanted}
    found = session.query(Content).filter_by(archived=False, **by).one_or_none()
    if found is None or found.kind not in kinds:
        raise refused("no_such_content", f"There is no {' or '.join(kinds)} of that key or id.", place)
    return found
