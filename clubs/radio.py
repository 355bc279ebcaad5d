"""Radio: which clubs heard an episode, and what its stations are told at the end of a month.

A session speaks of an episode when it treats its theme, from the day it airs until the station airs that theme again, two weeks
at most. What a station is told are totals, and what staff wrote for it: no village, no club and no person.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from clubs.grammar.values import Kind
from clubs.models import Area, Club, Village
from clubs.records import Inquiry, InquiryKind, RadioEpisode, RadioStation, Report, ReportState
from messaging import moderation
from messaging.models import Recording

REMEMBERED = timedelta(days=14)
"""How long clubs talk about an episode."""


@dataclass(frozen=True)
class Window:
    """The days of sessions that speak of an episode, both counted."""

    since: date
    until: date


@dataclass(frozen=True)
class Listening:
    """A club's session on an episode's theme; `heard` is None where the report does not say."""

    club_id: int
    code: str
    village_id: int
    day: date | None
    present: int
    heard: bool | None


@dataclass(frozen=True)
class Hands:
    """Raised hands on an episode's theme: right before and after, voters."""

    before: int = 0
    after: int = 0
    voters: int = 0


@dataclass(frozen=True)
class Audience:
    """An episode in figures: clubs that say whether they heard it, those that did, the presences at these sessions, hands."""

    said: int
    heard: int
    present: int
    hands: Hands


def stations(session: Session, *, active: bool = False) -> list[RadioStation]:
    """The stations by name, all or those that still air us."""
    here = true() if not active else RadioStation.active
    return list(session.scalars(select(RadioStation).where(here).order_by(RadioStation.name)))


def episodes(session: Session, since: datetime, until: datetime, station_id: int | None = None) -> list[RadioEpisode]:
    """The episodes first aired from `since` to before `until`, the latest first."""
    on_air = select(RadioEpisode).where(RadioEpisode.airs_at >= since, RadioEpisode.airs_at < until)
    if station_id is not None:
        on_air = on_air.where(RadioEpisode.station_id == station_id)
    return list(session.scalars(on_air.order_by(RadioEpisode.airs_at.desc(), RadioEpisode.id.desc())))


def window(session: Session, episode: RadioEpisode) -> Window:
    """The days on which sessions speak of this episode."""
    first = episode.airs_at.date()
    same_theme = RadioEpisode.theme_code.is_not_distinct_from(episode.theme_code)
    later = select(func.min(RadioEpisode.airs_at)).where(
        RadioEpisode.station_id == episode.station_id, same_theme, RadioEpisode.airs_at > episode.airs_at
    )
    again = session.scalar(later)
    longest = first + REMEMBERED - timedelta(days=1)
    return Window(first, longest if again is None else max(first, min(longest, again.date() - timedelta(days=1))))


def listening(session: Session, episode: RadioEpisode, villages: Collection[int] | None = None) -> list[Listening]:
    """The sessions that speak of an episode, by club and day; `villages` narrows them to what a person may see."""
    return [
        Listening(club.id, club.code, club.village_id, report.session_date, _present(report), report.values.get("radio"))
        for report, club in _sessions(session, episode, Kind.CR, villages)
    ]


def audience(session: Session, episode: RadioEpisode, villages: Collection[int] | None = None) -> Audience:
    """An episode in figures."""
    met = listening(session, episode, villages)
    said = {one.club_id for one in met if one.heard is not None}
    heard = {one.club_id for one in met if one.heard}
    present = sum(one.present for one in met if one.heard)
    return Audience(len(said), len(heard), present, _hands(session, episode, villages))


def questions(session: Session, episode: RadioEpisode) -> list[Inquiry]:
    """The questions and testimonies answered in an episode, oldest first."""
    tied = select(Inquiry).where(Inquiry.episode_id == episode.id, _airable())
    return list(session.scalars(tied.order_by(Inquiry.received_at)))


def waiting(session: Session, theme: int | None = None) -> list[Inquiry]:
    """What was marked for the radio and is in no episode yet, those of `theme` first."""
    free = select(Inquiry).where(Inquiry.radio_at.is_not(None), Inquiry.episode_id.is_(None), _airable())
    found = list(session.scalars(free.order_by(Inquiry.received_at)))
    return sorted(found, key=lambda one: theme is None or one.theme_code != theme)


def tie(session: Session, episode: RadioEpisode, inquiry_id: int, words: str) -> bool:
    """Put one of those waiting into an episode, with the words the station may read; False when it is none of them any more."""
    row = session.scalar(
        select(Inquiry).where(Inquiry.id == inquiry_id, Inquiry.radio_at.is_not(None), _airable()).with_for_update()
    )
    if row is None or row.episode_id is not None:
        return False
    row.episode_id, row.air_text = episode.id, words or None
    return True


def untie(session: Session, episode: RadioEpisode, inquiry_id: int) -> bool:
    """Take one out of an episode again."""
    row = session.scalar(select(Inquiry).where(Inquiry.id == inquiry_id, Inquiry.episode_id == episode.id).with_for_update())
    if row is None:
        return False
    row.episode_id = row.air_text = None
    return True


def _airable() -> ColumnElement[bool]:
    """No disclosure, and no voice but one that may leave: a consent taken back takes it out of its episode."""
    leaves = Inquiry.recording_id.in_(select(Recording.id).where(*moderation.may_leave()))
    return and_(Inquiry.kind != InquiryKind.PROTECTION, or_(Inquiry.recording_id.is_(None), leaves))


def _sessions(session: Session, episode: RadioEpisode, kind: Kind, villages: Collection[int] | None) -> list[tuple[Report, Club]]:
    """The valid reports of a kind that speak of an episode; a session of two themes speaks of both."""
    days = window(session, episode)
    rows = session.execute(
        select(Report, Club)
        .join(Club, Club.id == Report.club_id)
        .join(Village, Village.id == Club.village_id)
        .where(
            Report.kind == kind,
            Report.state == ReportState.VALID,
            Report.session_date.between(days.since, days.until),
            _reached(session, episode.station_id),
            true() if villages is None else Village.id.in_(villages),
        )
        .order_by(Club.code, Report.session_date)
    )
    return [(report, club) for report, club in rows if _treats(report, episode.theme_code)]


def _treats(report: Report, theme: int | None) -> bool:
    return theme is None or theme in (report.values.get("theme"), *report.values.get("more_themes", ()))


def villages_reached(session: Session, station_id: int) -> frozenset[int] | None:
    """The villages where a station is heard; None for all."""
    if session.get_one(RadioStation, station_id).area_id is None:
        return None
    return frozenset(session.scalars(select(Village.id).where(_reached(session, station_id))))


def _reached(session: Session, station_id: int) -> ColumnElement[bool]:
    """Clubs of the area where the station is heard, and of the areas within it."""
    area = session.get_one(RadioStation, station_id).area_id
    if area is None:
        return true()
    within = select(Area.id).where(Area.id == area).cte(recursive=True)
    within = within.union_all(select(Area.id).where(Area.parent_id == within.c.id))
    return Village.area_id.in_(select(within.c.id))


def _hands(session: Session, episode: RadioEpisode, villages: Collection[int] | None) -> Hands:
    votes = [report.values for report, _ in _sessions(session, episode, Kind.QZ, villages)]
    return Hands(*(sum(one.get(name) or 0 for one in votes) for name in ("before", "after", "voters")))


def _present(report: Report) -> int:
    return sum(report.values.get(name) or 0 for name in ("women", "men"))
