"""An answer is scored once and always kept."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaigns import quiz_results, quizzes
from campaigns.models import Answer, Question, Quiz
from campaigns.quiz_results import By, Gain, Line
from campaigns.quizzes import Phase
from messaging.models import (
    Broadcast,
    BroadcastState,
    Call,
    CallState,
    Contact,
    Direction,
    Listener,
    Message,
    MessageState,
    OpenPrompt,
    Route,
)
from runtime.database import Database
from tests.world import World
from translations import library
from translations.content_files import SHIPPED

HOUR = timedelta(hours=1)


def received(session: Session, world: World, now: datetime, who: str = "awa") -> Message:
    row = Message(
        direction=Direction.IN,
        channel_id=world.channel,
        contact_id=world.contacts[who],
        state=MessageState.RECEIVED,
        not_before=now,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def called(session: Session, world: World, now: datetime, who: str = "awa") -> Call:
    row = Call(
        direction=Direction.IN,
        channel_id=world.channel,
        contact_id=world.contacts[who],
        state=CallState.COMPLETED,
        not_before=now,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def say(session: Session, world: World, key: int, now: datetime, who: str = "awa", **more: object) -> Answer:
    question = session.get_one(Question, world.question)
    contact = session.get_one(Contact, world.contacts[who])
    return quizzes.answer(
        session,
        question,
        contact,
        key,
        now,
        message=received(session, world, now, who),
        **more,  # type: ignore[arg-type]  # keywords of answer
    )


def scored(session: Session) -> int:
    return session.scalar(select(func.count()).where(Answer.scored)) or 0


def test_the_first_answer_counts_and_the_second_is_kept_unscored(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        first = say(session, world, 1, now)
        again = say(session, world, 2, now + HOUR)
        other = say(session, world, 2, now + HOUR, "binta")
        assert (first.scored, first.right) == (True, True)
        assert (again.scored, again.right) == (False, False)
        assert (other.scored, other.right) == (True, False)


def test_before_and_after_are_counted_apart(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        for phase in (Phase.BEFORE, Phase.AFTER, Phase.AFTER):
            say(session, world, 1, now, phase=phase)
        assert scored(session) == 2


def test_a_late_answer_is_kept_unscored_and_leaves_room_for_none(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        assert not say(session, world, 1, now, late=True).scored


def test_a_closed_quiz_scores_nothing_more(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        quizzes.close(session.get_one(Quiz, world.quiz))
        assert not say(session, world, 1, now).scored


def test_the_same_message_or_turn_gives_the_same_row(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        question = session.get_one(Question, world.question)
        awa = session.get_one(Contact, world.contacts["awa"])
        message, call = received(session, world, now), called(session, world, now)
        by_sms = quizzes.answer(session, question, awa, 1, now, message=message)
        assert quizzes.answer(session, question, awa, 2, now, message=message) is by_sms
        by_key = quizzes.answer(session, question, awa, 1, now, call=call, turn=3)
        assert quizzes.answer(session, question, awa, 2, now, call=call, turn=3) is by_key
        assert quizzes.answer(session, question, awa, 2, now, call=call, turn=4) is not by_key


def test_sms_and_voice_share_one_score(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        question = session.get_one(Question, world.question)
        awa = session.get_one(Contact, world.contacts["awa"])
        by_key = quizzes.answer(session, question, awa, 1, now, call=called(session, world, now), turn=1)
        assert by_key.scored
        assert not say(session, world, 1, now).scored


def test_the_database_itself_refuses_a_second_score(database: Database, world: World, now: datetime) -> None:
    def forced() -> None:
        with database.writing() as session:
            say(session, world, 1, now)
            say(session, world, 1, now).scored = True

    with pytest.raises(IntegrityError):
        forced()


def test_results_by_club_language_and_listener(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        say(session, world, 1, now, "awa", language="fr", listener=Listener.WOMAN)
        say(session, world, 2, now, "binta", language="bm", listener=Listener.WOMAN)
        say(session, world, 2, now, "sory", language="fr")
        say(session, world, 1, now, "sory", language="fr")

        def lines(by: By) -> list[tuple[str, int, int]]:
            return [(line.group, line.answers, line.right) for line in quiz_results.results(session, world.quiz, by)]

        assert lines(By.ALL) == [("", 3, 1)]
        assert lines(By.CLUB) == [("1032", 2, 1), ("2043", 1, 0)]
        assert lines(By.LANGUAGE) == [("bm", 1, 0), ("fr", 2, 1)]
        assert lines(By.LISTENER) == [("", 1, 0), ("woman", 2, 1)]


def test_a_share_is_in_percent() -> None:
    assert Line(1, None, "", 4, 3).share == 75


def test_the_gain_is_in_points_and_says_nothing_below_ten_answers(database: Database, world: World, now: datetime) -> None:
    assert Gain(3, 10, 8, 10).points == pytest.approx(50)
    assert Gain(3, 10, 8, 9).points is None
    with database.writing() as session:
        say(session, world, 2, now, phase=Phase.BEFORE)
        say(session, world, 1, now, phase=Phase.AFTER)
        say(session, world, 1, now, "binta", phase=Phase.AFTER)
        say(session, world, 1, now, "sory")
        assert quiz_results.gain(session, world.quiz) == Gain(0, 1, 2, 2)


def put(session: Session, world: World, now: datetime, left: datetime | None, who: str = "awa") -> Message:
    """A question sent to a phone by a broadcast."""
    broadcast = Broadcast(
        title="Quiz",
        content_id=world.contents["quiz-repas"],
        route=Route.SMS,
        audience={},
        state=BroadcastState.RUNNING,
        due_at=now,
        not_before=now,
        expires_at=now + 24 * HOUR,
        phase="before",
        created_at=now,
    )
    session.add(broadcast)
    session.flush()
    row = Message(
        direction=Direction.OUT,
        channel_id=world.channel,
        contact_id=world.contacts[who],
        broadcast_id=broadcast.id,
        state=MessageState.WIRED if left else MessageState.QUEUED,
        not_before=now,
        created_at=now,
        wired_at=left,
    )
    session.add(row)
    session.flush()
    return row


def test_a_question_is_open_for_three_days_from_when_it_left(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        awa = session.get_one(Contact, world.contacts["awa"])
        message = put(session, world, now, now + 3 * HOUR)
        put(session, world, now, None)
        put(session, world, now, now, "binta")
        for _ in range(2):
            quizzes.open_prompts(session, awa, now + 4 * HOUR)
        prompt = session.scalars(select(OpenPrompt)).one()
        assert (prompt.contact_id, prompt.subject_id) == (awa.id, world.question)
        assert prompt.expires_at - prompt.opened_at == timedelta(hours=72)
        assert prompt.opened_at == now + 3 * HOUR
        assert prompt.details == {
            "message_id": message.id,
            "broadcast_id": message.broadcast_id,
            "phase": "before",
            "options": 2,
            "right": 1,
        }


@pytest.mark.parametrize(
    ("state", "opened"),
    [(MessageState.UNKNOWN, 1), (MessageState.DELIVERED, 1), (MessageState.FAILED, 0), (MessageState.QUEUED, 0)],
    ids=["unknown", "delivered", "failed", "queued-again"],
)
def test_only_a_question_that_may_have_been_read_is_open(
    database: Database, world: World, now: datetime, state: MessageState, opened: int
) -> None:
    with database.writing() as session:
        message = put(session, world, now, now)
        message.state, message.sending_at = state, now
        session.flush()
        quizzes.open_prompts(session, session.get_one(Contact, world.contacts["awa"]), now + HOUR)
        assert session.query(OpenPrompt).count() == opened


def test_the_latest_question_is_remembered_for_a_month(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        awa = session.get_one(Contact, world.contacts["awa"])
        assert quizzes.latest_prompt(session, awa, now) is None
        for left in (now, now - HOUR):
            put(session, world, now - HOUR, left)
        quizzes.open_prompts(session, awa, now)
        newest = quizzes.latest_prompt(session, awa, now + HOUR)
        assert newest is not None
        assert newest.opened_at == now
        assert quizzes.latest_prompt(session, awa, now + timedelta(days=31)) is None


def test_the_question_of_a_content(database: Database, world: World) -> None:
    with database.reading() as session:
        found = quizzes.question_of(session, world.contents["quiz-repas"])
        assert found is not None
        assert found.id == world.question
        assert quizzes.question_of(session, world.contents["eau-propre"]) is None


def test_loading_the_shipped_questions_twice_changes_nothing(database: Database, now: datetime) -> None:
    with database.writing() as session:
        library.seed_languages(session)
        library.seed_themes(session)
        found = library.load(session, SHIPPED, now).quizzes
        first = quizzes.load(session, found, now)
        assert (first.added, first.changed, first.unchanged) == (len(found), 0, 0)
        changed = session.scalars(select(Question).order_by(Question.id)).first()
        assert changed is not None
        changed.right = changed.right % changed.options + 1
        again = quizzes.load(session, found, now)
        assert (again.added, again.changed, again.unchanged) == (0, 1, len(found) - 1)
        one = session.scalars(select(Question).order_by(Question.id)).first()
        assert one is not None
        assert one.explanation_id is not None
        assert one.options == len(found[0].options)
