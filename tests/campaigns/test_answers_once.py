"""No answer is counted twice: by SMS and by call, again, late, in whichever order, against a model written apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import pytest
import time_machine
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns import quiz_results, quizzes
from campaigns.models import Answer, Question, Quiz
from campaigns.quiz_results import By
from messaging.exchange import Exchange
from messaging.models import Call, Contact, Listener, Message, MessageState
from results.learned import turns
from results.small import Kept
from runtime.database import Database
from runtime.work import Immediate
from tests.calls import NOW, Line, prompt, sending
from tests.campaigns.test_quizzes import called, put, received
from tests.world import World

PHONES = ("awa", "binta", "sory")
PHASES = (None, "before", "after")


@dataclass(frozen=True)
class Said:
    """One answer; `copies` deliveries of it are made, the later ones after what follows."""

    phone: str
    phase: str | None
    key: int
    voice: bool
    late: bool
    copies: int


said = st.builds(
    Said,
    phone=st.sampled_from(PHONES),
    phase=st.sampled_from(PHASES),
    key=st.sampled_from((1, 2)),
    voice=st.booleans(),
    late=st.sampled_from((False, False, False, True)),
    copies=st.integers(1, 3),
)


class RolledError(Exception):
    """Ends an example without a trace."""


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(said, max_size=14), st.randoms(use_true_random=False), st.integers(0, 14))
def test_only_the_first_answer_in_time_of_a_phone_counts(
    database: Database, world: World, now: datetime, given_: Sequence[Said], chance: Random, closes: int
) -> None:
    with pytest.raises(RolledError), database.writing() as session:
        _play(session, world, now, given_, chance, closes)
        raise RolledError


def _play(session: Session, world: World, now: datetime, given_: Sequence[Said], chance: Random, closes: int) -> None:
    question = session.get_one(Question, world.question)
    first: dict[tuple[str, str | None], bool] = {}
    deliveries = [n for n, one in enumerate(given_) for _ in range(one.copies)]
    chance.shuffle(deliveries)
    sources: dict[int, tuple[Message | None, Call | None]] = {}
    for place, n in enumerate(deliveries):
        if place == closes:
            quizzes.close(session.get_one(Quiz, world.quiz))
        one, at = given_[n], now + timedelta(minutes=place)
        contact = session.get_one(Contact, world.contacts[one.phone])
        again = n in sources
        if not again:
            message = None if one.voice else received(session, world, at, one.phone)
            sources[n] = message, called(session, world, at, one.phone) if one.voice else None
        message, call = sources[n]
        turn = 2 if call else None
        quizzes.answer(
            session, question, contact, one.key, at, message=message, call=call, turn=turn, phase=one.phase, late=one.late
        )
        if not again and not one.late and place < closes:
            first.setdefault((one.phone, one.phase), one.key == question.right)
    _agrees(session, world, first, len(sources))


def _agrees(session: Session, world: World, first: dict[tuple[str, str | None], bool], kept: int) -> None:
    assert session.scalar(select(func.count()).select_from(Answer)) == kept, "every answer is kept, once"
    for by in By:
        found = quiz_results.results(session, world.quiz, by)
        assert sum(line.answers for line in found) == len(first)
        assert sum(line.right for line in found) == sum(first.values())
    both = [phone for phone in PHONES if {(phone, "before"), (phone, "after")} <= first.keys()]
    paired = turns(session, world.quiz)
    assert bool(paired) == bool(both)
    assert all(one.pairs is Kept.FEW for one in paired), "three phones are too few to be told"


def test_one_phone_by_sms_and_by_call_posted_again_and_again_counts_once(
    exchange: Exchange, client: FlaskClient, world: World
) -> None:
    """Through the webhooks: the provider's copy, its copy without an id, the second thoughts, and the same question by call."""
    with exchange.database.writing() as session:
        put(session, world, NOW, NOW).state = MessageState.DELIVERED
    for seconds, form in ((0, {"id": "one", "text": "1"}), (1, {"id": "one", "text": "1"}), (60, {"id": "two", "text": "2"})):
        with time_machine.travel(NOW + timedelta(minutes=1, seconds=seconds), tick=False):
            sent = {"from": world.numbers["awa"], "to": "36085", **form}
            assert client.post(f"/hooks/{world.token}/sms", data=sent).status_code == 200
            assert isinstance(exchange.work, Immediate)
            exchange.work.run_all()
    for label in ("who", "quiz_intro", "quiz_right", "quiz_wrong", "goodbye"):
        prompt(exchange, world, label, f"<{label}>")
    line = Line(exchange, client, world, sending(exchange, world, "quiz-repas"), now=NOW + timedelta(hours=1))
    line.answer()
    for _ in range(3):
        line.press("1", 1)  # the provider asks again: the same turn
    with exchange.database.reading() as session:
        rows = session.scalars(select(Answer).order_by(Answer.id)).all()
        texts = session.scalar(select(func.count()).where(Message.direction == "in"))
    assert texts == 2, "the copy is no message"
    assert [(row.phase, row.scored, row.call_id is not None) for row in rows] == [
        ("before", True, False),
        ("before", False, False),
        ("after", True, True),
    ]
    assert {row.listener for row in rows} <= {None, *Listener}
