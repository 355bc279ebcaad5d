"""Publics enregistrés: made with a live count, chosen by a campaign, compared by counts alone, and lists read from files."""

import io
from dataclasses import replace
from datetime import datetime

import pytest
from flask.testing import FlaskClient

from campaigns import saved
from campaigns.filters import Filter
from campaigns.models import Audience, Campaign, StaticList
from clubs.models import Member
from console.staff import RoleName
from runtime.audit import AuditEntry
from runtime.database import Database
from runtime.settings import Settings
from tests.console.conftest import SignedIn, send
from tests.world import World

EACH = Filter(one_phone_per_club=False)


@pytest.fixture
def fanta(signed_in: SignedIn, world: World) -> FlaskClient:
    """Her browser."""
    return signed_in(RoleName.COMMUNICATION)


def stored(database: Database, name: str) -> Filter:
    with database.reading() as session:
        return Filter.from_json(session.query(Audience).filter_by(name=name).one().filter)


def keep(database: Database, now: datetime, **wanted: Filter) -> dict[str, int]:
    with database.writing() as session:
        return {name: saved.save(session, None, name, one, 1, now).id for name, one in wanted.items()}


def acts(database: Database) -> list[str]:
    with database.reading() as session:
        return [action for (action,) in session.query(AuditEntry.action).filter(AuditEntry.subject_kind != "staff")]


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def test_fanta_makes_an_audience_of_many_rules_and_finds_it_in_words(
    fanta: FlaskClient, database: Database, world: World
) -> None:
    assert "Aucun public enregistré" in fanta.get("/campagnes/publics").text
    fields = {
        "name": "Mères à rappeler",
        "villages": [str(world.villages[0])],
        "sexes": "F",
        "life_stages": ["0-5", "6-23"],
        "preferred": "voice",
        "heard": "for-30",
        "opted_out": "without",
        "question": str(world.question),
        "answered": "wrong",
    }
    page = send(fanta, "/campagnes/publics/nouveau", {**fields, "count": "1"})
    assert page.status_code == 200
    assert "0 numéro" in plain(page.text), "counted, and not saved"
    assert send(fanta, "/campagnes/publics/nouveau", fields).headers["Location"] == "/campagnes/publics"
    assert stored(database, "Mères à rappeler") == Filter(
        villages=(world.villages[0],),
        sexes=("F",),
        life_stages=("0-5", "6-23"),
        preferred=("voice",),
        unheard_for=30,
        opted_out=False,
        question=world.question,
        answered="wrong",
        one_phone_per_club=False,
    )
    told = plain(fanta.get("/campagnes/publics").text)
    for words in ("enfant de 0 à 5 mois, enfant de 6 à 23 mois", "préfère les appels", "sans nouvelles depuis 30 jours"):
        assert words in told
    assert "a répondu faux à « quiz-repas »" in told
    assert "sans ceux qui ont dit STOP" in told
    changed = plain(fanta.get("/campagnes/publics/1").text)
    assert '<option value="for-30" selected>' in changed
    assert "save_audience" in acts(database)


def test_the_count_says_languages_and_channels_while_it_is_made(fanta: FlaskClient, world: World) -> None:
    found = plain(fanta.get("/campagnes/publics/compte", query_string={"sexes": "F"}).text)
    assert "3 numéros" in found
    assert "Par langue : français 4" in found.replace("Français", "français")
    assert "SMS 3" in found


def test_a_life_stage_that_nobody_has_says_why_it_reaches_nobody(fanta: FlaskClient, world: World, database: Database) -> None:
    asked = {"life_stages": "6-23"}
    with database.writing() as session:
        session.query(Member).update({Member.life_stage: None})
    assert "étape de vie notée" in plain(fanta.get("/campagnes/publics/compte", query_string=asked).text)
    unasked = plain(fanta.get("/campagnes/publics/compte", query_string={"sexes": "F"}).text)
    assert "étape de vie" not in unasked, "nobody's stage matters to an audience that asks for none"
    with database.writing() as session:
        session.get_one(Member, world.members["awa"]).life_stage = "pregnant"
    assert "étape de vie" not in plain(fanta.get("/campagnes/publics/compte", query_string=asked).text)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"name": ""}, "Donnez un nom", id="no-name"),
        pytest.param({"name": "Hommes"}, "déjà pris", id="a-name-in-use"),
        pytest.param({"name": "x", "clubs": "9999"}, "n'existe pas", id="an-unknown-club"),
    ],
)
def test_what_cannot_be_saved_is_said_and_what_was_typed_stays(
    fanta: FlaskClient, database: Database, now: datetime, fields: dict[str, str], said: str
) -> None:
    keep(database, now, Hommes=EACH)
    page = send(fanta, "/campagnes/publics/nouveau", {**fields, "sexes": "H"})
    assert page.status_code == 422
    assert said in page.text.replace("&#39;", "'")
    assert 'value="H" checked' in page.text


def test_an_audience_is_not_offered_to_be_taken_from_itself_and_a_circle_is_refused(
    fanta: FlaskClient, database: Database, now: datetime
) -> None:
    ids = keep(database, now, Un=EACH, Deux=EACH)
    assert f'name="minus" value="{ids["Un"]}"' not in fanta.get(f"/campagnes/publics/{ids['Un']}").text
    assert send(fanta, f"/campagnes/publics/{ids['Deux']}", {"name": "Deux", "minus": str(ids["Un"])}).status_code == 303
    page = send(fanta, f"/campagnes/publics/{ids['Un']}", {"name": "Un", "minus": str(ids["Deux"])})
    assert page.status_code == 422
    assert "retiré de lui-même" in page.text.replace("&#39;", "'")
    assert "sauf Un" in fanta.get("/campagnes/publics").text


def test_two_audiences_are_compared_by_counts_and_by_no_name(fanta: FlaskClient, database: Database, now: datetime) -> None:
    ids = keep(database, now, Femmes=replace(EACH, sexes=("F",)), Clubs=Filter())
    page = plain(fanta.get(f"/campagnes/publics?premier={ids['Femmes']}&second={ids['Clubs']}").text)
    figures = [
        page.split(words)[0].rsplit("<strong>", 1)[1].split("<")[0]
        for words in ("dans le premier", "dans le second", "dans les deux")
    ]
    assert figures == ["3", "3", "1"]
    assert "Fatou" not in page
    assert "publics différents" in fanta.get(f"/campagnes/publics?premier={ids['Clubs']}&second={ids['Clubs']}").text


def test_one_put_away_is_offered_no_more_and_stays_where_it_was_chosen(
    fanta: FlaskClient, database: Database, world: World, now: datetime
) -> None:
    ids = keep(database, now, Femmes=replace(EACH, sexes=("F",)))
    campaign = begun(fanta, world)
    assert send(fanta, f"{campaign}/public", {"saved": str(ids["Femmes"])}).status_code == 303
    assert send(fanta, f"/campagnes/publics/{ids['Femmes']}/ranger").status_code == 303
    assert "Femmes" not in fanta.get("/campagnes/publics").text.split("<main")[1].split("<h1>")[1]
    assert f'<option value="{ids["Femmes"]}" selected>' in fanta.get(f"{campaign}/public").text
    assert ">Femmes</option>" not in fanta.get(f"{begun(fanta, world)}/public").text


def begun(browser: FlaskClient, world: World) -> str:
    """A new campaign; where it stands."""
    answer = send(browser, "/campagnes/nouvelle", {"content": str(world.contents["eau-propre"])})
    return str(answer.headers["Location"]).removesuffix("/public")


def test_a_campaign_chooses_a_saved_audience_and_says_so_until_it_leaves_with_it(
    fanta: FlaskClient, database: Database, world: World, now: datetime
) -> None:
    ids = keep(database, now, Femmes=replace(EACH, sexes=("F",)))
    place = begun(fanta, world)
    counted = plain(fanta.get(f"{place}/public/compte", query_string={"saved": ids["Femmes"], "sexes": "H"}).text)
    assert "3 numéros" in counted, "the saved one decides alone"
    assert send(fanta, f"{place}/public", {"saved": str(ids["Femmes"]), "sexes": "H"}).headers["Location"] == f"{place}/canal"
    with database.reading() as session:
        assert Filter.from_json(session.query(Campaign).one().audience) == Filter(saved=ids["Femmes"])
    assert "public « Femmes »" in plain(fanta.get(place).text)


FILE = "Téléphone;Club\r\n00 01 00 01;\r\n;2043\r\n;2043\r\n00019999;\r\n"


def upload(browser: FlaskClient, text: str = FILE, name: str = "Déjà visités.csv", encoding: str = "utf-8") -> str:
    answer = send(browser, "/campagnes/publics/listes/nouvelle", {"file": (io.BytesIO(text.encode(encoding)), name)})
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def test_a_file_becomes_a_list_by_steps(fanta: FlaskClient, database: Database, settings: Settings) -> None:
    place = upload(fanta)
    page = plain(fanta.get(place).text)
    assert "4 lignes lues" in page
    assert "00 •• •• 01" in page, "numbers are masked in the preview"
    page = plain(fanta.get(f"{place}/lignes").text)
    assert 'data-label="Ligne">5<' in page
    assert "Importez d'abord la personne" in page.replace("&#39;", "'")
    assert 'data-label="Ligne">4<' in page
    assert "Déjà à la ligne 3" in page
    assert 'value="Déjà visités"' in page, "the file's name is offered"
    assert send(fanta, f"{place}/lignes", {"ready": "2", "name": "Visités"}).headers["Location"] == "/campagnes/publics"
    assert "Visités" in fanta.get("/campagnes/publics").text
    assert list((settings.var / "uploads").glob("*")) == []
    assert fanta.get(place).status_code == 404
    with database.reading() as session:
        one = session.query(StaticList).one().id
    assert "3 numéros" in plain(fanta.get("/campagnes/publics/compte", query_string={"lists": one}).text), (
        "Awa's, Sory's and Oumar's"
    )
    assert send(fanta, f"/campagnes/publics/listes/{one}/ranger").status_code == 303
    assert "Visités" not in fanta.get("/campagnes/publics").text.split("<h1>")[1]
    assert {"import_list", "put_away_list"} <= set(acts(database))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"ready": "2", "name": ""}, "Donnez un nom", id="no-name"),
        pytest.param({"ready": "3", "name": "x"}, "ont changé", id="another-number-than-shown"),
        pytest.param({"name": "x"}, "Relisez cette page", id="a-number-never-shown"),
    ],
)
def test_a_list_is_not_kept_as_it_was_not_shown(
    fanta: FlaskClient, database: Database, fields: dict[str, str], said: str
) -> None:
    answer = send(fanta, f"{upload(fanta)}/lignes", fields)
    assert answer.status_code == 422
    assert said in answer.text
    with database.reading() as session:
        assert session.query(StaticList).count() == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("nom\r\nAwa", "Il faut une colonne", id="neither-column"),
        pytest.param("numéro\r\n76", "Aucune ligne ne peut entrer", id="no-good-row"),
    ],
)
def test_a_file_that_makes_no_list_says_why(fanta: FlaskClient, text: str, said: str) -> None:
    place = upload(fanta, text)
    assert said in fanta.get(place).text + fanta.get(f"{place}/lignes").text
    empty = send(fanta, f"{place}/lignes", {"ready": "0", "name": "x"}, once="z" * 20)
    assert empty.status_code in (422, 303)


def test_accents_written_by_a_french_spreadsheet_are_read(fanta: FlaskClient) -> None:
    place = upload(fanta, "numéro\r\n00010001", encoding="cp1252")
    assert "Windows (cp1252)" in fanta.get(place).text
    assert "1 ligne lue" in plain(fanta.get(place).text)
    assert fanta.get(f"{place}?codage=utf-8-sig").status_code == 422, "a wrong choice is said, not swallowed"
