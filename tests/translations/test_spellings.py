"""The cheap spelling of a language's letters: proposed by us, confirmed by its editors, accepted text by text."""

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from runtime.audit import AuditEntry
from tests.world import World
from translations import sms, spellings
from translations.spellings import SpellingError, SpellingFault


def test_a_language_lists_its_letters_with_what_we_propose(session: Session) -> None:
    found = {one.letter: one for one in spellings.letters(session, "ffm")}
    assert {"ɓ", "ɗ", "ƴ", "Ɓ", "Ɗ", "Ƴ", "ŋ", "ɲ", "’"} <= found.keys()
    assert (found["ɓ"].replacement, found["ɓ"].loses_meaning, found["ɓ"].confirmed_at) == ("b", True, None)
    assert (found["ŋ"].replacement, found["ŋ"].loses_meaning) == ("ng", False)
    assert all(letter not in sms.CHEAP for letter in found)


def test_only_what_somebody_confirmed_is_agreed(session: Session, world: World, now: datetime) -> None:
    assert spellings.agreed(session, "bm") == {}
    spellings.confirm(session, "bm", "ɲ", "gn", world.staff["fanta"], now)
    assert spellings.propose(session, "bm", "ŋ", "n") is True
    assert spellings.agreed(session, "bm") == {"ɲ": "gn"}
    assert spellings.agreed(session, "ffm") == {}, "each language has its own"
    found = {one.letter: one for one in spellings.letters(session, "bm")}
    assert (found["ɲ"].replacement, found["ɲ"].confirmed_by, found["ɲ"].loses_meaning) == ("gn", world.staff["fanta"], False)
    assert (found["ŋ"].replacement, found["ŋ"].confirmed_at) == ("n", None)
    assert session.query(AuditEntry).filter_by(action="spelling.confirm").count() == 1


def test_a_pack_never_changes_what_is_written_here(session: Session, world: World, now: datetime) -> None:
    spellings.confirm(session, "bm", "ɛ", "è", world.staff["fanta"], now)
    assert spellings.propose(session, "bm", "ɛ", "e") is False
    assert spellings.propose(session, "bm", "e", "a") is False, "a cheap letter needs none"
    assert spellings.propose(session, "bm", "ɔ", "ô") is False, "a dear one helps nobody"
    assert spellings.agreed(session, "bm") == {"ɛ": "è"}


def test_a_withdrawn_spelling_is_ours_again(session: Session, world: World, now: datetime) -> None:
    spellings.confirm(session, "bm", "ɛ", "e", world.staff["fanta"], now)
    assert spellings.withdraw(session, "bm", "ɛ", world.staff["fanta"], now) is True
    session.flush()
    assert spellings.withdraw(session, "bm", "ɛ", world.staff["fanta"], now) is False
    letter = next(one for one in spellings.letters(session, "bm") if one.letter == "ɛ")
    assert (letter.replacement, letter.confirmed_at) == ("è", None)


@pytest.mark.parametrize(
    ("letter", "replacement", "fault"),
    [
        pytest.param("e", "a", SpellingFault.NOT_DEAR, id="a-letter-of-sms-already"),
        pytest.param("ɛɔ", "eo", SpellingFault.NOT_DEAR, id="two-letters"),
        pytest.param("ɛ", "ê", SpellingFault.DEAR, id="dear-itself"),
        pytest.param("ɛ", " ", SpellingFault.DEAR, id="nothing"),
        pytest.param("ɛ", "eeeee", SpellingFault.LONG, id="too-long"),
    ],
)
def test_a_spelling_that_saves_nothing_is_refused(
    session: Session, world: World, now: datetime, letter: str, replacement: str, fault: SpellingFault
) -> None:
    with pytest.raises(SpellingError) as refused:
        spellings.confirm(session, "bm", letter, replacement, world.staff["fanta"], now)
    assert refused.value.fault is fault


def test_what_a_language_agreed_on_goes_before_what_we_propose() -> None:
    agreed = {"ɲ": "gn"}
    (offer,) = sms.offers("ɲɲ", agreed=agreed)
    assert (offer.replacement, offer.count, offer.loses_meaning) == ("gn", 2, False)
    assert sms.fold("ɲɔ", {"ɲ"}, agreed=agreed) == "gnɔ"
    assert sms.offers("ɓ", agreed={"ɓ": "bh"})[0].loses_meaning is False, "its editors answer for it"
