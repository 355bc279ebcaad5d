"""The words that translators agreed on, and where a text needs them."""

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from runtime.audit import AuditEntry
from tests.world import World
from translations import glossary, worksheets
from translations.glossary import GlossaryError


@pytest.fixture
def porridge(session: Session, world: World, now: datetime) -> int:
    """« bouillie » is « moni »."""
    return glossary.save(session, "bm", " bouillie ", "moni", "claire", world.staff["fanta"], now).id


@pytest.mark.parametrize(
    ("text", "held"),
    [
        pytest.param("La Bouillie, épaisse.", True, id="a-capital-and-a-comma"),
        pytest.param("des bouillies", True, id="many"),
        pytest.param("débouillir", False, id="within-a-word"),
        pytest.param("l'eau", False, id="another-word"),
        pytest.param(None, False, id="no-text"),
    ],
)
def test_a_term_is_found_as_a_whole_word(session: Session, porridge: int, text: str | None, held: bool) -> None:
    assert bool(glossary.within(glossary.terms(session, "bm"), text)) is held


def test_accents_and_joined_letters_do_not_hide_a_term(session: Session, world: World, now: datetime) -> None:
    glossary.save(session, "bm", "œuf", "fan", "", None, now)
    glossary.save(session, "bm", "bébé", "den", "", None, now)
    found = glossary.within(glossary.terms(session, "bm"), "Un oeuf pour le BEBE.")
    assert {one.translation for one in found} == {"fan", "den"}


@pytest.mark.parametrize(
    ("term", "translation"),
    [("Bouillies".removesuffix("s"), "x"), (" BOUILLIE ", "x"), ("", "x"), ("?!", "x"), ("lait", " "), ("l" * 81, "x")],
    ids=["the-same", "the-same-in-capitals", "no-term", "no-letter", "no-translation", "too-long"],
)
def test_a_term_that_says_nothing_or_is_there_is_refused(
    session: Session, porridge: int, now: datetime, term: str, translation: str
) -> None:
    with pytest.raises(GlossaryError):
        glossary.save(session, "bm", term, translation, "", None, now)
    assert glossary.counts(session)["bm"] == 1


def test_a_term_is_changed_and_taken_out_by_somebody_who_is_written_down(
    session: Session, world: World, porridge: int, now: datetime
) -> None:
    row = glossary.save(session, "bm", "bouillie", "baga", "épaisse", world.staff["fanta"], now, porridge)
    assert (row.id, row.translation, row.note) == (porridge, "baga", "épaisse")
    glossary.remove(session, row, world.staff["fanta"], now)
    session.flush()
    assert glossary.counts(session) == dict.fromkeys(glossary.counts(session), 0)
    actions = [one.action for one in session.query(AuditEntry).order_by(AuditEntry.id)]
    assert actions == ["glossary.save", "glossary.save", "glossary.remove"]


def test_a_translators_sheet_gives_the_agreed_words_of_each_line(session: Session, world: World, now: datetime) -> None:
    glossary.save(session, "bm", "savon", "safinɛ", "en morceau", None, now)
    agreed = {line.content.key: line.agreed for line in worksheets.lines(session, "bm")}
    assert agreed["eau-propre"] == "savon = safinɛ (en morceau)"
    assert agreed["premier-lait"] == ""
    assert b"savon = safin" in worksheets.as_po(worksheets.lines(session, "bm"))
    assert {line.agreed for line in worksheets.lines(session, "ffm")} == {""}
