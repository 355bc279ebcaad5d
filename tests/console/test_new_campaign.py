"""Nouvelle campagne: five steps without touching the database, one sending whatever is pressed twice, and what is refused."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from campaigns import firing
from campaigns.accounts import account
from campaigns.models import Campaign, CampaignState, Repeat
from console.staff import RoleName
from messaging import outbox
from messaging.exchange import Exchange
from messaging.models import Broadcast, Budget, Channel, ChannelLog, Direction, Kind, Message, MessageState
from runtime.database import Database
from tests.console.conftest import SignedIn, send
from tests.world import MESSAGES, World
from translations.models import Variant, VariantState

R = RoleName
NEXT_WEEK = (datetime.now(UTC) + timedelta(days=7)).date()


def begin(browser: FlaskClient, world: World, content: str = "eau-propre") -> str:
    """The address of a new draft, without its step."""
    answer = send(browser, "/campagnes/nouvelle", {"content": str(world.contents[content])})
    assert answer.status_code == 303
    return answer.headers["Location"].removesuffix("/public")


def prepare(browser: FlaskClient, world: World, *, one_phone: str = "1", when: str = "now", content: str = "eau-propre") -> str:
    """A draft that waits at its last step."""
    place = begin(browser, world, content)
    assert send(browser, f"{place}/public", {"one_phone": one_phone}).headers["Location"] == f"{place}/canal"
    assert send(browser, f"{place}/canal", {"route": "sms"}).headers["Location"] == f"{place}/date"
    fields = {"when": when, "day": NEXT_WEEK.isoformat(), "hour": "09:00", "repeat": "once", "expires": "24"}
    assert send(browser, f"{place}/date", {**fields, "catch_up": "send_late"}).headers["Location"] == f"{place}/verifier"
    return place


def button(page: str) -> str:
    """The number the last button carries."""
    found = re.search(r'name="numbers" value="(\d+)"', page)
    assert found is not None, "no button to send"
    return found[1]


def campaigns(database: Database) -> list[tuple[CampaignState, int]]:
    with database.reading() as session:
        return [(row.state, row.step) for row in session.query(Campaign).order_by(Campaign.id)]


def test_five_steps_lead_to_a_sending_whose_account_is_the_forecast(
    signed_in: SignedIn, world: World, exchange: Exchange, database: Database
) -> None:
    browser = signed_in(R.COMMUNICATION)
    place = prepare(browser, world, one_phone="")
    page = browser.get(f"{place}/verifier").text
    assert re.search(r"Envoyer à 6\snuméros", page), "Awa and Kadia share one of them"
    assert re.search(r"1\s: sans téléphone", page)
    assert re.search(r"90\sFCFA", page)
    assert "Lavez vos mains au savon" in page
    answer = send(browser, f"{place}/verifier", {"numbers": button(page)})
    assert answer.headers["Location"] == place
    assert campaigns(database)[0][0] is CampaignState.SCHEDULED
    assert firing.fire_due(exchange, datetime.now(UTC)) == 1
    exchange.work.run_all()  # type: ignore[attr-defined]  # Immediate, in tests
    with database.reading() as session:
        sending = session.query(Broadcast).one()
        counted = account(session, sending.id)
        texts = session.query(Message).filter_by(broadcast_id=sending.id).count()
    assert (counted.planned, sum(counted.skipped.values()), texts, counted.pending) == (8, 1, 6, 7)
    page = browser.get(place).text
    assert re.search(r"<strong>8</strong> prévus", page)
    assert "Annuler cet envoi" in page


@pytest.mark.parametrize(
    ("when", "leaves", "made"),
    [
        pytest.param({"when": "now"}, "mercredi 18 mars, 10 h 10", "2026-03-18 10:00Z", id="confirmed-now"),
        pytest.param({"day": "2026-03-19"}, "jeudi 19 mars, 9 h", "2026-03-19 08:50Z", id="dated-tomorrow"),
        pytest.param({"day": "2026-03-18", "hour": "21 h"}, "jeudi 19 mars, 8 h", "2026-03-18 20:50Z", id="by-night"),
    ],
)
def test_the_estimate_and_every_page_say_one_moment_of_departure(
    signed_in: SignedIn, world: World, exchange: Exchange, when: dict[str, str], leaves: str, made: str
) -> None:
    with time_machine.travel(datetime(2026, 3, 18, 10, tzinfo=UTC), tick=False):
        browser = signed_in(R.COMMUNICATION)
        place = prepare(browser, world)
        typed = {"when": "later", "hour": "9 h", "repeat": "once", "expires": "24", "catch_up": "send_late", **when}
        send(browser, f"{place}/date", typed)
        page = browser.get(f"{place}/verifier").text
        assert f"Terminé vers {leaves}" in plain(page)
        send(browser, f"{place}/verifier", {"numbers": button(page)})
        page = plain(browser.get(place).text)
        assert f"Premier départ {leaves}. Vous pouvez l'annuler jusque-là." in page
        assert f"Prochain départ {leaves} " in page
        assert f"Le premier envoi part {leaves}." in page
        assert f"SMS {leaves} programmée" in plain(browser.get("/campagnes").text)
        assert f"eau-propre {leaves}" in plain(browser.get("/").text)
    with time_machine.travel(datetime.fromisoformat(made), tick=False):
        assert firing.fire_due(exchange, datetime.now(UTC)) == 1
        browser = signed_in(R.COMMUNICATION)
        for address in (place, "/"):
            assert f"Part {leaves}." in plain(browser.get(address).text), "made, and within its window"


def test_a_day_has_the_same_hours_on_the_date_step_and_in_the_reason_why_nothing_leaves(
    signed_in: SignedIn, world: World
) -> None:
    with time_machine.travel(datetime(2026, 3, 18, 10, tzinfo=UTC), tick=False):
        browser = signed_in(R.COMMUNICATION)
        place = prepare(browser, world)
        open_ = "8 h à 12 h, 16 h à 17 h 55, 18 h 55 à 20 h"
        assert f"Jeudi 19 mars : {open_}." in plain(browser.get(f"{place}/date").text)
        typed = {"when": "later", "day": "2026-03-19", "hour": "18 h", "repeat": "once", "expires": "24"}
        send(browser, f"{place}/date", {**typed, "catch_up": "send_late"})
        said = plain(browser.get(f"{place}/verifier").text)
        assert f"À 18 h rien ne part. Heures permises jeudi 19 mars : {open_}. Autour du coucher du soleil rien ne part." in said
        assert "Les messages attendront jeudi 19 mars, 18 h 55." in said
        assert f"{open_}" in plain(browser.get("/calendrier?mois=2026-03").text)


def test_pressing_twice_sends_once(signed_in: SignedIn, world: World, exchange: Exchange, database: Database) -> None:
    browser = signed_in(R.COMMUNICATION)
    place = prepare(browser, world)
    numbers, once = button(browser.get(f"{place}/verifier").text), "x" * 24
    first = send(browser, f"{place}/verifier", {"numbers": numbers}, once=once)
    second = send(browser, f"{place}/verifier", {"numbers": numbers}, once=once)
    assert first.headers["Location"] == second.headers["Location"] == place
    assert send(browser, f"{place}/verifier", {"numbers": numbers}).status_code == 404, "it is no draft any more"
    firing.fire_due(exchange, datetime.now(UTC))
    firing.fire_due(exchange, datetime.now(UTC))
    with database.reading() as session:
        assert session.query(Broadcast).count() == 1


def test_another_number_than_the_one_shown_sends_nothing(signed_in: SignedIn, world: World, database: Database) -> None:
    browser = signed_in(R.COMMUNICATION)
    place = prepare(browser, world)
    answer = send(browser, f"{place}/verifier", {"numbers": "128"})
    assert answer.status_code == 422
    assert "Le public a changé" in answer.text
    assert campaigns(database)[0][0] is CampaignState.DRAFT


@pytest.fixture
def careful(app: Flask) -> Flask:
    """An installation where two telephones are already many."""
    exchange = app.extensions["lamen"]
    settings = exchange.settings.model_copy(update={"second_approval_above": 2})
    app.extensions["lamen"] = Exchange(settings, exchange.database, exchange.gateways, exchange.work)
    return app


def test_above_the_limit_a_second_person_confirms(careful: Flask, signed_in: SignedIn, world: World, database: Database) -> None:
    fanta = signed_in(R.COMMUNICATION)
    place = prepare(fanta, world, one_phone="")
    page = fanta.get(f"{place}/verifier").text
    assert "Demander la confirmation" in page
    assert 'name="numbers"' not in page
    assert send(fanta, f"{place}/verifier", {"numbers": "6"}).status_code == 422
    assert send(fanta, place.replace("/verifier", "") + "/demander").status_code == 303
    assert "à confirmer par une autre personne" in fanta.get("/campagnes?vue=brouillons").text
    adama = signed_in(R.ADMINISTRATION)
    page = adama.get(f"{place}/verifier").text
    assert "Confirmer et envoyer à 6" in page
    assert send(adama, f"{place}/verifier", {"numbers": button(page)}).headers["Location"] == place
    with database.reading() as session:
        row = session.query(Campaign).one()
        assert row.state is CampaignState.SCHEDULED
        assert row.confirmed_by not in (None, row.created_by)


def test_validation_confirms_what_a_second_person_is_asked_for_and_changes_nothing(
    careful: Flask, signed_in: SignedIn, world: World, database: Database
) -> None:
    fanta, sory = signed_in(R.COMMUNICATION), signed_in(R.VALIDATION)
    place = prepare(fanta, world, one_phone="")
    check = f"{place}/verifier"
    assert sory.get(check).status_code == 404, "nobody asked"
    assert send(sory, check, {"numbers": "6"}).status_code == 404
    send(fanta, f"{place}/demander")
    for page in ("/", "/a-approuver", "/campagnes?vue=brouillons", place):
        assert f'href="{check}"' in sory.get(page).text
    assert f'href="{check}"' not in fanta.get("/").text, "never its author"
    assert fanta.get(f"{place}/public").status_code == 200
    assert sory.get(f"{place}/public").status_code == 403
    page = sory.get(check).text
    assert "Abandonner" not in page
    assert "M&#39;envoyer un essai" not in page
    assert send(sory, check, {"numbers": button(page)}).headers["Location"] == place
    with database.reading() as session:
        assert session.query(Campaign).one().state is CampaignState.SCHEDULED
    assert f'href="{check}"' not in sory.get("/").text


def test_a_change_after_the_request_makes_its_author_the_first_person_again(
    careful: Flask, signed_in: SignedIn, world: World, database: Database
) -> None:
    fanta, other = signed_in(R.COMMUNICATION), signed_in(R.COMMUNICATION)
    place = prepare(fanta, world, one_phone="")
    send(fanta, f"{place}/demander")
    send(other, f"{place}/public", {"sexes": "F", "one_phone": ""})
    assert "Demander la confirmation" in other.get(f"{place}/verifier").text
    assert send(other, f"{place}/verifier", {"numbers": "4"}).status_code == 422
    assert "Confirmer et envoyer" in fanta.get(f"{place}/verifier").text


def test_an_empty_audience_is_refused_at_its_step(signed_in: SignedIn, world: World, database: Database) -> None:
    browser = signed_in(R.COMMUNICATION)
    place = begin(browser, world)
    answer = send(browser, f"{place}/public", {"languages": "bm", "one_phone": "1"})
    assert answer.status_code == 422
    assert "Ce public est vide" in answer.text
    answer = send(browser, f"{place}/public", {"clubs": "1032 9999"})
    assert answer.status_code == 422
    assert "9999" in answer.text
    assert 'value="1032 9999"' in answer.text, "what was typed stays"


def test_the_live_count_follows_what_is_ticked(signed_in: SignedIn, world: World) -> None:
    browser = signed_in(R.COMMUNICATION)
    place = begin(browser, world)
    assert re.search(r"<strong>3\snuméros", browser.get(f"{place}/public").text.replace("\u202f", " "))
    counted = browser.get(f"{place}/public/compte?clubs=1032").text
    assert re.search(r"<strong>3\snuméros", counted), "Awa's and her sister's one, Moussa's, Binta's"
    assert "sans téléphone 1" in counted
    assert send(browser, f"{place}/public", {"clubs": "1032", "count": "1"}).headers["Location"] == f"{place}/public"
    assert 'value="1032"' in browser.get(f"{place}/public").text


def test_what_stands_in_the_way_leads_back_to_its_step(signed_in: SignedIn, world: World, database: Database) -> None:
    browser = signed_in(R.COMMUNICATION)
    place = prepare(browser, world, when="later")
    with database.writing() as session:
        row = session.query(Campaign).one()
        row.events[0].starts_at = datetime.now(UTC) - timedelta(days=2)
        session.add(Budget(scope=f"channel:{world.channel}", cap=20))
    page = browser.get(f"{place}/verifier").text
    assert "déjà passée" in page
    assert f'href="{place}/date"' in page
    assert "Le budget ne suffit pas" in page
    assert 'name="numbers"' not in page
    assert send(browser, f"{place}/verifier", {"numbers": "3"}).status_code == 422
    assert campaigns(database)[0][0] is CampaignState.DRAFT


def test_beyond_capacity_is_refused(signed_in: SignedIn, world: World, database: Database) -> None:
    browser = signed_in(R.COMMUNICATION)
    place = prepare(browser, world, when="later")
    with database.writing() as session:
        session.get_one(Channel, world.channel).parts_per_minute = 1
        session.query(Campaign).one().events[0].expires_hours = 1
        session.add(_waiting(world))
    page = browser.get(f"{place}/verifier").text
    assert "servis à temps" in page
    assert 'name="numbers"' not in page


def _waiting(world: World) -> Message:
    """What fills the channel for longer than any window."""
    at = datetime.now(UTC)
    return Message(
        direction=Direction.OUT,
        channel_id=world.channel,
        contact_id=world.contacts["awa"],
        kind=Kind.REPLY,
        state=MessageState.QUEUED,
        parts=5_000,
        not_before=at,
        created_at=at,
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"day": "2020-01-01"}, "déjà passée", id="past"),
        pytest.param({"day": ""}, "Choisissez un jour", id="no day"),
        pytest.param({"hour": "25:00"}, "heure n&#39;est pas lisible", id="no hour"),
        pytest.param({"repeat": "weekly", "until": "2020-01-01"}, "avant la première", id="ends before it begins"),
    ],
)
def test_a_date_that_cannot_be_is_said_at_its_field(
    signed_in: SignedIn, world: World, fields: dict[str, str], words: str
) -> None:
    browser = signed_in(R.COMMUNICATION)
    place = begin(browser, world)
    typed = {"when": "later", "day": NEXT_WEEK.isoformat(), "hour": "9 h", "repeat": "once", "expires": "24", **fields}
    answer = send(browser, f"{place}/date", typed)
    assert answer.status_code == 422
    assert words in answer.text


def test_a_weekly_question_keeps_its_phase(signed_in: SignedIn, world: World, database: Database) -> None:
    browser = signed_in(R.COMMUNICATION)
    place = begin(browser, world, "quiz-repas")
    assert "Avant les séances" in browser.get(f"{place}/date").text
    until = (NEXT_WEEK + timedelta(days=21)).isoformat()
    typed = {"when": "later", "day": NEXT_WEEK.isoformat(), "hour": "9 h 30", "repeat": "weekly", "until": until}
    send(browser, f"{place}/date", {**typed, "expires": "48", "catch_up": "skip", "phase": "before"})
    with database.reading() as session:
        event = session.query(Campaign).one().events[0]
        assert (event.repeat, event.phase, event.expires_hours) == (Repeat.WEEKLY, "before", 48)
        assert event.starts_at is not None
        assert (event.starts_at.hour, event.starts_at.minute) == (9, 30)


def test_without_an_approved_message_the_page_says_what_to_do(signed_in: SignedIn) -> None:
    page = signed_in(R.COMMUNICATION).get("/campagnes/nouvelle")
    assert page.status_code == 200
    assert "Aucun message approuvé" in page.text


def test_an_unapproved_message_cannot_be_chosen_and_says_why(signed_in: SignedIn, world: World, database: Database) -> None:
    with database.writing() as session:
        variant = session.get_one(Variant, world.variants["premier-lait"])
        variant.state, variant.approved_at = VariantState.TO_REVIEW, None
    browser = signed_in(R.COMMUNICATION)
    page = browser.get("/campagnes/nouvelle").text
    assert f'value="{world.contents["premier-lait"]}" disabled' in page
    assert "relire d&#39;abord" in page
    assert send(browser, "/campagnes/nouvelle", {"content": str(world.contents["premier-lait"])}).status_code == 422
    assert campaigns(database) == []


def test_a_draft_goes_on_where_it_was_left(signed_in: SignedIn, world: World) -> None:
    browser = signed_in(R.COMMUNICATION)
    place = begin(browser, world)
    assert browser.get(f"{place}/etape").headers["Location"] == f"{place}/public"
    send(browser, f"{place}/public", {"one_phone": "1"})
    assert browser.get(f"{place}/etape").headers["Location"] == f"{place}/canal"


def test_the_texts_shown_go_to_a_telephone_of_ones_own_through_the_outbox(
    signed_in: SignedIn, world: World, exchange: Exchange, database: Database
) -> None:
    fanta = signed_in(R.COMMUNICATION)
    place = prepare(fanta, world, one_phone="")
    page = fanta.get(f"{place}/verifier").text
    assert "M'envoyer un essai" in unescape(page)
    for typed, why in (("douze", "pas lisible"), (world.numbers["awa"], "celui d'une participante")):
        answer = send(fanta, f"{place}/essai", {"to": typed})
        assert answer.status_code == 422
        assert why in unescape(answer.text)
        assert re.search(r'<input id="to"[^>]*aria-invalid="true"', answer.text)
        with database.reading() as session:
            assert session.query(Message).count() == 0
    send(fanta, f"{place}/essai", {"to": "00 09 00 09"})
    with database.reading() as session:
        (row,) = session.query(Message).all()
        assert (row.kind, row.broadcast_id, row.text) == (Kind.REPLY, None, MESSAGES["eau-propre"])
    exchange.work.run_all()  # type: ignore[attr-defined]  # of tests
    outbox.dispatch(exchange, world.channel, lambda: datetime.now(UTC))
    with database.reading() as session:
        assert session.get_one(Message, row.id).state is MessageState.WIRED
        assert session.query(ChannelLog).filter_by(message_id=row.id).count() == 1
    assert campaigns(database)[0][0] is CampaignState.DRAFT, "an essay sends nothing to anybody else"


@pytest.mark.parametrize(("one_phone", "told"), [("", "à 1 numéro :"), ("1", "à 3 numéros :")], ids=["shared", "clubs"])
def test_the_last_step_says_for_how_many_numbers_the_first_name_is_left_out(
    signed_in: SignedIn, world: World, database: Database, one_phone: str, told: str
) -> None:
    with database.writing() as session:
        session.get_one(Variant, world.variants["eau-propre"]).text = "Venez {prenom} !"
    fanta = signed_in(R.COMMUNICATION)
    page = plain(fanta.get(f"{prepare(fanta, world, one_phone=one_phone)}/verifier").text)
    assert f"Le prénom n'est pas dit {told}" in page
    assert "Venez !" in page, "what Awa and her sister get, on their phone"


def test_a_cap_of_the_campaign_refuses_what_would_pass_it_and_says_each_part(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    fanta, adama = signed_in(R.COMMUNICATION), signed_in(R.ADMINISTRATION)
    place = prepare(fanta, world, one_phone="")
    assert fanta.get(f"{place}/plafond").status_code == 403
    send(adama, f"{place}/plafond", {"cap": "89"})
    send(adama, f"/reglages/budgets/{world.channel}", {"cap": "500"})
    page = plain(fanta.get(f"{place}/verifier").text)
    assert "Le budget ne suffit pas." in page
    assert "La campagne eau-propre 89 FCFA 90 FCFA il manque 1 FCFA" in page
    assert "Le canal simulateur 500 FCFA 90 FCFA" in page
    send(adama, f"{place}/plafond", {"cap": "90"})
    assert "Le budget ne suffit pas." not in plain(fanta.get(f"{place}/verifier").text)


def plain(page: str) -> str:
    """What is read of a page, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).replace("\u202f", " ").split())
