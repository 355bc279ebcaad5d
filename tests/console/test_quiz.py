"""Quiz: questions with their keys, results by group and phase, opening and closing, and a new question."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import select

from campaigns import quizzes
from campaigns.models import Question, Quiz
from clubs.grammar.damm import check_digit
from clubs.models import Member
from console.staff import RoleName
from messaging.contacts import find_or_create
from messaging.models import Contact, Direction, Kind, Message, MessageState
from runtime.database import Database
from tests import crowd
from tests.console.conftest import SignedIn, send
from tests.world import World
from translations.models import Content, Variant, VariantState

R = RoleName
NEW = {
    "theme": "12",
    "question": "Que boit un bébé de trois mois?",
    "option1": "De l'eau",
    "key1": "2",
    "option2": "Le lait de sa mère",
    "key2": "1",
    "option3": "",
    "key3": "3",
    "right": "1",
    "explanation": "Jusqu'à six mois, le lait de la mère suffit.",
}


def answered(world: World, database: Database, keys: dict[str, int], phase: str | None = None) -> None:
    """These people's phones answer by SMS."""
    with database.writing() as session:
        question, at = session.get_one(Question, world.question), datetime.now(UTC)
        for n, (name, key) in enumerate(keys.items()):
            contact = session.get_one(Contact, world.contacts[name])
            message = Message(
                direction=Direction.IN, kind=Kind.REPLY, contact_id=contact.id, channel_id=world.channel, text=str(key)
            )
            message.state, message.created_at = MessageState.RECEIVED, at + timedelta(seconds=n)
            message.not_before = message.expires_at = message.created_at
            session.add(message)
            session.flush()
            quizzes.answer(session, question, contact, key, at, message=message, phase=phase, language="fr")


def test_no_quiz_says_what_fills_the_page(signed_in: SignedIn) -> None:
    page = signed_in(R.COMMUNICATION).get("/quiz").text
    assert 'class="empty"' in page
    assert 'href="/quiz/nouvelle-question"' in page
    assert 'href="/quiz/nouvelle-question"' not in signed_in(R.SUIVI).get("/quiz").text


def test_a_quiz_shows_its_keys_its_right_answer_and_why(signed_in: SignedIn, world: World) -> None:
    page = signed_in(R.SUIVI).get(f"/quiz/{world.quiz}").text
    assert re.search(r"<li>Touche 1\u00a0: oui <span[^>]*>bonne réponse", page)
    assert re.search(r"<li>Touche 2\u00a0: non</li>", page)
    assert "un petit repas de plus chaque jour" in page
    assert "son manquant" in page
    assert "Aucune réponse pour l'instant." in page.replace("&#39;", "'")


def test_a_question_is_tried_by_a_campaign_that_already_says_it(signed_in: SignedIn, world: World) -> None:
    browser = signed_in(R.COMMUNICATION)
    page = browser.get(f"/quiz/{world.quiz}").text
    assert "prenez un téléphone au simulateur" in page
    address = re.search(r'href="([^"]+)">Envoyer cette question', page)
    assert address is not None
    content = world.contents["quiz-repas"]
    assert re.search(rf'value="{content}" checked', browser.get(address[1]).text)


def crowded(world: World, database: Database, rights: int, wrongs: int, phase: str | None = None, first: int = 0) -> None:
    """So many telephones of the third club answer rightly, and so many wrongly."""
    with database.writing() as session:
        question, at = session.get_one(Question, world.question), datetime.now(UTC)
        for n in range(rights + wrongs):
            contact = find_or_create(session, crowd.number(first + n), at)
            if session.query(Member).filter_by(contact_id=contact.id).count() == 0:
                session.add(Member(club_id=world.clubs["305" + check_digit("305")], contact_id=contact.id, joined_at=at))
            message = Message(
                direction=Direction.IN, contact_id=contact.id, channel_id=world.channel, state=MessageState.RECEIVED
            )
            message.not_before = message.created_at = at
            session.add(message)
            session.flush()
            key = question.right if n < rights else 3 - question.right
            quizzes.answer(session, question, contact, key, at, message=message, phase=phase, language="fr")


def test_answers_stand_in_a_table_and_a_drawing_with_their_interval(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    crowded(world, database, 8, 5)
    page = signed_in(R.COMMUNICATION).get(f"/quiz/{world.quiz}").text
    assert "<svg" in page
    assert re.search(r'data-label="Réponses">13</td><td[^>]*>8</td><td[^>]*>62</td><td[^>]*>36 et 82 %</td>', page)
    assert re.search(r'data-label="Réponses">13</td>', signed_in(R.COMMUNICATION).get("/quiz").text)


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("club", {"1032": "caché", "2043": "caché", "3051": "caché"}),
        ("language", {"français": "16"}),
        ("listener", {"non dit": "16"}),
    ],
    ids=["club", "language", "listener"],
)
def test_answers_are_grouped_and_no_small_group_is_told_nor_worked_out(
    signed_in: SignedIn, world: World, database: Database, by: str, groups: dict[str, str]
) -> None:
    answered(world, database, {"awa": 1, "binta": 2, "sory": 1})
    crowded(world, database, 7, 6)
    page = signed_in(R.COMMUNICATION).get(f"/quiz/{world.quiz}?par={by}").text
    found = re.findall(r">([^<]*)</td>\s*<td class=\"number\" data-label=\"Réponses\">(\w+)", page)
    assert dict(found) == groups


def test_fewer_than_five_answers_are_told_nowhere(signed_in: SignedIn, world: World, database: Database) -> None:
    answered(world, database, {"awa": 2, "binta": 2}, "before")
    answered(world, database, {"awa": 1, "binta": 1}, "after")
    browser = signed_in(R.COMMUNICATION)
    page = browser.get(f"/quiz/{world.quiz}").text
    assert "0 / 2" not in page
    assert "2 / 2" not in page
    assert "<svg" not in page
    assert "il faut 10 réponses avant et après" in page
    assert "avant</td>" in page
    assert not re.search(r'data-label="Réponses">\d', page + browser.get("/quiz").text.replace('data-label="Réponses">0', ""))


def test_the_same_telephones_before_and_after_are_paired(signed_in: SignedIn, world: World, database: Database) -> None:
    crowded(world, database, 5, 20, "before")
    crowded(world, database, 25, 0, "after")
    page = unescape(signed_in(R.COMMUNICATION).get(f"/quiz/{world.quiz}").text)
    assert re.search(
        r'"Téléphones">25</td><td[^>]*>20</td><td[^>]*>0</td>\s*<td[^>]*>\+80</td><td[^>]*>\+55 et \+94 points', page
    )


def test_a_quiz_is_closed_and_opened_again(signed_in: SignedIn, world: World, database: Database) -> None:
    browser = signed_in(R.COMMUNICATION)
    for expected in (False, True):
        assert send(browser, f"/quiz/{world.quiz}/ouvrir").location == f"/quiz/{world.quiz}"
        with database.reading() as session:
            assert session.get_one(Quiz, world.quiz).open is expected
    assert send(signed_in(R.SUIVI), f"/quiz/{world.quiz}/ouvrir").status_code == 403


def test_an_unknown_quiz_is_not_found(signed_in: SignedIn, world: World) -> None:
    browser = signed_in(R.COMMUNICATION)
    assert browser.get("/quiz/999").status_code == 404
    assert send(browser, "/quiz/999/ouvrir").status_code == 404


def test_a_new_question_is_two_drafts_with_answers_in_the_order_of_their_keys(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    answer = send(signed_in(R.COMMUNICATION), "/quiz/nouvelle-question", NEW)
    with database.reading() as session:
        content = session.scalars(select(Content).where(Content.title == NEW["question"], Content.key.not_like("%:why"))).one()
        row = session.query(Question).filter_by(content_id=content.id).one()
        words = session.query(Variant).filter_by(content_id=content.id).one()
        why = session.query(Variant).filter_by(content_id=row.explanation_id).one()
        assert (row.options, row.right, row.theme_code) == (2, 1, 12)
        assert (words.options, words.state) == (["Le lait de sa mère", "De l'eau"], VariantState.DRAFT)
        assert why.text == NEW["explanation"]
        assert session.get_one(Content, row.explanation_id).key == f"{content.key}:why"
    assert answer.location == f"/quiz/{row.quiz_id}"


def test_a_second_question_of_a_theme_joins_its_quiz(signed_in: SignedIn, world: World, database: Database) -> None:
    browser = signed_in(R.COMMUNICATION)
    first = send(browser, "/quiz/nouvelle-question", NEW).location
    assert send(browser, "/quiz/nouvelle-question", NEW | {"question": "Et l'eau?"}).location == first


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"key1": "1"}, "key2", "a déjà une réponse"),
        ({"right": "3"}, "right", "Aucune réponse"),
        ({"right": ""}, "right", "la bonne"),
        ({"option2": ""}, "option2", "moins de deux"),
        ({"option2": "De l'eau"}, "option2", "déjà écrite"),
        ({"key1": "3"}, "key2", "Une touche manque"),
        ({"question": ""}, "question", "la question"),
        ({"question": "Pourquoi donc? " * 20}, "question", "prennent 3 SMS"),
        ({"explanation": ""}, "explanation", "bonne réponse"),
        ({"theme": "98"}, "theme", "Choisissez"),
    ],
    ids=[
        "two on one key",
        "right unused",
        "no right",
        "one answer",
        "twice the same",
        "a hole",
        "no question",
        "too long",
        "no reason",
        "theme",
    ],
)
def test_what_is_wrong_with_a_question_is_said_at_its_field(
    signed_in: SignedIn, world: World, database: Database, wrong: dict[str, str], field: str, sentence: str
) -> None:
    page = send(signed_in(R.COMMUNICATION), "/quiz/nouvelle-question", NEW | wrong)
    assert page.status_code == 422
    found = re.search(rf'id="{field}-error"[^>]*>([^<]*)<', page.text)
    assert found is not None
    assert sentence in found[1]
    with database.reading() as session:
        assert session.query(Question).count() == 1
