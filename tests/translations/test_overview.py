"""Where each text stands, what waits for whom, and what changed in it."""

from datetime import datetime, timedelta

import pytest

from tests.translations.desk import Desk
from translations import overview, review
from translations.models import VariantState
from translations.overview import Change, Piece, Task


def test_the_matrix_shows_each_content_in_each_language(desk: Desk, now: datetime) -> None:
    desk.published(text="Lavez vos mains. " * 10)
    desk.write("boubacar", "Bolow ko ɲɛ.", "bm")
    row = next(row for row in overview.matrix(desk.session, now) if row.code == 12)
    cells = next(one for one in row.contents if one.key == "essai").cells
    assert list(cells)[:2] == ["fr", "bm"]
    assert (cells["fr"].state, cells["fr"].parts, cells["fr"].encoding) == (VariantState.APPROVED, 2, "GSM-7")
    assert (cells["bm"].state, cells["bm"].parts, cells["bm"].encoding) == (VariantState.DRAFT, 1, "UCS-2")
    assert cells["ffm"] == overview.Cell(None)
    assert row.counts("bm") == {VariantState.DRAFT: 1, None: len(row.contents) - 1}


def test_the_matrix_tells_an_outdated_text_and_a_newer_source(desk: Desk, now: datetime) -> None:
    desk.published()
    bambara = desk.approve(desk.check(desk.propose(desk.write("fanta", "Bolow ko.", "bm"))))
    bambara.valid_until = now + timedelta(hours=1)
    desk.write(text="Lavez vos mains au savon.")

    def cell(at: datetime) -> overview.Cell:
        found = [one for row in overview.matrix(desk.session, at) for one in row.contents if one.key == "essai"]
        return found[0].cells["bm"]

    assert (cell(now).state, cell(now).source_changed) == (VariantState.APPROVED, True)
    assert cell(now + timedelta(hours=1)).state is VariantState.OUTDATED


def test_contents_without_theme_come_last_in_the_matrix(desk: Desk, now: datetime) -> None:
    assert overview.matrix(desk.session, now)[-1].code == 91
    desk.content.theme_code = None
    last = overview.matrix(desk.session, now)[-1]
    assert (last.code, last.name, [row.key for row in last.contents]) == (None, None, ["essai"])


def test_what_waits_says_the_task_the_change_and_whose_it_is(desk: Desk) -> None:
    desk.published()
    second = desk.propose(desk.write(text="Lavez vos mains au savon."))
    bambara = desk.propose(desk.write("boubacar", "Bolow ko.", "bm"), "boubacar")
    found = {one.variant.id: one for one in overview.pending(desk.session, desk.staff["boubacar"])}
    assert {id: (one.task, one.mine, one.parts) for id, one in found.items()} == {
        second.id: (Task.APPROVE, False, 1),
        bambara.id: (Task.HEAR, True, 1),
    }
    removed, added = Piece(Change.REMOVED, "mains."), Piece(Change.ADDED, "mains au savon.")
    assert found[second.id].difference == (Piece(Change.SAME, "Lavez vos "), removed, added)
    assert found[second.id].fingerprint == review.fingerprint(second)


def test_a_sound_that_waits_on_approved_words_is_listed(desk: Desk) -> None:
    variant = desk.published()
    desk.sound(variant)
    aissata = desk.staff["aissata"]
    assert [one.task for one in overview.pending(desk.session, aissata)] == [Task.HEAR]
    desk.check(variant)
    assert [one.task for one in overview.pending(desk.session, aissata)] == [Task.APPROVE]
    desk.content.archived = True
    assert overview.pending(desk.session, aissata) == []


def test_the_short_count_of_what_waits_is_the_long_list_without_ones_own_work(desk: Desk) -> None:
    def counted() -> None:
        for name in ("fanta", "boubacar", "aissata"):
            listed = [
                (one.task, one.variant.language) for one in overview.pending(desk.session, desk.staff[name]) if not one.mine
            ]
            assert sorted(overview.tasks(desk.session, desk.staff[name])) == sorted(listed), name

    desk.published()
    counted()
    desk.propose(desk.write("boubacar", "Lavez vos mains au savon."), "boubacar")
    counted()
    desk.propose(desk.write("fanta", "Lavez vos mains au savon, puis mangez."))
    counted()
    assert overview.tasks(desk.session, desk.staff["aissata"]) == [(Task.APPROVE, "fr")]
    assert overview.tasks(desk.session, desk.staff["boubacar"]) == [], "they wrote since the last approved words"
    desk.sound(desk.propose(desk.write("fanta", "Bolow ko.", "bm")), "aissata")
    counted()
    assert overview.tasks(desk.session, desk.staff["boubacar"]) == [(Task.HEAR, "bm")]
    desk.content.archived = True
    counted()
    desk.content.archived = False
    french = next(one.variant for one in overview.pending(desk.session, 0) if one.variant.language == "fr")
    desk.sound(desk.approve(french), "boubacar")
    counted()
    desk.check(french, "aissata")
    counted()


def test_words_sent_back_are_told_to_their_author_until_they_write_again(desk: Desk) -> None:
    variant = desk.send_back(desk.propose(desk.write()))
    assert overview.returned(desk.session, desk.staff["fanta"]) == [variant]
    assert overview.returned(desk.session, desk.staff["aissata"]) == []
    desk.write(text="Lavez.")
    assert overview.returned(desk.session, desk.staff["fanta"]) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("", "Lavez vos mains", id="new"),
        pytest.param("Lavez vos mains", "", id="emptied"),
        pytest.param("a b c d", "a c x d e", id="mixed"),
        pytest.param("le même", "le  même", id="spaces-only"),
    ],
)
def test_the_pieces_of_a_difference_make_both_texts_again(old: str, new: str) -> None:
    pieces = overview.difference(old, new)
    assert "".join(p.text for p in pieces if p.change is not Change.REMOVED) == new
    assert " ".join("".join(p.text for p in pieces if p.change is not Change.ADDED).split()) == " ".join(old.split())
