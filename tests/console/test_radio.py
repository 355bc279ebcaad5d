"""Radio: stations and episodes are written, clubs that heard are shown, and the station's sheet names nobody."""

from datetime import UTC, datetime

import pytest

from clubs.records import Inquiry, InquiryKind, RadioEpisode, RadioStation, Report, ReportState
from console.staff import RoleName
from runtime.database import Database
from tests.console.conftest import SignedIn, send
from tests.world import World

R = RoleName
EPISODE = {"title": "Le repas de plus", "theme": "12", "airs": "2026-03-02T20:00", "repeats": "", "question": ""}


@pytest.fixture
def aired(world: World, database: Database) -> int:
    """An episode that club 1032 heard and club 2043 did not."""
    at = datetime(2026, 3, 2, 20, tzinfo=UTC)
    with database.writing() as session:
        place = RadioStation(name="Radio du plateau")
        session.add(place)
        session.flush()
        row = RadioEpisode(station_id=place.id, title="Le repas de plus", theme_code=12, airs_at=at)
        session.add(row)
        for number, (code, heard) in enumerate((("1032", True), ("2043", False)), start=1):
            values = {"theme": 12, "women": 18, "men": 7, "radio": heard}
            club = world.clubs[code]
            session.add(
                Report(
                    number=number,
                    kind="CR",
                    club_id=club,
                    session_date=at.date(),
                    values=values,
                    state=ReportState.VALID,
                    reported_at=at,
                )
            )
        session.flush()
        return row.id


def test_no_station_says_what_fills_the_page(signed_in: SignedIn) -> None:
    page = signed_in(R.COMMUNICATION).get("/radio").text
    assert 'class="empty"' in page
    assert 'href="/radio/stations/nouvelle"' in page
    assert 'href="/radio/stations/nouvelle"' not in signed_in(R.TERRAIN).get("/radio").text


def test_a_station_and_an_episode_are_written_and_changed(signed_in: SignedIn, world: World, database: Database) -> None:
    fanta = signed_in(R.COMMUNICATION)
    assert send(fanta, "/radio/stations/nouvelle", {"name": "Radio du plateau", "language": "bm"}).status_code == 303
    with database.reading() as session:
        place = session.query(RadioStation).one()
        assert (place.name, place.language, place.area_id, place.active) == ("Radio du plateau", "bm", None, True)
    made = send(fanta, "/radio/emissions/nouvelle", {**EPISODE, "station": place.id})
    page = fanta.get(made.location).text
    assert "Le repas de plus" in page
    assert "lundi 2 mars" in page
    number = made.location.rsplit("/", 1)[1]
    changed = {**EPISODE, "station": place.id, "repeats": "2026-03-03T07:00", "question": str(world.question)}
    assert send(fanta, f"/radio/emissions/{number}/changer", changed).status_code == 303
    with database.reading() as session:
        row = session.query(RadioEpisode).one()
        assert row.repeats_at == datetime(2026, 3, 3, 7, tzinfo=UTC)
        assert row.question_id == world.question


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"station": ""}, "Choisissez la station."),
        ({"title": " "}, "Donnez un titre à l'émission."),
        ({"theme": "14"}, "Choisissez dans la liste."),
        ({"airs": "demain"}, "Écrivez par exemple 2026-11-21T08:00."),
        ({"repeats": "2026-03-01T20:00"}, "La rediffusion vient avant l'émission."),
    ],
    ids=["no station", "no title", "no such theme", "no date", "again before it aired"],
)
def test_a_wrong_episode_is_told_at_its_field(
    signed_in: SignedIn, aired: int, database: Database, wrong: dict[str, str], sentence: str
) -> None:
    with database.reading() as session:
        place = session.query(RadioStation).one().id
    answer = send(signed_in(R.COMMUNICATION), "/radio/emissions/nouvelle", {**EPISODE, "station": place, **wrong})
    assert answer.status_code == 422
    assert answer.text.replace("&#39;", "'").count(sentence) == 2


def test_a_station_is_not_written_twice(signed_in: SignedIn, aired: int) -> None:
    answer = send(signed_in(R.COMMUNICATION), "/radio/stations/nouvelle", {"name": "radio du PLATEAU"})
    assert answer.status_code == 422
    assert "déjà dans la liste" in answer.text


def test_an_episode_before_any_station_leads_to_the_station(signed_in: SignedIn) -> None:
    assert signed_in(R.COMMUNICATION).get("/radio/emissions/nouvelle").location == "/radio/stations/nouvelle"


def test_an_episode_shows_who_heard_it(signed_in: SignedIn, aired: int) -> None:
    page = signed_in(R.COMMUNICATION).get(f"/radio/emissions/{aired}").text
    assert "1 sur 2" in page
    assert "pas entendue" in page
    assert "1 sur 2" in signed_in(R.SUIVI).get("/radio?mois=2026-03").text


def test_a_person_of_the_field_sees_the_own_clubs_only(signed_in: SignedIn, world: World, aired: int) -> None:
    page = signed_in(R.TERRAIN, villages=frozenset({world.villages[1]})).get(f"/radio/emissions/{aired}").text
    assert "2043" in page
    assert "1032" not in page
    assert "0 sur 1" in page


def test_the_sheet_of_a_station_names_no_place(signed_in: SignedIn, world: World, aired: int, database: Database) -> None:
    with database.writing() as session:
        row = session.get_one(RadioEpisode, aired)
        row.question_id = world.question
        place = row.station_id
        asked = Inquiry(
            number=7,
            kind=InquiryKind.NUTRITION,
            text="Awa du club 1032 demande pour les oeufs",
            answer="Oui Awa, dites-le au village",
            received_at=row.airs_at,
            due_at=row.airs_at,
            radio_at=row.airs_at,
        )
        session.add(asked)
        session.flush()
        number = asked.id
    fanta = signed_in(R.COMMUNICATION)
    tie, words = f"/radio/emissions/{aired}/questions", "Et les oeufs ?"
    send(fanta, tie, {"inquiry": number, "words": " "})
    assert "Écrivez d'abord" in fanta.get(f"/radio/emissions/{aired}").text.replace("&#39;", "'")
    assert send(fanta, tie, {"inquiry": number, "words": words}).status_code == 303
    page = fanta.get(f"/radio/feuille?station={place}&mois=2026-03").text
    assert "mars 2026" in page
    assert "1 sur 2" in page
    assert "Et les oeufs" in page
    for name in ("1032", "2043", "Village 01", "Village 02", "Awa"):
        assert name not in page
    with database.writing() as session:
        session.get_one(Inquiry, number).shared_at = row.airs_at
    assert "Oui Awa" in fanta.get(f"/radio/feuille?station={place}&mois=2026-03").text, "it was let out to every club"
    send(fanta, f"/radio/emissions/{aired}/questions", {"inquiry": number, "act": "out"})
    assert "Et les oeufs" not in fanta.get(f"/radio/feuille?station={place}&mois=2026-03").text


def test_a_question_another_episode_took_is_said_so(signed_in: SignedIn, aired: int) -> None:
    fanta = signed_in(R.COMMUNICATION)
    send(fanta, f"/radio/emissions/{aired}/questions", {"inquiry": 99, "words": "Et les oeufs ?"})
    assert "peut-être prise" in fanta.get(f"/radio/emissions/{aired}").text


@pytest.mark.parametrize("month", ["2026-13", "mars", ""], ids=["thirteenth", "a word", "empty"])
def test_an_unreadable_month_is_this_one(signed_in: SignedIn, month: str) -> None:
    assert signed_in(R.COMMUNICATION).get(f"/radio?mois={month}").status_code == 200
