"""Contacts: found by number or name within one's villages, masked until shown, one history, stopped, corrected, erased."""

import re
from datetime import UTC, datetime

import pytest

from clubs.models import Club, Member
from clubs.records import Inquiry, InquiryKind
from console.staff import RoleName
from messaging import contacts, inbox
from messaging.exchange import Exchange
from messaging.gateways.protocol import IncomingSms
from messaging.models import Channel, Consent, Contact, ContactState, Direction, Kind, Message, MessageState, OptOut
from runtime.audit import AuditEntry
from runtime.database import Database
from tests.console.conftest import SignedIn, send
from tests.messaging.fakes import reply
from tests.world import World

R = RoleName


def acts(database: Database) -> list[tuple[str, int | None]]:
    with database.reading() as session:
        rows = session.query(AuditEntry).filter(AuditEntry.action != "signed_in").order_by(AuditEntry.id)
        return [(row.action, row.subject_id) for row in rows]


def wrote(database: Database, world: World, who: str, text: str) -> int:
    """Somebody wrote to us; the message's id."""
    at = datetime.now(UTC)
    with database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        message = inbox.receive(session, channel, IncomingSms(f"x-{text}", world.numbers[who], text, at), at)
        assert message is not None
        return message.id


def received(database: Database, world: World, contact_id: int) -> int:
    """A message nobody answered; its id."""
    at = datetime.now(UTC)
    with database.writing() as session:
        row = Message(direction=Direction.IN, channel_id=world.channel, contact_id=contact_id, text="Allo ?", not_before=at)
        row.created_at, row.state, row.reply_kind = at, MessageState.HANDLED, "NONE"
        session.add(row)
        session.flush()
        return row.id


def test_without_a_contact_the_page_offers_the_import(signed_in: SignedIn) -> None:
    page = signed_in(R.COMMUNICATION).get("/contacts").text
    assert "Aucun contact" in page
    assert 'href="/contacts/import"' in page


@pytest.mark.parametrize("words", ["00 01 00 01", "+22300010001", "0001-0001"], ids=["spaces", "international", "dashes"])
def test_a_number_is_found_however_it_is_written(signed_in: SignedIn, world: World, words: str) -> None:
    page = signed_in(R.COMMUNICATION).get("/contacts", query_string={"q": words}).text
    assert "Awa, Kadia" in page, "both sisters stand behind it"
    assert "00 •• •• 01" in page
    assert "Moussa" not in page
    assert "+22300010001" not in page.replace('value="+22300010001"', "")


@pytest.mark.parametrize("words", ["moussa", "MOUSSÀ", "mou"], ids=["small", "accent", "beginning"])
def test_a_name_is_found_by_its_beginning(signed_in: SignedIn, world: World, words: str) -> None:
    page = signed_in(R.COMMUNICATION).get("/contacts", query_string={"q": words}).text
    assert f'href="/contacts/{world.contacts["moussa"]}"' in page
    assert "Binta" not in page


def test_somebody_without_a_telephone_is_found_by_name_too(signed_in: SignedIn, world: World) -> None:
    page = signed_in(R.COMMUNICATION).get("/contacts?q=hawa").text
    assert "sans téléphone" in page
    assert "Hawa" in page


def test_a_number_that_is_none_is_said(signed_in: SignedIn, world: World) -> None:
    page = signed_in(R.COMMUNICATION).get("/contacts?q=7612345").text
    assert "Ce numéro a 7 chiffres. Il en faut 8." in page
    assert 'id="q-error"' in page
    assert "Moussa" not in page


def test_sory_finds_nothing_of_awa(signed_in: SignedIn, world: World, database: Database) -> None:
    sory = signed_in(R.TERRAIN, villages=frozenset({world.villages[1]}))
    awa = world.contacts["awa"]
    assert "Oumar" in sory.get("/contacts").text
    for words in ("", "awa", "00010001"):
        page = sory.get(f"/contacts?q={words}").text
        assert "Awa" not in page
        assert "00 •• •• 01" not in page
    assert sory.get(f"/contacts/{awa}").status_code == 404
    for act in ("arreter", "langue"):
        assert send(sory, f"/contacts/{awa}/{act}", {"language": "bm"}).status_code == 404
    assert send(sory, f"/numeros/{awa}/afficher").status_code == 404
    with database.reading() as session:
        assert session.get_one(Contact, awa).state is ContactState.ACTIVE
    assert sory.get(f"/contacts/{world.contacts['oumar']}").status_code == 200


@pytest.mark.parametrize("more", [(), (R.SUIVI,), (R.PROTECTION,)], ids=["alone", "suivi", "protection"])
def test_sory_stays_in_his_village_whatever_else_he_may_read(signed_in: SignedIn, world: World, more: tuple[RoleName]) -> None:
    sory = signed_in(R.TERRAIN, *more, villages=frozenset({world.villages[1]}))
    assert sory.get(f"/contacts/{world.contacts['awa']}").status_code == 404
    assert sory.get(f"/contacts/{world.contacts['oumar']}").status_code == 200


@pytest.mark.parametrize("case", ["left", "club"])
def test_every_page_agrees_on_whose_number_it_is(signed_in: SignedIn, world: World, database: Database, case: str) -> None:
    """A member who left is nobody's any more; a club's own phone is its village's."""
    oumar, there = world.contacts["oumar"], case == "club"
    number = received(database, world, oumar)
    with database.writing() as session:
        session.get_one(Member, world.members["oumar"]).left_at = datetime.now(UTC)
        if there:
            session.get_one(Club, world.clubs["2043"]).phone_id = oumar
    sory = signed_in(R.TERRAIN, villages=frozenset({world.villages[1]}))
    expected = 200 if there else 404
    assert sory.get(f"/contacts/{oumar}").status_code == expected
    assert sory.get(f"/simulateur/ecran/{oumar}").status_code == expected
    assert ("Allo" in sory.get("/reception?vue=messages").text) is there
    assert send(sory, f"/numeros/{oumar}/afficher").status_code == (303 if there else 404)
    assert send(sory, f"/reception/message/{number}").status_code == (303 if there else 404)


def test_showing_a_number_is_written_down(signed_in: SignedIn, world: World, database: Database) -> None:
    browser, awa = signed_in(R.COMMUNICATION), world.contacts["awa"]
    assert "+22300010001" not in browser.get(f"/contacts/{awa}").text
    answer = send(browser, f"/numeros/{awa}/afficher", {"_page": f"/contacts/{awa}"})
    assert "+22300010001" in browser.get(answer.headers["Location"]).text
    assert acts(database) == [("number_shown", awa)]
    assert "+22300010001" not in browser.get(f"/contacts/{awa}").text, "once"


def test_one_number_has_one_history_and_its_proof(signed_in: SignedIn, world: World, database: Database) -> None:
    wrote(database, world, "awa", "AIDE SVP")
    page = signed_in(R.COMMUNICATION).get(f"/contacts/{world.contacts['awa']}").text
    assert "AIDE SVP" in page
    assert "SMS reçu" in page
    assert "page 1" in page, "the register page proves the consent"
    assert "recevoir des messages" in page
    assert "Kadia" in page


def test_a_disclosure_is_not_told_on_the_history(signed_in: SignedIn, world: World, database: Database) -> None:
    message = wrote(database, world, "awa", "on me frappe")
    with database.writing() as session:
        at = datetime.now(UTC)
        row = Inquiry(number=1, kind=InquiryKind.PROTECTION, contact_id=world.contacts["awa"], received_at=at, due_at=at)
        row.message_id = message
        session.add(row)
    address = f"/contacts/{world.contacts['awa']}"
    assert "frappe" not in signed_in(R.COMMUNICATION).get(address).text
    assert "frappe" in signed_in(R.COMMUNICATION, R.PROTECTION).get(address).text


def test_a_stop_by_word_of_mouth_ends_the_sendings(signed_in: SignedIn, world: World, database: Database) -> None:
    browser, awa = signed_in(R.COMMUNICATION), world.contacts["awa"]
    for _time in (1, 2):
        assert send(browser, f"/contacts/{awa}/arreter").status_code == 303
    with database.reading() as session:
        assert session.get_one(Contact, awa).state is ContactState.STOPPED
        assert session.query(OptOut).filter_by(contact_id=awa).count() == 1
    assert acts(database) == [("stop_contact", awa)]
    page = browser.get(f"/contacts/{awa}").text
    assert "désinscrit" in page
    assert "Ne plus lui écrire" not in page


def test_an_sms_that_waits_is_kept_back_and_let_go(signed_in: SignedIn, world: World, exchange: Exchange) -> None:
    browser, awa, at = signed_in(R.COMMUNICATION), world.contacts["awa"], datetime.now(UTC)
    with exchange.database.writing() as session:
        message = reply(session, exchange, world, "awa", at).id
        theirs = reply(session, exchange, world, "binta", at).id
    sms = f"/contacts/{awa}/sms/{message}"

    assert "Laisser partir" not in browser.get(f"/contacts/{awa}").text
    assert send(browser, f"{sms}/retenir").status_code == 303
    page = browser.get(f"/contacts/{awa}").text
    assert "mis de côté" in page
    assert ">Retenir<" not in page
    assert send(browser, f"{sms}/laisser-partir").status_code == 303
    assert ">Retenir<" in browser.get(f"/contacts/{awa}").text
    assert acts(exchange.database) == [("message.hold", message), ("message.unhold", message)]

    assert send(browser, f"/contacts/{awa}/sms/{theirs}/retenir").status_code == 404
    with exchange.database.writing() as session:
        session.get_one(Message, message).state = MessageState.HELD  # by a budget
        session.get_one(Message, message).reason = "budget"
    send(browser, f"{sms}/laisser-partir")
    page = browser.get(f"/contacts/{awa}").text
    assert "mis de côté" in page
    assert "Laisser partir" not in page


@pytest.mark.parametrize(
    ("act", "state", "told"),
    [("rien-a-signaler", ContactState.ACTIVE, "settle_doubt"), ("arreter", ContactState.STOPPED, "stop_contact")],
    ids=["nothing", "stop"],
)
def test_a_number_in_doubt_is_listed_until_somebody_says_what_it_meant(
    signed_in: SignedIn, world: World, database: Database, act: str, state: ContactState, told: str
) -> None:
    awa, at = world.contacts["awa"], datetime.now(UTC)
    with database.writing() as session:
        contacts.raise_doubt(session.get_one(Contact, awa), at, "stop")
        held = Message(direction=Direction.OUT, channel_id=world.channel, contact_id=awa, kind=Kind.PUSH, not_before=at)
        held.created_at, held.state, held.reason = at, MessageState.HELD, "doubt"
        session.add(held)
    browser = signed_in(R.COMMUNICATION)
    assert "1 numéro à relire" in browser.get("/").text
    listed = browser.get("/contacts?vue=a-relire").text
    assert f'href="/contacts/{awa}"' in listed
    assert f'href="/contacts/{world.contacts["moussa"]}"' not in listed
    page = browser.get(f"/contacts/{awa}").text
    assert "Rien à signaler" in page
    assert "C&#39;était un STOP" in page
    for _time in (1, 2):
        assert send(browser, f"/contacts/{awa}/{act}").status_code == 303
    with database.reading() as session:
        contact, message = session.get_one(Contact, awa), session.query(Message).filter_by(contact_id=awa).one()
        assert (contact.state, contact.doubt_at) == (state, None)
        assert message.state is (MessageState.QUEUED if act == "rien-a-signaler" else MessageState.SUPPRESSED)
    assert acts(database) == [(told, awa)]
    assert "numéro à relire" not in browser.get("/").text
    assert "Rien à signaler" not in browser.get(f"/contacts/{awa}").text


def test_the_language_is_corrected(signed_in: SignedIn, world: World, database: Database) -> None:
    browser, awa = signed_in(R.COMMUNICATION), world.contacts["awa"]
    assert send(browser, f"/contacts/{awa}/langue", {"language": "dts"}).status_code == 303
    assert send(browser, f"/contacts/{awa}/langue", {"language": "xx"}).status_code == 400
    with database.reading() as session:
        assert session.get_one(Contact, awa).language == "dts"


def test_erased_nothing_of_a_number_is_left_but_its_stop(signed_in: SignedIn, world: World, database: Database) -> None:
    wrote(database, world, "awa", "AIDE SVP")
    browser, awa = signed_in(R.ADMINISTRATION), world.contacts["awa"]
    address = f"/contacts/{awa}/effacer"
    assert "Les noms de 2" in browser.get(address).text
    assert send(browser, address).status_code == 422, "not without the box"
    assert send(browser, address, {"sure": "1"}).status_code == 303
    with database.reading() as session:
        contact = session.get_one(Contact, awa)
        assert (contact.state, contact.number) == (ContactState.ERASED, None)
        assert contacts.find(session, world.numbers["awa"]) is None
        assert [row.text for row in session.query(Message).filter_by(contact_id=awa)] == [None]
        assert session.get_one(Member, world.members["awa"]).name is None
        assert session.get_one(Member, world.members["kadia"]).name is None
        assert session.get_one(Member, world.members["moussa"]).name == "Moussa"
        assert {row.witness for row in session.query(Consent).filter_by(contact_id=awa)} == {None}
    with database.writing() as session:
        again = contacts.find_or_create(session, world.numbers["awa"], datetime.now(UTC))
        assert again.id != awa
        assert again.state is ContactState.STOPPED
    assert ("erase_contact", awa) in acts(database)


def test_only_administration_erases(signed_in: SignedIn, world: World) -> None:
    browser, awa = signed_in(R.COMMUNICATION), world.contacts["awa"]
    assert "Effacer" not in browser.get(f"/contacts/{awa}").text
    assert send(browser, f"/contacts/{awa}/effacer", {"sure": "1"}).status_code == 403


@pytest.mark.parametrize("role", [R.LECTURE, R.LANGUE, R.SUIVI], ids=str)
def test_partners_translators_and_evaluators_see_no_contact(signed_in: SignedIn, world: World, role: RoleName) -> None:
    browser = signed_in(role)
    assert browser.get("/contacts").status_code == 403
    assert not re.search(r'href="/contacts"', browser.get("/").text)
