"""Boîte de réception: sorted, answered, put apart for Protection, read again; and who sees none of it."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from clubs import inquiries
from clubs.records import Inquiry, InquiryKind, InquiryState, Report, ReportState
from console.answering import read_again
from console.forms import Typed
from console.staff import Draft, RoleName
from console.words import bare
from messaging.contacts import stop
from messaging.models import Contact, Direction, Kind, Message, MessageState, OpenPrompt, PromptKind
from runtime.database import Database
from tests.console.conftest import SignedIn, send
from tests.world import World

R = RoleName
NOW = datetime.now(UTC)
PARTS = {
    R.COMMUNICATION: "vue=questions",
    R.TERRAIN: "vue=rapports",
    R.VALIDATION: "vue=questions",
    R.PROTECTION: "vue=signalements",
}


def received(database: Database, world: World, name: str, text: str, **more: object) -> int:
    with database.writing() as session:
        fields = {"state": MessageState.HANDLED, "reply_kind": "INFO", **more}
        row = Message(
            direction=Direction.IN,
            channel_id=world.channel,
            contact_id=world.contacts[name],
            kind=Kind.REPLY,
            text=text,
            not_before=NOW,
            created_at=NOW,
            handling_failures=fields.pop("handling_failures", 0),
            **fields,
        )
        session.add(row)
        session.flush()
        return row.id


def asked(
    database: Database, world: World, name: str = "awa", kind: InquiryKind = InquiryKind.UNSORTED, text: str = "Le mil suffit ?"
) -> int:
    message = received(database, world, name, text)
    with database.writing() as session:
        row = Inquiry(
            number=message,
            kind=kind,
            contact_id=world.contacts[name],
            message_id=message,
            text=text,
            received_at=NOW,
            due_at=NOW + timedelta(days=7),
        )
        session.add(row)
        session.flush()
        return row.id


def unsettled(database: Database, world: World, state: ReportState, name: str = "moussa", text: str = "CR 12 18") -> int:
    message = received(database, world, name, text)
    code = {"moussa": "1032", "sory": "2043"}[name]
    with database.writing() as session:
        row = Report(
            number=None if state is ReportState.DRAFT else 57,
            kind="CR",
            club_id=world.clubs[code],
            session_date=NOW.date(),
            values={"theme": 12, "women": 95, "men": 40},
            state=state,
            contact_id=world.contacts[name],
            message_id=message,
            reported_at=NOW,
        )
        session.add(row)
        session.flush()
        if state is ReportState.HELD:
            prompt = OpenPrompt(contact_id=row.contact_id, kind=PromptKind.HOLD, subject_id=57, opened_at=NOW)
            prompt.expires_at = NOW + timedelta(days=1)
            session.add(prompt)
        return row.id


def inquiry(database: Database, number: int) -> Inquiry:
    with database.reading() as session:
        return session.get_one(Inquiry, number)


def replies(database: Database) -> list[tuple[str | None, int | None]]:
    with database.reading() as session:
        rows = session.query(Message).filter_by(direction=Direction.OUT).order_by(Message.id)
        return [(row.text, row.answers_id) for row in rows]


@pytest.mark.parametrize("role", PARTS, ids=str)
@pytest.mark.parametrize("part", ["", "questions", "messages", "rapports", "signalements", "traites"])
def test_with_nothing_waiting_every_part_says_so(signed_in: SignedIn, role: RoleName, part: str) -> None:
    page = signed_in(role).get(f"/reception?vue={part}")
    assert page.status_code == 200
    assert 'class="empty"' in page.text
    assert "traité" in page.text


def test_a_question_is_sorted_then_answered_by_sms(signed_in: SignedIn, world: World, database: Database) -> None:
    number, browser = asked(database, world, kind=InquiryKind.UNSORTED), signed_in(R.COMMUNICATION)
    page = browser.get("/reception").text
    assert "Le mil suffit" in page
    assert "00 •• •• 01" in page
    assert "+22300010001" not in page
    address = f"/reception/question/{number}"
    assert "pas encore trié" in send(browser, address, {"text": "Merci de votre mot."}).text
    assert send(browser, f"{address}/trier", {"kind": "testimony"}).status_code == 303
    assert send(browser, address, {"text": ""}).status_code == 422
    assert send(browser, address, {"text": "Merci de votre mot."}).status_code == 303
    row = inquiry(database, number)
    assert (row.state, row.answer) == (InquiryState.ANSWERED, "Merci de votre mot.")
    assert replies(database) == [("Merci de votre mot.", row.message_id)]
    assert "Tout est traité" in browser.get("/reception").text
    assert "Merci de votre mot." in browser.get(address).text
    again = send(browser, address, {"text": "Encore."})
    assert again.status_code == 422
    assert "déjà répondu" in again.text
    assert len(replies(database)) == 1


def test_a_complaint_gets_one_receipt_number(signed_in: SignedIn, world: World, database: Database) -> None:
    number, browser = asked(database, world), signed_in(R.COMMUNICATION)
    for kind in ("complaint", "testimony", "complaint"):
        send(browser, f"/reception/question/{number}/trier", {"kind": kind})
    receipt = inquiry(database, number).receipt_number
    assert receipt
    assert receipt.startswith("P")
    assert receipt in browser.get(f"/reception/question/{number}").text
    assert send(browser, f"/reception/question/{number}/trier", {"kind": "autre"}).status_code == 400


def test_a_disclosure_is_at_once_for_protection_alone(signed_in: SignedIn, world: World, database: Database) -> None:
    number, fanta = asked(database, world, text="On me frappe"), signed_in(R.COMMUNICATION)
    assert send(fanta, f"/reception/question/{number}/trier", {"kind": "protection"}).headers["Location"] == "/reception"
    for role in (R.COMMUNICATION, R.TERRAIN, R.VALIDATION):
        browser = signed_in(role, villages=frozenset(world.villages))
        assert browser.get(f"/reception/question/{number}").status_code == 404
        assert send(browser, f"/reception/question/{number}/classer").status_code == 404
        for part in ("questions", "messages", "traites", "signalements"):
            assert "frappe" not in browser.get(f"/reception?vue={part}").text
    other = asked(database, world)
    assert "frappe" not in fanta.get(f"/reception/question/{other}").text, "nor in the phone's last messages"
    keeper = signed_in(R.PROTECTION)
    assert "frappe" in keeper.get("/reception").text
    assert "frappe" in keeper.get(f"/reception/question/{number}").text
    assert keeper.get(f"/reception/question/{other}").status_code == 404
    assert send(keeper, f"/reception/question/{number}", {"text": "Nous vous rappelons demain."}).status_code == 303
    assert replies(database)[0][0] == "Nous vous rappelons demain."
    for path in (f"/reception/question/{other}", f"/contacts/{world.contacts['awa']}"):
        page = fanta.get(path).text
        assert "Le mil suffit" in page
        assert "rappelons" not in page, "an answer tells what was said"


def test_a_health_answer_waits_for_validation_unless_it_is_an_approved_one(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    number, fanta = asked(database, world, kind=InquiryKind.NUTRITION), signed_in(R.COMMUNICATION)
    address = f"/reception/question/{number}"
    assert send(fanta, address, {"text": "Ajoutez du haricot."}).status_code == 303
    assert replies(database) == []
    nurse = signed_in(R.VALIDATION)
    assert "Le mil suffit" in nurse.get("/reception").text
    assert "Ajoutez du haricot." in nurse.get(address).text
    assert send(nurse, address, {"text": "Ajoutez du haricot et un oeuf."}).status_code == 303
    assert [text for text, _ in replies(database)] == ["Ajoutez du haricot et un oeuf."]
    other = asked(database, world, kind=InquiryKind.NUTRITION)
    assert nurse.get(f"/reception/question/{other}").status_code == 404, "only what waits for Validation"
    stock = str(world.variants["repas-en-plus"])
    assert send(fanta, f"/reception/question/{other}", {"stock": stock}).status_code == 303
    assert replies(database)[1][0] == "Enceinte, mangez un petit repas de plus chaque jour."


def test_who_opted_out_after_asking_is_not_written_to(signed_in: SignedIn, world: World, database: Database) -> None:
    number, browser = asked(database, world, kind=InquiryKind.TESTIMONY), signed_in(R.COMMUNICATION)
    with database.writing() as session:
        stop(session, session.get_one(Contact, world.contacts["awa"]), NOW + timedelta(minutes=1), "sms")
    address = f"/reception/question/{number}"
    assert "désinscrite après son message" in browser.get(address).text
    assert send(browser, address, {"text": "Merci."}).status_code == 422
    assert replies(database) == []


def test_a_colleague_who_is_typing_shows(signed_in: SignedIn, world: World, database: Database) -> None:
    number, browser = asked(database, world), signed_in(R.COMMUNICATION)
    send(signed_in(R.COMMUNICATION), "/brouillon", {"_draft": f"inbox-answer-{number}", "text": "Bonj"})
    assert "écrit une réponse" in browser.get(f"/reception/question/{number}").text
    with database.writing() as session:
        session.query(Draft).update({"saved_at": NOW - timedelta(hours=1)})
    assert "écrit une réponse" not in browser.get(f"/reception/question/{number}").text


def test_a_question_put_away_can_be_taken_back(signed_in: SignedIn, world: World, database: Database) -> None:
    number, browser = asked(database, world), signed_in(R.COMMUNICATION)
    assert send(browser, f"/reception/question/{number}/classer").status_code == 303
    assert "Le mil suffit" in browser.get("/reception?vue=traites").text
    assert send(browser, f"/reception/question/{number}/classer").status_code == 303
    assert inquiry(database, number).state is InquiryState.OPEN


@pytest.mark.parametrize(
    "how",
    [{"reply_kind": "NONE"}, {"state": MessageState.RECEIVED, "handling_failures": 3, "reply_kind": None}],
    ids=["handled without an answer", "failed three times"],
)
def test_a_message_nobody_answered_becomes_a_question(
    signed_in: SignedIn, world: World, database: Database, how: dict[str, object]
) -> None:
    number, browser = received(database, world, "awa", "Allo ?", **how), signed_in(R.COMMUNICATION)
    ignored = received(database, world, "binta", "Votre solde", reply_kind="NONE", reason="machine")
    page = browser.get("/reception?vue=messages").text
    assert "Allo ?" in page
    assert "Votre solde" not in page
    assert send(browser, f"/reception/message/{ignored}").status_code == 404
    answer = send(browser, f"/reception/message/{number}")
    assert "Allo ?" in browser.get(answer.headers["Location"]).text
    assert "Allo ?" not in browser.get("/reception?vue=messages").text
    assert send(browser, f"/reception/message/{number}").status_code == 404


def test_who_mends_a_text_a_colleague_has_just_settled_is_told(app: Flask, world: World, database: Database) -> None:
    number = asked(database, world, "moussa", text="seans 12 18 7")
    with database.reading() as session:
        seen = session.get_one(Inquiry, number)
        sent = session.get_one(Message, seen.message_id)
    with database.writing() as session:
        inquiries.close(session, session.get_one(Inquiry, number))
    form = Typed({"text": "CR 12 18 7"}, sent=True)
    with app.test_request_context("/"):
        assert read_again(form, sent, None, seen) is None
    assert list(form.errors.values()) == ["Un collègue a déjà traité ce message."]
    with database.reading() as session:
        assert session.query(Report).count() == 0


def test_a_draft_is_mended_and_read_again_as_its_senders(signed_in: SignedIn, world: World, database: Database) -> None:
    number, browser = unsettled(database, world, ReportState.DRAFT), signed_in(R.COMMUNICATION)
    page = browser.get("/reception?vue=rapports").text
    assert "CR 12 18" in page
    address = f"/reception/rapport/{number}"
    wrong = send(browser, address, {"text": "CR 12 18"})
    assert wrong.status_code == 422
    assert 'id="text-error"' in wrong.text
    assert send(browser, address, {"text": "Bonjour"}).status_code == 422
    assert replies(database) == []
    assert send(browser, address, {"text": "CR 12 18 7"}).status_code == 303
    with database.reading() as session:
        states = {row.state: row.values for row in session.query(Report)}
    assert states[ReportState.VALID] == {"theme": 12, "women": 18, "men": 7}
    assert ReportState.DRAFT not in states
    assert "18 femmes" in (replies(database)[0][0] or "")
    assert browser.get(address).status_code == 404


def test_a_text_nobody_understood_can_be_read_as_a_report(signed_in: SignedIn, world: World, database: Database) -> None:
    number, browser = asked(database, world, "moussa", text="seans 12 18 7"), signed_in(R.COMMUNICATION)
    assert send(browser, f"/reception/question/{number}/relire", {"text": "CR 12 18 7"}).status_code == 303
    assert inquiry(database, number).state is InquiryState.CLOSED
    with database.reading() as session:
        assert [row.state for row in session.query(Report)] == [ReportState.VALID]


@pytest.mark.parametrize("state", [ReportState.HELD, ReportState.UNVERIFIED], ids=str)
@pytest.mark.parametrize(("accept", "becomes"), [("1", ReportState.VALID), ("", ReportState.CANCELLED)], ids=["accept", "refuse"])
def test_a_waiting_report_is_accepted_or_refused_once(
    signed_in: SignedIn, world: World, database: Database, state: ReportState, accept: str, becomes: ReportState
) -> None:
    number, browser = unsettled(database, world, state), signed_in(R.TERRAIN, villages=frozenset({world.villages[0]}))
    assert send(browser, f"/reception/rapport/{number}/decider", {"accept": accept}).status_code == 303
    with database.reading() as session:
        assert session.get_one(Report, number).state is becomes
        assert session.query(OpenPrompt).filter_by(closed_at=None).count() == 0, "a later OUI answers nothing"
    assert send(browser, f"/reception/rapport/{number}/decider", {"accept": "1"}).status_code == 404


def test_a_draft_can_be_put_away(signed_in: SignedIn, world: World, database: Database) -> None:
    number, browser = unsettled(database, world, ReportState.DRAFT), signed_in(R.COMMUNICATION)
    assert send(browser, f"/reception/rapport/{number}/decider", {"accept": "1"}).status_code == 303
    with database.reading() as session:
        assert session.get_one(Report, number).state is ReportState.CANCELLED


def test_sory_sees_nothing_of_awas_village(signed_in: SignedIn, world: World, database: Database) -> None:
    question, draft = asked(database, world), unsettled(database, world, ReportState.DRAFT)
    silent = received(database, world, "awa", "Allo ?", reply_kind="NONE")
    sory = signed_in(R.TERRAIN, villages=frozenset({world.villages[1]}))
    for part in ("questions", "messages", "rapports", "traites"):
        page = sory.get(f"/reception?vue={part}").text
        assert not any(words in page for words in ("Le mil suffit", "CR 12 18", "Allo ?"))
    for path in (f"question/{question}", f"question/{question}/relire", f"rapport/{draft}"):
        assert sory.get(f"/reception/{path}").status_code == 404
        assert send(sory, f"/reception/{path}", {"text": "CR 12 18 7"}).status_code == 404
    for path in (f"question/{question}/trier", f"question/{question}/classer", f"message/{silent}", f"rapport/{draft}/decider"):
        assert send(sory, f"/reception/{path}", {"kind": "complaint", "accept": "1"}).status_code == 404
    moussa = signed_in(R.TERRAIN, villages=frozenset({world.villages[0]}))
    assert "Le mil suffit" in moussa.get("/reception").text
    assert moussa.get(f"/reception/rapport/{draft}").status_code == 200


@pytest.mark.parametrize(
    ("kind", "phone", "said", "texts"),
    [
        pytest.param(
            InquiryKind.COMPLAINT, "00 01 00 01", "La personne le reçoit par SMS", 1, id="a complaint, by a known number"
        ),
        pytest.param(InquiryKind.COMPLAINT, "", "Dites ce numéro à la personne", 0, id="a complaint on paper"),
        pytest.param(InquiryKind.NUTRITION, "00 01 00 01", "Noté sous le n°", 0, id="a question"),
        pytest.param(InquiryKind.PROTECTION, "", "Seule la Protection", 0, id="a disclosure"),
    ],
)
def test_what_was_said_or_written_on_paper_is_written_down_and_gets_its_receipt(
    signed_in: SignedIn, world: World, database: Database, kind: InquiryKind, phone: str, said: str, texts: int
) -> None:
    fanta = signed_in(R.COMMUNICATION)
    typed = {"kind": kind.value, "text": "Le sac est arrivé ouvert.", "club": "1032", "phone": phone}
    answer = send(fanta, "/reception/noter", typed)
    assert answer.status_code == 303
    assert said in bare(fanta.get(answer.headers["Location"]).text)
    with database.reading() as session:
        row = session.query(Inquiry).one()
        assert (row.kind, row.club_id, row.text) == (kind, world.clubs["1032"], typed["text"])
        assert (row.receipt_number is not None) is (kind is InquiryKind.COMPLAINT)
        sent = [str(each.text) for each in session.query(Message).filter_by(direction=Direction.OUT)]
        assert len(sent) == texts
        assert all(str(row.receipt_number) in text and "plainte" not in text.lower() for text in sent)


def test_nothing_is_written_down_for_a_club_or_a_number_of_others(signed_in: SignedIn, world: World, database: Database) -> None:
    sory = signed_in(R.TERRAIN, villages=frozenset({world.villages[1]}))
    typed = {"kind": "complaint", "text": "?", "club": "1032", "phone": ""}
    assert send(sory, "/reception/noter", typed).status_code == 422
    assert send(sory, "/reception/noter", {**typed, "club": ""}).status_code == 422
    assert send(sory, "/reception/noter", {**typed, "club": "2043", "phone": "00 01 00 01"}).status_code == 422
    assert send(sory, "/reception/noter", {**typed, "club": "2043"}).status_code == 303
    with database.reading() as session:
        assert session.query(Inquiry).one().club_id == world.clubs["2043"]
