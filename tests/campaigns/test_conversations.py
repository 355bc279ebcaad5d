"""What an SMS changes and how it is answered; whole conversations stand in tests/transcripts."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from campaigns import conversations, quizzes
from campaigns.models import Answer, Question
from clubs.models import Member
from clubs.records import Inquiry, InquiryState, Report
from messaging import contacts, inbox
from messaging.exchange import Exchange
from messaging.gateways.protocol import IncomingSms
from messaging.models import (
    Broadcast,
    BroadcastState,
    Channel,
    Consent,
    Contact,
    ContactState,
    Direction,
    Message,
    MessageState,
    OpenPrompt,
    PromptKind,
    Purpose,
    Route,
)
from tests.world import NUMBERS, World

STRANGER = "+22300019999"
HOUR = timedelta(hours=1)


def receive(exchange: Exchange, world: World, number: str, text: str, now: datetime, provider_at: datetime | None = None) -> int:
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        key = f"{number} {now.isoformat()} {text}"
        message = inbox.receive(session, channel, IncomingSms(key, number, text, provider_at), now)
        assert message is not None
        return message.id


def said(exchange: Exchange, message_id: int) -> str:
    with exchange.database.reading() as session:
        return " | ".join(str(row.text) for row in session.scalars(select(Message).where(Message.answers_id == message_id)))


def talk(exchange: Exchange, world: World, who: str, text: str, now: datetime) -> str:
    """Send a text and give back the reply."""
    id_ = receive(exchange, world, NUMBERS.get(who, who), text, now)
    conversations.on_sms(exchange, id_, now)
    return said(exchange, id_)


def asked(exchange: Exchange, world: World, who: str, now: datetime, phase: str | None = None) -> None:
    """A quiz question that left for one phone at `now`."""
    with exchange.database.writing() as session:
        row = Broadcast(
            title="Quiz",
            content_id=world.contents["quiz-repas"],
            route=Route.SMS,
            audience={},
            state=BroadcastState.RUNNING,
            due_at=now,
            not_before=now,
            expires_at=now + 24 * HOUR,
            phase=phase,
            created_at=now,
        )
        session.add(row)
        session.flush()
        message = Message(
            direction=Direction.OUT,
            channel_id=world.channel,
            contact_id=world.contacts[who],
            broadcast_id=row.id,
            state=MessageState.WIRED,
            not_before=now,
            created_at=now,
            wired_at=now,
        )
        session.add(message)


def answers(exchange: Exchange) -> list[tuple[int, bool, bool]]:
    with exchange.database.reading() as session:
        return [(row.key, row.right, row.scored) for row in session.scalars(select(Answer).order_by(Answer.id))]


def test_a_facilitators_report_is_stored_and_echoed(exchange: Exchange, world: World, now: datetime) -> None:
    reply = talk(exchange, world, "moussa", "CR 12 18 7 9 1", now)
    assert reply.startswith("Merci. No 1: club 1032")
    with exchange.database.reading() as session:
        report = session.scalars(select(Report)).one()
        message = session.get_one(Message, report.message_id)
        assert (report.values["women"], message.state, message.reply_kind) == (18, MessageState.HANDLED, "ACK")
        assert message.parse is not None
        assert (message.parse["kind"], message.parse["values"]["women"]) == ("CR", 18)
        assert "reply" not in message.parse
        assert "note" not in message.parse["values"]


def test_a_right_digit_is_scored_and_explained(exchange: Exchange, world: World, now: datetime) -> None:
    asked(exchange, world, "awa", now, "before")
    reply = talk(exchange, world, "awa", "1", now + HOUR)
    assert reply == "Oui, c'est juste. Oui: un petit repas de plus chaque jour aide la mère et le bébé."
    with exchange.database.reading() as session:
        answer = session.scalars(select(Answer)).one()
        assert (answer.phase, answer.language, answer.contact_id) == ("before", "fr", world.contacts["awa"])
        assert answer.broadcast_id is not None
        assert session.scalars(select(OpenPrompt)).one().closed_at is not None


def test_a_wrong_digit_is_answered_kindly_and_a_second_thought_kept(exchange: Exchange, world: World, now: datetime) -> None:
    asked(exchange, world, "awa", now)
    assert talk(exchange, world, "awa", "2", now + HOUR).startswith("Merci de votre réponse. A retenir:")
    assert talk(exchange, world, "awa", "1", now + 2 * HOUR).startswith("Merci, votre première réponse est déjà notée.")
    assert answers(exchange) == [(2, False, True), (1, True, False)]


def test_a_late_digit_is_kept_unscored(exchange: Exchange, world: World, now: datetime) -> None:
    asked(exchange, world, "awa", now)
    assert "gardée" in talk(exchange, world, "awa", "1", now + 73 * HOUR)
    assert answers(exchange) == [(1, True, False)]


def test_a_digit_out_of_range_asks_again(exchange: Exchange, world: World, now: datetime) -> None:
    asked(exchange, world, "awa", now)
    assert "7" in talk(exchange, world, "awa", "7", now + HOUR)
    assert answers(exchange) == []


def test_a_digit_nobody_asked_for(exchange: Exchange, world: World, now: datetime) -> None:
    assert talk(exchange, world, "awa", "2", now).startswith("Merci. Nous n'attendons pas de réponse")
    asked(exchange, world, "awa", now)
    talk(exchange, world, "awa", "1", now + HOUR)
    assert talk(exchange, world, "awa", "9", now + 2 * HOUR).startswith("Merci. Nous n'attendons pas de réponse")
    assert len(answers(exchange)) == 1


def test_a_closed_quiz_says_so(exchange: Exchange, world: World, now: datetime) -> None:
    asked(exchange, world, "awa", now)
    with exchange.database.writing() as session:
        quizzes.close(session.get_one(Question, world.question).quiz)
    assert talk(exchange, world, "awa", "1", now + HOUR).startswith("Merci. Cette question est terminée")


def test_a_question_without_explanation_is_answered_in_one_sentence(exchange: Exchange, world: World, now: datetime) -> None:
    asked(exchange, world, "awa", now)
    with exchange.database.writing() as session:
        session.get_one(Question, world.question).explanation_id = None
    assert talk(exchange, world, "awa", "1", now + HOUR) == "Oui, c'est juste."


def test_stop_then_oui_twice_comes_back_with_a_proven_consent(exchange: Exchange, world: World, now: datetime) -> None:
    awa = world.contacts["awa"]
    assert talk(exchange, world, "awa", "STOP", now).startswith("C'est noté: Lamen ne vous enverra plus")
    assert "Tapez OUI ou NON" in talk(exchange, world, "awa", "OUI", now + HOUR)
    with exchange.database.reading() as session:
        assert session.get_one(Contact, awa).state is ContactState.STOPPED
    assert talk(exchange, world, "awa", "oui", now + 2 * HOUR).startswith("Merci, votre accord est noté.")
    with exchange.database.reading() as session:
        assert session.get_one(Contact, awa).state is ContactState.ACTIVE
        for purpose in (Purpose.PUSH, Purpose.CALL):
            assert contacts.has_consent(session, awa, purpose)
        given = session.scalars(select(Consent).where(Consent.contact_id == awa, Consent.via == "sms")).first()
        assert given is not None
        assert (given.script_version, given.language) == ("sms-shipped", "fr")


def test_stop_then_oui_then_non_stays_stopped(exchange: Exchange, world: World, now: datetime) -> None:
    talk(exchange, world, "awa", "STOP", now)
    talk(exchange, world, "awa", "OUI", now + HOUR)
    assert talk(exchange, world, "awa", "NON", now + 2 * HOUR).startswith("C'est noté, vous ne recevrez pas")
    with exchange.database.reading() as session:
        assert session.get_one(Contact, world.contacts["awa"]).state is ContactState.STOPPED


def test_an_announced_number_joins_by_its_own_oui(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        contacts.find_or_create(session, STRANGER, now, state=ContactState.ANNOUNCED)
    assert talk(exchange, world, STRANGER, "bonjour", now)
    assert talk(exchange, world, STRANGER, "OUI", now + HOUR).startswith("Bienvenue.")
    with exchange.database.reading() as session:
        contact = contacts.find(session, STRANGER)
        assert contact is not None
        assert contact.state is ContactState.ACTIVE
        assert contacts.has_consent(session, contact.id, Purpose.PUSH)
        kinds = list(session.scalars(select(OpenPrompt.kind)))
        assert kinds == [PromptKind.JOIN]


def test_langue_sets_the_phones_language_by_word_or_by_digit(exchange: Exchange, world: World, now: datetime) -> None:
    assert "bambara" in talk(exchange, world, "awa", "LANGUE 2", now)
    assert "LANGUE 2" in talk(exchange, world, "awa", "LANGUE", now + HOUR)
    assert "peul" in talk(exchange, world, "awa", "3", now + 2 * HOUR)
    with exchange.database.reading() as session:
        assert session.get_one(Contact, world.contacts["awa"]).language == "ffm"


def test_help_fits_who_asks_and_a_second_one_calls_staff(exchange: Exchange, world: World, now: datetime) -> None:
    assert talk(exchange, world, "awa", "AIDE", now).startswith("Lamen. Tapez Q et votre question")
    assert "CR thème femmes hommes" in talk(exchange, world, "moussa", "AIDE", now)
    assert "numéro de demande 1" in talk(exchange, world, "awa", "AIDE", now + HOUR)
    with exchange.database.reading() as session:
        assert session.scalars(select(Inquiry)).one().contact_id == world.contacts["awa"]


def test_whoever_waits_for_a_call_opens_no_second_request_and_still_has_a_keyword_explained(
    exchange: Exchange, world: World, now: datetime
) -> None:
    replies = [
        talk(exchange, world, "moussa", text, now + minute * HOUR / 60)
        for minute, text in enumerate(("AIDE", "AIDE CR", "AIDE", "AIDE", "AIDE CR", "AIDE"))
    ]
    assert [bool(re.search("numéro de demande 1[.]", reply)) for reply in replies] == [False, False, True, True, False, True]
    assert replies[1] == replies[4]
    assert "jeunes radio(1/0)" in replies[1]
    with exchange.database.writing() as session:
        session.scalars(select(Inquiry)).one().state = InquiryState.CLOSED
    assert "numéro de demande 2." in talk(exchange, world, "moussa", "AIDE", now + HOUR)


@pytest.mark.parametrize(
    ("who", "starts"),
    [
        pytest.param("awa", "Merci, votre message nous est bien parvenu", id="member"),
        pytest.param(STRANGER, "Ici Lamen", id="stranger"),
    ],
)
def test_what_nobody_can_read_goes_to_the_inbox(exchange: Exchange, world: World, now: datetime, who: str, starts: str) -> None:
    assert talk(exchange, world, who, "Bonjour comment ca va", now).startswith(starts)
    with exchange.database.reading() as session:
        assert session.scalars(select(Inquiry.text)).one() == "Bonjour comment ca va"


def test_a_question_becomes_an_inquiry_with_a_number(exchange: Exchange, world: World, now: datetime) -> None:
    assert talk(exchange, world, "awa", "Q Peut-on donner un oeuf a 7 mois ?", now).startswith("Merci. Question No 1")


def test_an_approved_reply_is_sent_in_the_phones_language(exchange: Exchange, world: World, now: datetime) -> None:
    from translations.models import Content, ContentKind, Variant, VariantState

    with exchange.database.writing() as session:
        content = Content(key="reply:inbox_received", kind=ContentKind.REPLY, title="reçu")
        session.add(content)
        session.flush()
        variant = Variant(
            content_id=content.id, language="bm", state=VariantState.APPROVED, text="I ni ce.", options=[], written_at=now
        )
        variant.approved_at = now
        session.add(variant)
        session.execute(update(Contact).where(Contact.id == world.contacts["awa"]).values(language="bm"))
    assert talk(exchange, world, "awa", "Bonjour comment ca va", now) == "I ni ce."
    with exchange.database.reading() as session:
        assert (
            session.scalar(select(Message.variant_id).where(Message.text.is_not(None), Message.answers_id.is_not(None)))
            == variant.id
        )


def test_one_phone_is_served_in_the_providers_order(exchange: Exchange, world: World, now: datetime) -> None:
    second = receive(exchange, world, NUMBERS["moussa"], "CR 12 20 7 9 1", now, now - timedelta(minutes=1))
    first = receive(exchange, world, NUMBERS["moussa"], "CR 12 18 7 9 1", now, now - timedelta(minutes=2))
    assert conversations.on_sms(exchange, second, now) == 2
    assert said(exchange, first).startswith("Merci. No 1")
    assert said(exchange, second).startswith("Corrigé. No 1")


def test_a_handled_message_is_not_answered_twice(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = receive(exchange, world, NUMBERS["awa"], "AIDE", now)
    assert conversations.on_sms(exchange, id_, now) == 1
    assert conversations.on_sms(exchange, id_, now) == 0
    with exchange.database.reading() as session:
        assert session.scalar(select(func.count()).where(Message.answers_id == id_)) == 1


def test_the_sweep_takes_what_the_nudge_lost(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = receive(exchange, world, NUMBERS["awa"], "AIDE", now)
    assert conversations.sweep(exchange, now + timedelta(seconds=4)) == 0
    assert conversations.sweep(exchange, now + timedelta(seconds=5)) == 1
    assert said(exchange, id_)


def test_what_fails_is_undone_counted_and_after_three_times_apologised_for(
    exchange: Exchange, world: World, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    asked(exchange, world, "awa", now)
    with exchange.database.writing() as session:  # a question whose row is gone: nothing can be made of the answer
        quizzes.open_prompts(session, session.get_one(Contact, world.contacts["awa"]), now)
        session.execute(update(OpenPrompt).values(subject_id=999))
    id_ = receive(exchange, world, NUMBERS["awa"], "1", now + HOUR)
    for _ in range(5):
        conversations.sweep(exchange, now + 2 * HOUR)
    assert said(exchange, id_)
    assert "converse.failed" in caplog.text
    with exchange.database.reading() as session:
        message = session.get_one(Message, id_)
        assert (message.state, message.handling_failures) == (MessageState.RECEIVED, 3)
        assert session.scalar(select(func.count()).where(Message.answers_id == id_)) == 1


def test_a_facilitator_may_be_answered_more_often_than_a_member(exchange: Exchange, world: World, now: datetime) -> None:
    def replies(who: str) -> int:
        texts = [f"Q question {'abcdefghijklmn'[n]} ?" for n in range(14)]
        return sum(bool(talk(exchange, world, who, text, now + n * timedelta(minutes=5))) for n, text in enumerate(texts))

    assert replies("awa") == 10
    assert replies("moussa") == 14


def test_a_number_of_no_member_is_answered_in_french(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.execute(update(Member).values(contact_id=None))
        session.execute(update(Contact).values(language=None))
    assert talk(exchange, world, "awa", "bonjour", now).startswith("Ici Lamen")
