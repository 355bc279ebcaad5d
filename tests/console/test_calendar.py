"""Calendrier: a month by day, seasons dated by staff, the new ways to come back in the wizard, series begun and repaired."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.models import Campaign, CampaignEvent, CampaignState, Given, Priority, Repeat, Season, SeasonKind
from clubs.models import MarketRule
from clubs.records import RadioEpisode, RadioStation
from console.staff import RoleName
from messaging.models import Ramadan
from runtime.audit import AuditEntry
from runtime.database import Database
from tests.console.conftest import SignedIn, send
from tests.console.test_new_campaign import begin
from tests.world import World

R = RoleName
NEXT_WEEK = (datetime.now(UTC) + timedelta(days=7)).date()
DATE = {"when": "later", "day": NEXT_WEEK.isoformat(), "hour": "09:00", "expires": "24", "catch_up": "send_late"}


def test_an_empty_month_still_says_what_its_days_are(signed_in: SignedIn, world: World, database: Database) -> None:
    with database.writing() as session:
        session.add(Season(kind=SeasonKind.LEAN, first_day=datetime(2026, 6, 1).date(), last_day=datetime(2026, 6, 3).date()))
        session.add(Ramadan(first_day=datetime(2026, 6, 2).date(), last_day=datetime(2026, 6, 30).date()))
        station = RadioStation(name="Radio du plateau")
        session.add(station)
        session.flush()
        airs = datetime(2026, 6, 4, 20, tzinfo=UTC)
        session.add(RadioEpisode(station_id=station.id, title="Le repas de plus", theme_code=12, airs_at=airs))
    page = signed_in(R.COMMUNICATION).get("/calendrier?mois=2026-06").text
    assert "Aucun envoi n'est prévu" in page.replace("&#39;", "'")
    assert page.count("<li>Soudure</li>") == 3
    assert page.count("<li>Ramadan</li>") == 29
    assert "9 h 30 à 12 h" in page.replace("\xa0", " ")
    assert "Le repas de plus" in page
    assert "marché dans 1" in page
    assert "Village 01" not in page


def test_a_month_shows_what_is_due_for_how_many_villages(signed_in: SignedIn, world: World, database: Database) -> None:
    fanta = signed_in(R.COMMUNICATION)
    place = begin(fanta, world)
    send(fanta, f"{place}/public", {"one_phone": "1"})
    send(fanta, f"{place}/canal", {"route": "sms"})
    fields = {**DATE, "repeat": "market", "market": "eve", "priority": "high"}
    assert send(fanta, f"{place}/date", fields).headers["Location"] == f"{place}/verifier"
    page = fanta.get(f"{place}/verifier").text
    assert "Prochains départs" in page
    assert "La veille du marché" in page
    assert "Haute" in page
    numbers = page.partition('name="numbers" value="')[2].partition('"')[0]
    assert send(fanta, f"{place}/verifier", {"numbers": numbers}).headers["Location"] == place
    with database.reading() as session:
        event = session.query(CampaignEvent).one()
        due = event.next_due
        assert (event.repeat, event.market, event.campaign.priority) == (Repeat.MARKET, MarketRule.EVE, Priority.HIGH)
        assert due is not None
        name = event.campaign.name
    shown = signed_in(R.LECTURE).get(f"/calendrier?mois={due:%Y-%m}").text
    assert f">{name}</a>" in shown


@pytest.mark.parametrize(
    ("fields", "stored"),
    [
        pytest.param(
            {"repeat": "season", "season": "harvest", "days_into": "3", "weekly": "1"},
            {"repeat": Repeat.SEASON, "season": SeasonKind.HARVEST, "days_into": 3, "weekly": True},
            id="season",
        ),
        pytest.param({"repeat": "episode", "hours_after": "12"}, {"repeat": Repeat.EPISODE, "hours_after": 12}, id="episode"),
        pytest.param(
            {"repeat": "answer", "hours_after": "24", "asked": "1", "given": "wrong"},
            {"repeat": Repeat.ANSWER, "hours_after": 24, "question_id": 1, "given": Given.WRONG},
            id="answer",
        ),
    ],
)
def test_the_other_ways_to_come_back_are_kept_and_shown(
    signed_in: SignedIn, world: World, database: Database, fields: dict[str, str], stored: dict[str, object]
) -> None:
    fanta = signed_in(R.COMMUNICATION)
    place = begin(fanta, world)
    assert send(fanta, f"{place}/date", {**DATE, **fields}).status_code == 303
    with database.reading() as session:
        event = session.query(CampaignEvent).one()
        assert {name: getattr(event, name) for name in stored} == stored
    page = fanta.get(f"{place}/verifier").text
    assert "Aucune date n'est encore connue" in page.replace("&#39;", "'")
    assert 'value="' + fields["repeat"] + '" checked' in fanta.get(f"{place}/date").text


def test_after_something_needs_its_hours_and_its_question(signed_in: SignedIn, world: World) -> None:
    fanta = signed_in(R.COMMUNICATION)
    place = begin(fanta, world)
    answer = send(fanta, f"{place}/date", {**DATE, "repeat": "answer"})
    assert answer.status_code == 422
    assert "Choisissez la question." in answer.text
    assert "Dites combien d" in answer.text


def test_a_season_is_dated_once_and_taken_out_again(signed_in: SignedIn, world: World, database: Database) -> None:
    fanta = signed_in(R.COMMUNICATION)
    assert "Aucune saison" in fanta.get("/calendrier/saisons").text
    dates = {"kind": "lean", "first": "2026-06-01", "last": "2026-08-31"}
    assert send(fanta, "/calendrier/saisons/nouvelle", dates).status_code == 303
    assert "Retirez-la d" in send(fanta, "/calendrier/saisons/nouvelle", {**dates, "first": "2026-08-31"}).text
    wrong = send(fanta, "/calendrier/saisons/nouvelle", {**dates, "first": "2027-06-01", "last": "2027-05-01"})
    assert wrong.status_code == 422
    assert "La fin vient avant le début" in wrong.text
    with database.reading() as session:
        number = session.query(Season).one().id
    assert send(signed_in(R.TERRAIN), f"/calendrier/saisons/{number}/retirer").status_code == 403
    assert send(fanta, f"/calendrier/saisons/{number}/retirer").status_code == 303
    with database.reading() as session:
        assert session.query(Season).count() == 0
        assert {"date_season", "remove_season"} <= {row.action for row in session.query(AuditEntry)}


def test_a_series_is_switched_on_written_started_and_repaired(signed_in: SignedIn, world: World, database: Database) -> None:
    fanta, adama = signed_in(R.COMMUNICATION), signed_in(R.ADMINISTRATION)
    steps = {"content1": str(world.contents["eau-propre"]), "months1": "0", "content2": str(world.contents["premier-lait"])}
    twice = send(fanta, "/campagnes/series/nouvelle", {**steps, "name": "Mille jours", "months2": "0"})
    assert twice.status_code == 422
    assert "tombent le même mois" in twice.text
    far = send(fanta, "/campagnes/series/nouvelle", {**steps, "name": "Mille jours", "months2": "99"})
    assert "entre -9" in far.text
    assert send(fanta, "/campagnes/series/nouvelle", {**steps, "name": "Mille jours", "months2": "-1"}).status_code == 303
    with database.reading() as session:
        number = session.query(Campaign).one().id
    send(fanta, f"/campagnes/series/{number}/lancer")
    assert "ne sont pas en service" in fanta.get("/campagnes/series").text
    assert send(adama, "/reglages/series").status_code == 303
    assert "Lancer" in fanta.get("/campagnes/series").text
    send(fanta, f"/campagnes/series/{number}/lancer")
    with database.reading() as session:
        assert session.query(Campaign).one().state is CampaignState.SCHEDULED
    page = fanta.get("/campagnes/series").text
    assert "1 mois avant la naissance" in page.replace("\xa0", " ")
    send(fanta, f"/campagnes/series/{number}/reparer")
    with database.reading() as session:
        assert {"switch_series", "new_series", "repair_series"} <= {row.action for row in session.query(AuditEntry)}
