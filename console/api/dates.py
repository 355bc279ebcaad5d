"""When a campaign is due: by the calendar, by the villages' markets, or after something that happened."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from campaigns.drafts import When
from campaigns.models import Given, Repeat, SeasonKind
from clubs.models import MarketRule
from console.api.values import Moment, Whole, WrittenId

LONGEST_AFTER = 24 * 14
Hours = Annotated[Whole, Field(ge=0, le=LONGEST_AFTER, description="Hours after.")]
FIRST = "The first moment; its hour is every later one's."
LAST = "The last moment."


class _Dated(BaseModel):
    model_config = ConfigDict(extra="forbid")

    def when(self, **more: Any) -> When:
        """As campaigns know it; `more` is what belongs to every kind."""
        values = self.model_dump()
        return When(repeat=Repeat(values.pop("repeat")), **values, **more)


class Once(_Dated):
    """Once; without a moment, as soon as it is scheduled."""

    repeat: Literal["once"]
    starts_at: Moment | None = None


class Weekly(_Dated):
    """Every week at the same hour."""

    repeat: Literal["weekly"]
    starts_at: Moment = Field(description=FIRST)
    until: Moment | None = Field(None, description=LAST)


class ByMarket(_Dated):
    """By each village's own market week: on the day, on its eve, or weekly but never on it."""

    repeat: Literal["market"]
    market: MarketRule
    starts_at: Moment = Field(description=FIRST)
    until: Moment | None = Field(None, description=LAST)


class InSeason(_Dated):
    """So many days into a season that staff dated, once or every week until its end."""

    repeat: Literal["season"]
    season: SeasonKind
    days_into: Whole = Field(0, ge=0, le=366)
    weekly: StrictBool = False
    starts_at: Moment | None = Field(None, description="Nothing before; its hour is each one's, else nine o'clock.")
    until: Moment | None = Field(None, description=LAST)


class AfterEpisode(_Dated):
    """After each radio episode on the content's theme, where it was heard."""

    repeat: Literal["episode"]
    hours_after: Hours
    starts_at: Moment | None = Field(None, description="Nothing before.")
    until: Moment | None = Field(None, description=LAST)


class AfterAnswer(_Dated):
    """After a phone answered a question."""

    repeat: Literal["answer"]
    question_id: WrittenId
    given: Given = Given.ANY
    hours_after: Hours
    starts_at: Moment | None = Field(None, description="Nothing before.")
    until: Moment | None = Field(None, description=LAST)


Dated = Annotated[Once | Weekly | ByMarket | InSeason | AfterEpisode | AfterAnswer, Field(discriminator="repeat")]
