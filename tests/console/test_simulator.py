"""The simulator page: pretended phones that write, bip, answer and press through the real routes."""

import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from clubs import pins
from clubs.models import Member, Role
from clubs.records import Inquiry
from console import words
from console.staff import RoleName
from dialogue import facilitator
from messaging.beats import deliver_simulated
from messaging.exchange import Exchange
from messaging.models import Call, Channel, Contact, Inbound, Recording
from runtime.crypto import blind
from runtime.database import Database
from runtime.installation import business_time, installation
from runtime.work import Immediate
from tests.calls import Line, hum, prompt
from tests.world import World

Post = Callable[..., TestResponse]
SignedIn = Callable[..., FlaskClient]


@pytest.fixture
def fanta(signed_in: SignedIn, world: World) -> FlaskClient:
    return signed_in(RoleName.COMMUNICATION)


def bare(answer: TestResponse) -> str:
    return html.unescape(words.bare(answer.get_data(as_text=True)))


def run(exchange: Exchange) -> None:
    assert isinstance(exchange.work, Immediate)
    exchange.work.run_all()


def test_a_facilitator_report_is_answered_on_her_screen(fanta: FlaskClient, post: Post, world: World, exchange: Exchange) -> None:
    post(fanta, f"/simulateur/ecrire/{world.contacts['moussa']}", {"text": "CR 12 18 7 9 1"})
    run(exchange)
    screen = fanta.get(f"/simulateur/ecran/{world.contacts['moussa']}").get_data(as_text=True)
    assert "CR 12 18 7 9 1" in screen
    assert re.search(r"Merci.*club 1032", screen)
    assert len(re.findall(r'<small class="muted">\w+\s\d+(?:er)?\s\w+, ', screen)) == 2, "each SMS says its day"


def test_an_empty_thread_says_what_to_do(fanta: FlaskClient, world: World) -> None:
    assert "Envoyez AIDE, ou faites un bip." in fanta.get(f"/simulateur/ecran/{world.contacts['awa']}").get_data(as_text=True)


def test_each_phone_to_take_is_told_from_the_others(fanta: FlaskClient, world: World, database: Database) -> None:
    with database.writing() as session:
        club = session.query(Member).filter(Member.contact_id == world.contacts["awa"]).first()
        assert club is not None
        for place in range(10, 51):
            number = f"+223099901{place}"
            contact = Contact(number=number, number_index=blind(number), operator="simulator", created_at=datetime.now(UTC))
            session.add(contact)
            session.flush()
            session.add(Member(club_id=club.club_id, contact_id=contact.id, role=Role.MEMBER, joined_at=datetime.now(UTC)))
    page = bare(fanta.get("/simulateur"))
    choices = re.findall(r"<option[^>]*>(Club [^<]*)</option>", page)
    assert len(choices) >= 40
    assert len(set(choices)) == len(choices)
    assert any(choice.endswith("membre …12") for choice in choices)
    assert "Les 40 premiers, par code de club" in page


def test_the_clock_moves_forward_for_the_whole_service(fanta: FlaskClient, post: Post, database: Database, world: World) -> None:
    post(fanta, "/simulateur/horloge", {"by": "1440"})
    with database.reading() as session:
        wall = datetime.now(UTC)
        assert (business_time(session, wall) - wall).days == 1


def test_the_clock_stays_where_it_is_in_a_real_installation(
    fanta: FlaskClient, post: Post, database: Database, world: World
) -> None:
    with database.writing() as session:
        installation(session).simulation = False
    post(fanta, "/simulateur/horloge", {"by": "60"})
    assert "que dans une simulation" in fanta.get("/simulateur").get_data(as_text=True).replace("\xa0", " ")
    with database.reading() as session:
        assert installation(session).offset_seconds == 0


def test_faults_are_switched_on_the_channel_and_off_again(
    fanta: FlaskClient, post: Post, database: Database, world: World
) -> None:
    post(fanta, "/simulateur/reseau", {"fault": ["late", "doubled", "nonsense"]})
    with database.reading() as session:
        assert json.loads(session.get_one(Channel, world.channel).settings)["faults"] == "late,doubled"
    post(fanta, "/simulateur/reseau", {})
    with database.reading() as session:
        assert "faults" not in json.loads(session.get_one(Channel, world.channel).settings)


def test_a_phone_taken_in_hand_rings_here(fanta: FlaskClient, post: Post, database: Database, world: World) -> None:
    post(fanta, "/simulateur/prendre", {"membre": str(world.contacts["awa"]), "animatrice": str(world.contacts["moussa"])})
    with database.reading() as session:
        held = json.loads(session.get_one(Channel, world.channel).settings)["by_hand"].split(",")
    assert world.numbers["awa"] in held


def test_the_phones_last_taken_are_shown_again_by_the_menu(
    fanta: FlaskClient, post: Post, database: Database, world: World
) -> None:
    def shown() -> list[str]:
        return re.findall(r'id="screen-(\d+)"', fanta.get("/simulateur").text)

    member, facilitator_of_hers = str(world.contacts["binta"]), str(world.contacts["sory"])
    assert shown() == []
    post(fanta, "/simulateur/prendre", {"membre": member, "animatrice": facilitator_of_hers})
    assert shown()[:2] == [member, facilitator_of_hers]
    with database.writing() as session:
        session.get_one(Contact, world.contacts["binta"]).number = "+22376123456"  # pretended no more
    assert member not in shown()


def test_a_phone_that_is_used_here_is_taken_and_one_that_is_not_says_so(
    fanta: FlaskClient, post: Post, database: Database, world: World
) -> None:
    page = f"/simulateur?membre={world.contacts['awa']}&animatrice={world.contacts['moussa']}"
    assert bare(fanta.get(page)).count("n'est pas pris") == 2
    post(fanta, f"/simulateur/ecrire/{world.contacts['awa']}", {"text": "AIDE"})
    assert bare(fanta.get(page)).count("n'est pas pris") == 1
    post(fanta, f"/simulateur/prendre/{world.contacts['moussa']}")
    assert "n'est pas pris" not in bare(fanta.get(page))
    with database.reading() as session:
        held = json.loads(session.get_one(Channel, world.channel).settings)["by_hand"].split(",")
    assert held == [world.numbers["awa"], world.numbers["moussa"]]


def at(database: Database, moment: datetime) -> None:
    """Move the whole service's clock to a moment to come."""
    with database.writing() as session:
        installation(session).offset_seconds = round((moment - datetime.now(UTC)).total_seconds())


@pytest.mark.parametrize(
    ("hour", "said"),
    [
        pytest.param(10, "On rappelle dans la minute.", id="by day"),
        pytest.param(23, "La nuit, on ne rappelle pas : appel le mercredi 4 janvier 2040, 8 h.", id="at night"),
    ],
)
def test_a_bip_is_told_when_the_call_back_comes(
    fanta: FlaskClient, post: Post, world: World, database: Database, hour: int, said: str
) -> None:
    at(database, datetime(2040, 1, 3, hour, tzinfo=UTC))
    post(fanta, f"/simulateur/bip/{world.contacts['awa']}")
    assert said in bare(fanta.get("/simulateur"))


def test_a_bip_too_soon_after_another_is_told_from_when_on(
    fanta: FlaskClient, post: Post, world: World, database: Database
) -> None:
    at(database, datetime(2040, 1, 3, 10, 0, 5, tzinfo=UTC))
    post(fanta, f"/simulateur/bip/{world.contacts['awa']}")
    with database.writing() as session:
        session.query(Call).filter_by(direction="out").update({"state": "no_answer"})
    at(database, datetime(2040, 1, 3, 10, 4, tzinfo=UTC))
    post(fanta, f"/simulateur/bip/{world.contacts['awa']}")
    assert "Refaites un bip à partir de 10 h 10." in bare(fanta.get("/simulateur"))


def test_the_office_phone_is_a_stranger(
    fanta: FlaskClient, post: Post, database: Database, world: World, exchange: Exchange
) -> None:
    post(fanta, "/simulateur/bureau")
    with database.reading() as session:
        stranger = session.query(Contact).order_by(Contact.id.desc()).first()
        assert stranger is not None
        number = stranger.id
    post(fanta, f"/simulateur/ecrire/{number}", {"text": "Bonjour"})
    run(exchange)
    assert "Bonjour" in fanta.get("/simulateur").get_data(as_text=True)


def test_sory_holds_no_phone_of_another_village(signed_in: SignedIn, post: Post, world: World) -> None:
    sory = signed_in(RoleName.TERRAIN, villages=frozenset({world.villages[1]}))
    assert sory.get(f"/simulateur/ecran/{world.contacts['awa']}").status_code == 404
    assert post(sory, f"/simulateur/ecrire/{world.contacts['awa']}", {"text": "CR 12 1 1"}).status_code == 404
    assert sory.get(f"/simulateur/ecran/{world.contacts['sory']}").status_code == 200


@pytest.mark.parametrize("word", ["²", "abc", "-1", "99999999999999999999"], ids=["superscript", "word", "minus", "huge"])
def test_an_address_that_names_no_phone_shows_the_first_ones(fanta: FlaskClient, post: Post, world: World, word: str) -> None:
    assert fanta.get("/simulateur", query_string={"membre": word}).status_code == 200
    assert post(fanta, "/simulateur/prendre", {"membre": word, "animatrice": word}).headers["Location"] == "/simulateur"


def test_nobody_is_sent_to_another_site(fanta: FlaskClient, post: Post, world: World) -> None:
    answer = post(fanta, "/simulateur/bureau", {"_page": "https://example.org/"})
    assert answer.headers["Location"] == "/"


def test_a_real_number_is_never_a_pretended_phone(fanta: FlaskClient, database: Database, world: World) -> None:
    with database.writing() as session:
        contact = session.get_one(Contact, world.contacts["fatou"])
        contact.number = "+22376123456"
    assert fanta.get(f"/simulateur/ecran/{world.contacts['fatou']}").status_code == 404


def a_call(exchange: Exchange, app_client: FlaskClient, world: World, who: str) -> Line:
    """A call on the air at this very moment, for this page asks the real clock."""
    line = Line(exchange, app_client, world, who=who, now=datetime.now(UTC))
    line.answer()
    return line


def test_the_phones_on_the_page_stay_through_a_call(
    fanta: FlaskClient, post: Post, world: World, exchange: Exchange, client: FlaskClient
) -> None:
    prompt(exchange, world, "who", "Le service de nutrition.")
    line = a_call(exchange, client, world, "binta")
    chosen = f"/simulateur?membre={world.contacts['binta']}&animatrice={world.contacts['sory']}"
    again = re.search(rf'hx-get="(/simulateur/ecran/{world.contacts["binta"]}\b[^"]*)"', fanta.get(chosen).text)
    assert again is not None
    screen = html.unescape(fanta.get(html.unescape(again[1])).text)
    pages = re.findall(r'name="_page" value="([^"]*)"', screen)
    assert set(pages) == {chosen}
    assert "le prix prévu de cet appel compris" in screen
    assert post(fanta, f"/simulateur/appel/{line.id}", {"key": "1", "_page": pages[0]}).headers["Location"] == chosen


def test_a_question_is_spoken_from_a_file_where_the_call_records(
    fanta: FlaskClient, post: Post, world: World, exchange: Exchange, client: FlaskClient
) -> None:
    for label in ("who", "menu_main", "adult_check", "rec_how", "rec_menu", "rec_kept"):
        prompt(exchange, world, label, f"<{label}>")
    line = a_call(exchange, client, world, "awa")
    page = f"/simulateur/ecran/{world.contacts['awa']}"
    assert "Dire ce son" not in fanta.get(page).get_data(as_text=True)
    for key in ("3", "1"):
        post(fanta, f"/simulateur/appel/{line.id}", {"key": key})
    assert "Dire ce son" in fanta.get(page).get_data(as_text=True)
    assert post(fanta, f"/simulateur/voix/{line.id}", {"sound": (BytesIO(b"no sound"), "x.wav")}).status_code == 303
    assert "Dire ce son" in fanta.get(page).get_data(as_text=True)
    post(fanta, f"/simulateur/voix/{line.id}", {"sound": (BytesIO(hum(3)), "x.wav")})
    assert "rec_menu" in fanta.get(page).get_data(as_text=True)
    with exchange.database.reading() as session:
        row = session.query(Inquiry).one()
        assert row.contact_id == world.contacts["awa"]
        assert session.get_one(Recording, row.recording_id).seconds == pytest.approx(3, abs=0.1)


def test_several_keys_at_once_are_typed_as_one_number(
    fanta: FlaskClient, post: Post, world: World, exchange: Exchange, client: FlaskClient
) -> None:
    for label in facilitator.LABELS | {"who", "theme_bad"}:
        prompt(exchange, world, label, f"<{label}>")
    with exchange.database.writing() as session:
        pin = pins.issue(session, session.get_one(Member, world.members["moussa"]))
    line = a_call(exchange, client, world, "moussa")
    for keys, heard in ((pin, "theme_ask"), ("99#", "theme_bad"), ("12#", "women_ask"), ("x" * 5, "women_ask")):
        post(fanta, f"/simulateur/appel/{line.id}", {"keys": keys})
        assert heard in fanta.get(f"/simulateur/ecran/{world.contacts['moussa']}").get_data(as_text=True)


def test_a_call_to_a_line_that_answers_is_spoken_on_the_page_and_refused_by_one_that_does_not(
    fanta: FlaskClient, post: Post, database: Database, world: World, exchange: Exchange
) -> None:
    prompt(exchange, world, "who", "Le service de nutrition.")
    awa = world.contacts["awa"]
    assert post(fanta, f"/simulateur/appeler/{awa}").status_code == 303
    assert "La ligne ne décroche pas" in fanta.get("/simulateur").text
    with database.writing() as session:
        session.get_one(Channel, world.channel).inbound = Inbound.ANSWER
    post(fanta, f"/simulateur/appeler/{world.contacts['binta']}")
    page = fanta.get(f"/simulateur/ecran/{world.contacts['binta']}").text
    assert "En communication" in page
    assert "Le service de nutrition." in page
    with database.reading() as session:
        call = session.query(Call).filter_by(direction="in", state="answered").one()
    post(fanta, f"/simulateur/appel/{call.id}", {"act": "hang_up"})
    assert "En communication" not in fanta.get(f"/simulateur/ecran/{world.contacts['binta']}").text


def test_a_call_that_is_over_ends_and_leaves_its_last_words(
    fanta: FlaskClient, post: Post, world: World, exchange: Exchange, client: FlaskClient
) -> None:
    for label in ("who", "goodbye"):
        prompt(exchange, world, label, f"<{label}>")
    line, page = a_call(exchange, client, world, "binta"), f"/simulateur/ecran/{world.contacts['binta']}"
    for _ in range(4):
        post(fanta, f"/simulateur/appel/{line.id}", {"key": ""})
    assert "En communication" in fanta.get(page).text
    deliver_simulated(exchange, datetime.now(UTC) + timedelta(seconds=2))
    screen = fanta.get(page).text
    assert "En communication" not in screen
    assert "Appel terminé" in screen
    assert "goodbye" in screen
    assert "prix prévu" not in screen
    post(fanta, "/simulateur/horloge", {"by": "10"})
    assert "Appel terminé" not in fanta.get(page).text


def test_moving_the_clock_says_that_it_bars_going_live(fanta: FlaskClient, post: Post, world: World) -> None:
    assert "avancée ne pourra jamais passer au réel" in fanta.get("/simulateur").text
    post(fanta, "/simulateur/horloge", {"by": "60"})
    assert "déjà été avancée" in fanta.get("/simulateur").text
