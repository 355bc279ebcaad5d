"""Words of the reports as rows: which are read, by whom they are confirmed, and when they are refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text

from clubs import spellings
from clubs.grammar.context import Context
from clubs.grammar.judge import judge
from clubs.grammar.local import Why
from clubs.records import ReportWord
from clubs.spellings import WordRefused
from clubs.standing import context_for
from messaging.models import Contact
from runtime.database import Database
from runtime.installation import installation
from tests.world import World

Loaded = Callable[..., Context]


@pytest.fixture
def loaded(database: Database, world: World, now: datetime) -> Loaded:
    """What the grammar knows when Moussa writes, in a simulation or not."""

    def loading(simulation: bool, number_words: bool = False) -> Context:
        with database.writing() as session:
            installation(session).simulation = simulation
            session.flush()
            contact = session.get_one(Contact, world.contacts["moussa"])
            # Judged elsewhere later: without the look-ups that would use this transaction after its end.
            return replace(context_for(session, contact, now, number_words=number_words), known_club=lambda code: True)

    return loading


def add(database: Database, world: World, now: datetime, word: str, means: str, language: str = "bm", by: str = "") -> int:
    with database.writing() as session:
        row = spellings.propose(session, language, word, means, world.staff["fanta"], now)
        if by:
            spellings.confirm(session, row, by, world.staff["fanta"], now)
        return row.id


def test_in_service_only_a_confirmed_word_is_read(database: Database, world: World, now: datetime, loaded: Loaded) -> None:
    id_ = add(database, world, now, "musow", "women")
    assert judge("CR 12 musow 18 hommes 7", loaded(False)).outcome == "ASK"
    assert judge("CR 12 musow 18 hommes 7", loaded(True)).outcome == "ACK", "offered in training"
    with database.writing() as session:
        spellings.confirm(session, session.get_one(ReportWord, id_), "Kadiatou", world.staff["fanta"], now)
    assert judge("CR 12 musow 18 hommes 7", loaded(False)).values.women == 18


def test_a_withdrawn_word_is_read_no_more_and_may_come_back_unconfirmed(
    database: Database, world: World, now: datetime, loaded: Loaded
) -> None:
    id_ = add(database, world, now, "musow", "women", by="Kadiatou")
    assert judge("CR 12 musow 18 hommes 7", loaded(False)).outcome == "ACK"
    with database.writing() as session:
        spellings.withdraw(session, session.get_one(ReportWord, id_), now)
    assert judge("CR 12 musow 18 hommes 7", loaded(True)).outcome == "ASK"
    assert add(database, world, now + timedelta(days=1), "musow", "men") == id_
    with database.reading() as session:
        row = session.get_one(ReportWord, id_)
        assert (row.means, row.confirmed_by, row.confirmed_at) == ("men", None, None)


def test_a_spelling_means_the_same_in_every_language(database: Database, world: World, now: datetime) -> None:
    add(database, world, now, "musow", "women")
    add(database, world, now, "musow", "women", language="dts")
    with pytest.raises(WordRefused) as refused:
        add(database, world, now, "musow", "men", language="dds")
    assert (refused.value.refusal.why, refused.value.refusal.other) == (Why.TAKEN, "women")


def test_who_confirmed_is_sealed(database: Database, world: World, now: datetime) -> None:
    add(database, world, now, "musow", "women", by="Kadiatou Exemple")
    with database.reading() as session:
        assert session.scalars(select(ReportWord.confirmed_by)).one() == "Kadiatou Exemple"
        assert b"Kadiatou" not in bytes(session.execute(text("SELECT confirmed_by FROM report_word")).scalar_one())


def test_the_vocabulary_is_made_once_for_the_same_rows_and_anew_when_they_change(
    database: Database, world: World, now: datetime, loaded: Loaded
) -> None:
    add(database, world, now, "musow", "women", by="Kadiatou")
    first = loaded(False).vocabulary
    assert loaded(False).vocabulary is first
    add(database, world, now, "cɛw", "men", by="Kadiatou")
    assert loaded(False).vocabulary is not first
    assert judge("CR 12 musow 18 cɛw 7", loaded(False)).values.men == 7


def test_number_words_are_read_where_the_setting_says_so(loaded: Loaded) -> None:
    assert judge("CR douze 18 7", loaded(False)).outcome == "ASK"
    assert judge("CR douze 18 7", loaded(False, number_words=True)).outcome == "HOLD"
