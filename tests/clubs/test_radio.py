"""Radio: which sessions speak of an episode, who is counted, and what may be answered on air."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from clubs import inquiries, radio
from clubs.models import Area, Club, Village
from clubs.records import Inquiry, InquiryKind, RadioEpisode, RadioStation, Report, ReportState
from messaging import moderation
from messaging.exchange import Exchange
from messaging.models import Recording
from runtime.database import Database, Session
from tests.voices import asked_aloud
from tests.world import World

AIRED = datetime(2026, 3, 2, 20, tzinfo=UTC)
THEME = 12


def episode(session: Session, station: RadioStation, days: int = 0, theme: int = THEME) -> RadioEpisode:
    row = RadioEpisode(station_id=station.id, title="Le repas de plus", theme_code=theme, airs_at=AIRED + timedelta(days=days))
    session.add(row)
    session.flush()
    return row


def station(session: Session, area_id: int | None = None) -> RadioStation:
    row = RadioStation(name=f"Radio {area_id}", area_id=area_id)
    session.add(row)
    session.flush()
    return row


def session_of(
    session: Session, world: World, club: str, days: int, kind: str = "CR", state: ReportState = ReportState.VALID, **values: Any
) -> None:
    """A report on a session so many days after the episode."""
    count = session.query(Report).count()
    day = AIRED.date() + timedelta(days=days)
    given = {"theme": THEME, "women": 18, "men": 7, "radio": True, **values}
    session.add(
        Report(
            number=count + 1, kind=kind, club_id=world.clubs[club], session_date=day, values=given, state=state, reported_at=AIRED
        )
    )
    session.flush()


@pytest.mark.parametrize(
    ("later", "until"),
    [(None, date(2026, 3, 15)), (7, date(2026, 3, 8)), (0.1, date(2026, 3, 2)), (40, date(2026, 3, 15))],
    ids=["two weeks", "until the theme is aired again", "never less than its day", "two weeks at most"],
)
def test_sessions_speak_of_an_episode_until_its_theme_is_aired_again(
    database: Database, world: World, later: float | None, until: date
) -> None:
    with database.writing() as session:
        place = station(session)
        row = episode(session, place)
        if later is not None:
            session.add(
                RadioEpisode(station_id=place.id, title="encore", theme_code=THEME, airs_at=AIRED + timedelta(days=later))
            )
            session.flush()
        episode(session, place, days=3, theme=13)
        assert radio.window(session, row) == radio.Window(AIRED.date(), until)


def test_a_club_counts_once_and_only_where_it_says_so(database: Database, world: World) -> None:
    with database.writing() as session:
        row = episode(session, station(session))
        session_of(session, world, "1032", 1)
        session_of(session, world, "1032", 8, women=20)
        session_of(session, world, "2043", 2, radio=False)
        session_of(session, world, list(world.clubs)[2], 2, radio=None)
        assert radio.audience(session, row) == radio.Audience(said=2, heard=1, present=52, hands=radio.Hands())


@pytest.mark.parametrize(
    "other",
    [
        {"days": -1},
        {"days": 14},
        {"theme": 13},
        {"state": ReportState.REPLACED},
        {"state": ReportState.HELD},
    ],
    ids=["before it aired", "two weeks later", "another theme", "an older version", "not confirmed"],
)
def test_other_sessions_do_not_speak_of_it(database: Database, world: World, other: dict[str, Any]) -> None:
    with database.writing() as session:
        row = episode(session, station(session))
        session_of(session, world, "1032", **{"days": 1, **other})
        assert radio.listening(session, row) == []


def test_a_session_of_two_themes_speaks_of_both(database: Database, world: World) -> None:
    with database.writing() as session:
        row = episode(session, station(session))
        session_of(session, world, "1032", 1, theme=21, more_themes=[THEME])
        assert radio.audience(session, row).heard == 1


def test_raised_hands_on_the_theme_are_summed(database: Database, world: World) -> None:
    with database.writing() as session:
        row = episode(session, station(session))
        session_of(session, world, "1032", 1, kind="QZ", before=6, after=15, voters=24)
        session_of(session, world, "2043", 1, kind="QZ", before=4, after=8, voters=20)
        assert radio.audience(session, row).hands == radio.Hands(10, 23, 44)


def test_only_clubs_where_the_station_is_heard_count(database: Database, world: World) -> None:
    with database.writing() as session:
        circle = Area(kind="cercle", name="Cercle (test)")
        session.add(circle)
        session.flush()
        far = Area(kind="commune", name="Autre commune (test)", parent_id=circle.id)
        session.add(far)
        session.flush()
        session.get_one(Village, session.get_one(Club, world.clubs["2043"]).village_id).area_id = far.id
        session.flush()
        row = episode(session, station(session, circle.id))
        session_of(session, world, "1032", 1)
        session_of(session, world, "2043", 1)
        assert [one.code for one in radio.listening(session, row)] == ["2043"]


def test_a_person_of_the_field_sees_only_the_own_clubs(database: Database, world: World) -> None:
    with database.writing() as session:
        row = episode(session, station(session))
        session_of(session, world, "1032", 1)
        session_of(session, world, "2043", 1)
        assert [one.code for one in radio.listening(session, row, frozenset({world.villages[1]}))] == ["2043"]
        assert radio.listening(session, row, frozenset()) == []


WORDS = "Peut-on donner des oeufs ?"


def inquiry(session: Session, number: int, kind: InquiryKind = InquiryKind.NUTRITION, *, aired: bool = True) -> Inquiry:
    row = Inquiry(
        number=number,
        kind=kind,
        text="Et les oeufs ?",
        received_at=AIRED,
        due_at=AIRED,
        radio_at=AIRED if aired else None,
        theme_code=THEME,
    )
    session.add(row)
    session.flush()
    return row


def test_a_question_is_answered_in_one_episode_only(database: Database, world: World) -> None:
    with database.writing() as session:
        place = station(session)
        first, second = episode(session, place), episode(session, place, days=7)
        asked = inquiry(session, 1)
        assert radio.tie(session, first, asked.id, WORDS)
        assert not radio.tie(session, second, asked.id, WORDS)
        assert [one.id for one in radio.questions(session, first)] == [asked.id]
        assert radio.waiting(session) == []
        assert not radio.untie(session, second, asked.id)
        assert radio.untie(session, first, asked.id)
        assert [one.id for one in radio.waiting(session)] == [asked.id]


@pytest.mark.parametrize(
    ("kind", "aired"),
    [(InquiryKind.PROTECTION, True), (InquiryKind.NUTRITION, False)],
    ids=["a disclosure", "not marked for the radio"],
)
def test_some_questions_never_go_on_air(database: Database, world: World, kind: InquiryKind, aired: bool) -> None:
    with database.writing() as session:
        row = episode(session, station(session))
        asked = inquiry(session, 1, kind, aired=aired)
        assert radio.waiting(session) == []
        assert not radio.tie(session, row, asked.id, WORDS)


def test_a_voice_leaves_its_episode_with_its_speakers_consent(exchange: Exchange, world: World, now: datetime) -> None:
    asked = asked_aloud(exchange, world, now, kind=InquiryKind.TESTIMONY, agrees=True)
    with exchange.database.writing() as session:
        row, place = session.get_one(Inquiry, asked), station(session)
        sound = session.get_one(Recording, row.recording_id)
        row.radio_at = now
        assert not radio.tie(session, episode(session, place), asked, WORDS), "nobody approved it"
        moderation.approve(sound, world.staff["fanta"], now)
        moderation.clear(session, sound, now)
        on_air = episode(session, place, days=7)
        assert radio.tie(session, on_air, asked, WORDS)
        moderation.take_back(session, sound, now)
        session.flush()
        assert radio.questions(session, on_air) == []


def test_a_question_sorted_as_a_disclosure_leaves_its_episode(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        row = episode(session, station(session))
        asked = inquiry(session, 1)
        assert radio.tie(session, row, asked.id, WORDS)
        inquiries.sort(session, asked, InquiryKind.PROTECTION, now)
        assert radio.questions(session, row) == []
        assert (asked.radio_at, asked.episode_id, asked.air_text) == (None, None, None)
