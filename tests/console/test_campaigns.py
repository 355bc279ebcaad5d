"""Campagnes and Fiche campagne: tabs, red lines, the window to cancel, what may be paused, stopped, sent again."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from campaigns import broadcasts as fanning
from campaigns import firing, schedule
from campaigns.filters import Filter
from campaigns.models import Campaign, CampaignEvent, CampaignState, Occurrence, OccurrenceState
from console.staff import RoleName
from messaging.exchange import Exchange
from messaging.models import Broadcast, BroadcastState, Channel, ChannelState, Contact, ContactState, Message, MessageState, Route
from runtime.database import Database
from tests.console.conftest import SignedIn, send
from tests.world import World
from translations.models import Variant

R = RoleName
EVERYBODY = Filter(one_phone_per_club=False)


def a_campaign(
    database: Database, world: World, state: CampaignState = CampaignState.SCHEDULED, wanted: Filter = EVERYBODY, days: int = 0
) -> int:
    at = datetime.now(UTC) + timedelta(days=days, seconds=1)
    with database.writing() as session:
        row = Campaign(name="Eau propre", audience=wanted.to_json(), route=Route.SMS, state=state, created_at=at)
        row.created_by = world.staff["fanta"]
        due = at if state is CampaignState.SCHEDULED else None
        row.events = [CampaignEvent(content_id=world.contents["eau-propre"], starts_at=at, next_due=due)]
        session.add(row)
        session.flush()
        return row.id


def a_sending(database: Database, world: World, exchange: Exchange) -> tuple[int, int]:
    """A campaign whose sending waits in its window, and that sending."""
    number = a_campaign(database, world)
    at = datetime.now(UTC) + timedelta(seconds=2)
    assert firing.fire_due(exchange, at) == 1
    with database.reading() as session:
        sending = schedule.broadcasts_of(session, number)[0].id
    fanning.fan_out(exchange, sending, at)
    return number, sending


def states(database: Database, sending: int) -> set[MessageState]:
    with database.reading() as session:
        return {row.state for row in session.query(Message).filter_by(broadcast_id=sending)}


def test_without_a_campaign_the_page_offers_to_make_one(signed_in: SignedIn) -> None:
    page = signed_in(R.COMMUNICATION).get("/campagnes").text
    assert "Aucune campagne ici" in page
    assert 'href="/campagnes/nouvelle"' in page
    assert 'href="/campagnes/nouvelle"' not in signed_in(R.LECTURE).get("/campagnes").text


def test_each_campaign_stands_under_its_tab(signed_in: SignedIn, world: World, database: Database) -> None:
    wanted = {"brouillons": CampaignState.DRAFT, "programmees": CampaignState.SCHEDULED, "annulees": CampaignState.CANCELLED}
    for state in wanted.values():
        a_campaign(database, world, state, days=2)
    browser = signed_in(R.COMMUNICATION)
    for tab in wanted:
        page = browser.get(f"/campagnes?vue={tab}").text
        assert page.count("Eau propre") >= 1
        assert len(re.findall(r'<th scope="row">', page)) == 1
    assert "Aucune campagne ici" in browser.get("/campagnes?vue=terminees").text


def test_a_schedule_that_would_reach_nobody_stands_in_red(signed_in: SignedIn, world: World, database: Database) -> None:
    a_campaign(database, world, wanted=Filter(languages=("bm",)), days=2)
    browser = signed_in(R.COMMUNICATION)
    assert "Le public est vide" in browser.get("/campagnes?vue=programmees").text
    with database.writing() as session:
        session.get_one(Variant, world.variants["eau-propre"]).valid_until = datetime.now(UTC) + timedelta(days=1)
    assert "plus valable ce jour" in browser.get("/campagnes?vue=programmees").text


def test_unscheduled_it_is_a_draft_again_and_a_copy_is_another(signed_in: SignedIn, world: World, database: Database) -> None:
    number = a_campaign(database, world, days=2)
    browser = signed_in(R.COMMUNICATION)
    assert send(browser, f"/campagnes/{number}/deprogrammer").status_code == 303
    copied = send(browser, f"/campagnes/{number}/dupliquer").headers["Location"]
    with database.reading() as session:
        rows = session.query(Campaign).order_by(Campaign.id).all()
        assert [row.state for row in rows] == [CampaignState.DRAFT, CampaignState.DRAFT]
        assert copied == f"/campagnes/{rows[1].id}/date"
        assert rows[1].events[0].starts_at is None


def test_an_account_that_adds_up_alarms_nobody(signed_in: SignedIn, world: World, database: Database, exchange: Exchange) -> None:
    campaign, _ = a_sending(database, world, exchange)
    page = signed_in(R.COMMUNICATION).get(f"/campagnes/{campaign}").text
    assert 'class="equation"' in page
    assert "tombe pas juste" not in page


def test_within_its_window_a_sending_is_cancelled_and_nothing_leaves(
    signed_in: SignedIn, world: World, database: Database, exchange: Exchange
) -> None:
    number, sending = a_sending(database, world, exchange)
    browser = signed_in(R.COMMUNICATION)
    page = browser.get(f"/campagnes/{number}").text
    assert "Annuler cet envoi" in page
    assert "Actualiser" in page
    assert send(browser, f"/campagnes/{number}/annuler-envoi", {"sending": str(sending)}).status_code == 303
    assert states(database, sending) == {MessageState.CANCELLED}
    page = browser.get(f"/campagnes/{number}").text
    assert re.search(r"<strong>8</strong> écartés", page)
    assert "envoi annulé avant son tour" in page
    # Six SMS of 15 FCFA: the difference is what was cancelled, nothing else.
    assert "<dt>Écart</dt><dd>90 FCFA de moins : annulé avant le départ</dd>" in page.replace("\xa0", " ").replace("\u202f", " ")
    fanning.finish(exchange, datetime.now(UTC))
    assert "Eau propre" in browser.get("/campagnes?vue=annulees").text
    assert "Aucune campagne ici" in browser.get("/campagnes?vue=terminees").text


def test_the_counts_alone_say_when_to_stop_asking(
    signed_in: SignedIn, world: World, database: Database, exchange: Exchange
) -> None:
    number, sending = a_sending(database, world, exchange)
    browser = signed_in(R.LECTURE)
    answer = browser.get(f"/campagnes/{number}/chiffres?envoi={sending}")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert re.search(r"<strong>8</strong> prévus\s*= <strong>0</strong> parti\s", answer.text)
    with database.writing() as session:
        session.get_one(Broadcast, sending).state = BroadcastState.CANCELLED
    assert browser.get(f"/campagnes/{number}/chiffres").status_code == 286


def test_pause_resume_and_stop(signed_in: SignedIn, world: World, database: Database, exchange: Exchange) -> None:
    number, sending = a_sending(database, world, exchange)
    browser = signed_in(R.COMMUNICATION)

    def stand() -> tuple[CampaignState, BroadcastState]:
        with database.reading() as session:
            return session.get_one(Campaign, number).state, session.get_one(Broadcast, sending).state

    send(browser, f"/campagnes/{number}/pause")
    assert stand() == (CampaignState.PAUSED, BroadcastState.PAUSED)
    send(browser, f"/campagnes/{number}/reprendre")
    assert stand() == (CampaignState.RUNNING, BroadcastState.RUNNING)
    send(browser, f"/campagnes/{number}/arreter")
    assert stand() == (CampaignState.CANCELLED, BroadcastState.CANCELLED)
    send(browser, f"/campagnes/{number}/pause")
    assert "rien n&#39;a changé" in browser.get(f"/campagnes/{number}").text


def test_send_now_gives_up_the_window(signed_in: SignedIn, world: World, database: Database, exchange: Exchange) -> None:
    number, sending = a_sending(database, world, exchange)
    assert send(signed_in(R.COMMUNICATION), f"/campagnes/{number}/envoyer", {"sending": str(sending)}).status_code == 303
    with database.reading() as session:
        assert session.get_one(Broadcast, sending).state is BroadcastState.RUNNING


def test_the_failed_are_sent_to_once_more_and_never_twice(
    signed_in: SignedIn, world: World, database: Database, exchange: Exchange
) -> None:
    number, sending = a_sending(database, world, exchange)
    with database.writing() as session:
        rows = session.query(Message).filter_by(broadcast_id=sending).order_by(Message.id).all()
        for row in rows:
            row.state = MessageState.DELIVERED
        rows[0].state, rows[0].reason = MessageState.FAILED, "absent"  # Awa's telephone, and Kadia's
        session.get_one(Broadcast, sending).state = BroadcastState.FINISHED
        session.get_one(Campaign, number).state = CampaignState.FINISHED
    browser = signed_in(R.COMMUNICATION)
    page = browser.get(f"/campagnes/{number}").text
    assert "éteint ou hors réseau" in page
    assert "Renvoyer aux 2" in page
    for _time in (1, 2):
        send(browser, f"/campagnes/{number}/renvoyer", {"sending": str(sending)})
    with database.reading() as session:
        made = schedule.broadcasts_of(session, number)
    assert len(made) == 2
    again = next(one.id for one in made if one.id != sending)
    fanning.fan_out(exchange, again, datetime.now(UTC))
    with database.reading() as session:
        sent = session.query(Message.contact_id).filter_by(broadcast_id=again).all()
    assert sent == [(world.contacts["awa"],)]


def test_those_of_unknown_fate_are_sent_again_but_for_the_stopped(
    signed_in: SignedIn, world: World, database: Database, exchange: Exchange
) -> None:
    number, sending = a_sending(database, world, exchange)
    with database.writing() as session:
        for row in session.query(Message).filter_by(broadcast_id=sending):
            row.state = MessageState.UNKNOWN
        session.get_one(Contact, world.contacts["sory"]).state = ContactState.STOPPED
    browser = signed_in(R.COMMUNICATION)
    assert "deux fois" in browser.get(f"/campagnes/{number}").text
    send(browser, f"/campagnes/{number}/inconnus", {"sending": str(sending)})
    with database.reading() as session:
        found = {row.contact_id: row.state for row in session.query(Message).filter_by(broadcast_id=sending)}
    assert found.pop(world.contacts["sory"]) is MessageState.UNKNOWN
    assert set(found.values()) == {MessageState.QUEUED}


def test_what_was_skipped_is_sent_anyway_once(signed_in: SignedIn, world: World, database: Database, exchange: Exchange) -> None:
    number = a_campaign(database, world, CampaignState.FINISHED, days=-3)
    with database.writing() as session:
        event = session.get_one(Campaign, number).events[0]
        at = datetime.now(UTC)
        row = Occurrence(event_id=event.id, due_at=at - timedelta(days=3), fired_at=at, state=OccurrenceState.SKIPPED)
        session.add(row)
        session.flush()
        occurrence = row.id
    browser = signed_in(R.COMMUNICATION)
    assert "Envoyer quand même" in browser.get(f"/campagnes/{number}").text
    for _time in (1, 2):
        send(browser, f"/campagnes/{number}/envoyer-quand-meme", {"occurrence": str(occurrence)})
    with database.reading() as session:
        assert len(schedule.broadcasts_of(session, number)) == 1


def test_a_paused_gateway_and_a_reached_budget_are_said(
    signed_in: SignedIn, world: World, database: Database, exchange: Exchange
) -> None:
    number, sending = a_sending(database, world, exchange)
    with database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        channel.state, channel.paused_reason = ChannelState.PAUSED, "credit"
        for row in session.query(Message).filter_by(broadcast_id=sending):
            row.state, row.reason = MessageState.HELD, "budget"
    page = signed_in(R.COMMUNICATION).get(f"/campagnes/{number}").text
    assert "plus de crédit chez la passerelle" in page
    assert "le budget est atteint" in page


def test_what_waits_is_the_same_on_every_page_with_why_and_until_when(
    signed_in: SignedIn, world: World, database: Database, exchange: Exchange
) -> None:
    number, sending = a_sending(database, world, exchange)
    with database.writing() as session:
        session.get_one(Broadcast, sending).state = BroadcastState.RUNNING
        rows = session.query(Message).filter_by(broadcast_id=sending).all()
        for row in rows:
            row.not_before, row.reason = datetime.now(UTC) + timedelta(hours=12), "window"
        rows[0].state, rows[0].reason = MessageState.ERRORED, None
        many = len(rows)
    browser = signed_in(R.COMMUNICATION)
    page = browser.get(f"/campagnes/{number}").text
    assert f"<li>{many - 1} : heures permises, ou numéro qui a déjà ses messages ; départ dès" in page.replace("&#39;", "'")
    assert "<li>1 : nouvel essai après un échec ; départ dès" in page
    assert f"{many} SMS ou appels attendent de partir" in browser.get("/").text
    assert f"pour {many} SMS ou appels qui attendent de partir" in browser.get("/campagnes/prevision").text


def test_just_confirmed_it_shows_what_was_estimated_and_says_sent_only_of_what_was_sent(
    signed_in: SignedIn, world: World, database: Database, exchange: Exchange
) -> None:
    number = a_campaign(database, world)
    at = datetime.now(UTC) + timedelta(seconds=2)
    firing.fire_due(exchange, at)
    browser = signed_in(R.COMMUNICATION)
    page = browser.get(f"/campagnes/{number}").text
    assert re.search(r"Programmé pour [1-9]\d* numéros", page)
    assert "estimés" not in page
    assert ">programmé<" in page
    assert "envoyé" not in page
    with database.reading() as session:
        sending = schedule.broadcasts_of(session, number)[0].id
    fanning.fan_out(exchange, sending, at)
    for state, said in ((BroadcastState.RUNNING, ">en cours<"), (BroadcastState.FINISHED, ">terminé<")):
        with database.writing() as session:
            session.get_one(Broadcast, sending).state = state
        page = browser.get(f"/campagnes/{number}").text
        assert said in page
        assert "envoyé" not in page
        assert "Programmé pour" not in page
        assert said in browser.get(f"/calendrier?mois={at:%Y-%m}").text


def test_the_account_is_exported_without_a_number(
    signed_in: SignedIn, world: World, database: Database, exchange: Exchange
) -> None:
    number, _sending = a_sending(database, world, exchange)
    answer = signed_in(R.SUIVI).get(f"/campagnes/{number}/compte.csv")
    assert answer.mimetype == "text/csv"
    assert answer.data.startswith(b"\xef\xbb\xbf"), "or Excel would read the accents wrong"
    assert ";prévus;;8" in answer.text
    assert ";écartés;sans téléphone;caché (< 5)" in answer.text
    assert not re.search(r";[1-4]\r", answer.text), "no small count"
    assert "+223" not in answer.text


@pytest.mark.parametrize("role", [R.LECTURE, R.TERRAIN, R.SUIVI], ids=str)
def test_others_read_and_may_do_nothing(
    signed_in: SignedIn, world: World, database: Database, exchange: Exchange, role: RoleName
) -> None:
    number, sending = a_sending(database, world, exchange)
    browser = signed_in(role)
    page = browser.get(f"/campagnes/{number}").text
    assert "Annuler cet envoi" not in page
    assert "Mettre en pause" not in page
    assert send(browser, f"/campagnes/{number}/annuler-envoi", {"sending": str(sending)}).status_code == 403


def test_a_sending_of_another_campaign_is_not_there(
    signed_in: SignedIn, world: World, database: Database, exchange: Exchange
) -> None:
    number, sending = a_sending(database, world, exchange)
    other = a_campaign(database, world, days=2)
    browser = signed_in(R.COMMUNICATION)
    assert send(browser, f"/campagnes/{other}/annuler-envoi", {"sending": str(sending)}).status_code == 404
    assert browser.get("/campagnes/999").status_code == 404
    assert states(database, sending) == {MessageState.QUEUED}
    assert number != other
