"""Campaigns and their sendings, and what dates them: seasons and radio episodes."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from campaigns import reading as campaigns
from campaigns.models import CampaignState, SeasonKind
from campaigns.reading import BroadcastLine, CampaignLine, SeasonLine
from clubs import heard
from clubs.heard import EpisodeLine
from console.api.contents import Theme
from console.api.document import Tags
from console.api.frame import Paging, collection
from console.api.tokens import Scope
from console.api.values import Moment, RowId
from console.edge import reading
from messaging.models import BroadcastState
from runtime.paging import Slice

SENDINGS_AT_ONCE = 50  # each is counted over all its recipients


class CampaignQuery(Paging):
    """Filters on campaigns."""

    state: CampaignState | None = None


class BroadcastQuery(Paging):
    """Filters on sendings; `since` is a due time."""

    limit: int = Field(20, ge=1, le=SENDINGS_AT_ONCE, description="How many rows at most.")
    campaign: RowId | None = None
    state: BroadcastState | None = None
    since: Moment | None = None


class SeasonQuery(Paging):
    """Filters on seasons."""

    kind: SeasonKind | None = None


class EpisodeQuery(Paging):
    """Filters on radio episodes; `since` is when they are on air."""

    theme: Theme | None = None
    since: Moment | None = None


def _campaigns(part: Slice, filters: dict[str, Any]) -> Sequence[CampaignLine]:
    with reading() as session:
        return campaigns.campaigns(session, part, **filters)


def _broadcasts(part: Slice, filters: dict[str, Any]) -> Sequence[BroadcastLine]:
    with reading() as session:
        return campaigns.broadcasts(session, part, **filters)


def _seasons(part: Slice, filters: dict[str, Any]) -> Sequence[SeasonLine]:
    with reading() as session:
        return campaigns.seasons(session, part, **filters)


def _episodes(part: Slice, filters: dict[str, Any]) -> Sequence[EpisodeLine]:
    with reading() as session:
        return heard.episodes(session, part, **filters)


collection("campaigns", Scope.CAMPAIGNS, CampaignLine, Tags.PROGRAMME, CampaignQuery, _campaigns)
collection("broadcasts", Scope.CAMPAIGNS, BroadcastLine, Tags.PROGRAMME, BroadcastQuery, _broadcasts)
collection("seasons", Scope.CAMPAIGNS, SeasonLine, Tags.PROGRAMME, SeasonQuery, _seasons)
collection("episodes", Scope.CAMPAIGNS, EpisodeLine, Tags.PROGRAMME, EpisodeQuery, _episodes)
