"""Whom something is for: the same filter over members as the console's, and how many it reaches."""

from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from campaigns.audiences import count
from campaigns.filters import Answered, Filter
from clubs.models import AgeBand, ClubKind, Preferred, Role, Sex
from console.api.document import Tags
from console.api.frame import endpoint
from console.api.tokens import Scope
from console.api.values import MOST_LISTED, Whole, Word, WrittenId
from console.edge import exchange, now, reading
from messaging.models import Route

Listed = Field(max_length=MOST_LISTED)
Days = Annotated[Whole, Field(ge=1, le=3650)]


class Audience(BaseModel):
    """Whom it is for: every field narrows, none narrows nothing. A club is one recipient unless `one_phone_per_club` is false."""

    model_config = ConfigDict(extra="forbid")

    villages: Annotated[list[WrittenId], Listed] = []
    clubs: Annotated[list[WrittenId], Listed] = []
    languages: Annotated[list[Word], Listed] = []
    sexes: Annotated[list[Sex], Listed] = []
    roles: Annotated[list[Role], Listed] = []
    age_bands: Annotated[list[AgeBand], Listed] = []
    life_stages: Annotated[list[Word], Listed] = []
    club_kinds: Annotated[list[ClubKind], Listed] = []
    communes: Annotated[list[WrittenId], Listed] = []
    preferred: Annotated[list[Preferred], Listed] = []
    heard_within: Annotated[Days | None, Field(description="The phone gave a sign of life in so many days.")] = None
    unheard_for: Annotated[Days | None, Field(description="There is a phone, and it gave none for so many days.")] = None
    question: Annotated[WrittenId | None, Field(description="With `answered`: the question a phone was asked.")] = None
    answered: Answered | None = None
    opted_out: Annotated[StrictBool | None, Field(description="true: only those who said STOP; false: none of them.")] = None
    lists: Annotated[list[WrittenId], Listed, Field(description="Only those of these lists.")] = []
    not_lists: Annotated[list[WrittenId], Listed, Field(description="None of these lists.")] = []
    minus: Annotated[list[WrittenId], Listed, Field(description="Saved audiences whose members are taken away.")] = []
    saved: Annotated[WrittenId | None, Field(description="A saved audience, in place of every other field.")] = None
    one_phone_per_club: StrictBool = True

    @property
    def filter(self) -> Filter:
        """As campaigns know it."""
        return Filter.from_json(self.model_dump(mode="json", exclude_none=True))


class Counted(BaseModel):
    """An audience to be counted, and the kind of channel it would be reached by."""

    model_config = ConfigDict(extra="forbid")

    audience: Audience
    route: Route = Route.SMS


@dataclass(frozen=True)
class AudienceCount:
    """`members` of the audience (with one phone per club, clubs), of whom `reachable`; the `numbers` they share count once.

    `left_out` says why the others are not reached; a language that nobody knows stands under "".
    """

    members: int
    numbers: int
    reachable: int
    by_language: dict[str, int]
    by_route: dict[str, int]
    left_out: dict[str, int]


@endpoint("/audiences/count", Scope.CAMPAIGNS, AudienceCount, Tags.PROGRAMME, body=Counted)
def count_audience(asked: Counted) -> AudienceCount:
    """How many an audience reaches today."""
    with reading() as session:
        today = now(session).astimezone(ZoneInfo(exchange().settings.timezone)).date()
        found = count(session, asked.audience.filter, asked.route, today)
    return AudienceCount(found.members, found.numbers, found.reachable, found.by_language, found.by_route, found.left_out)
