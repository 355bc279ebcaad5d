"""A cell that counts fewer than five people is hidden, and whatever would give it back by subtraction."""

import pytest

from results.figure import share
from results.phone_tables import DUE, PHONES, REACHED
from results.small import hidden_cells, without
from results.table import Cell, Table
from results.tables import ATTENDANCE, PRESENT, VOTERS

QUIZ = ("Justes avant", "Justes après", "Votants", "Gain (points)")
PHONE = ("Premières réponses", "Justes", "Justes (%)")
X = None


@pytest.mark.parametrize(
    ("columns", "people", "row", "shown"),
    [
        pytest.param(ATTENDANCE, PRESENT, (2, 30, 1, 31, 96.8), (2, X, X, 31, X), id="one man among thirty women"),
        pytest.param(ATTENDANCE, PRESENT, (1, 30, 10, 40, 75.0), (1, 30, 10, 40, 75.0), id="enough of both, in one session"),
        pytest.param(ATTENDANCE, PRESENT, (1, 30, 0, 30, 100.0), (1, 30, 0, 30, 100.0), id="no man names no man"),
        pytest.param(ATTENDANCE, PRESENT, (1, 3, 0, 3, 100.0), (1, X, 0, X, X), id="three in all"),
        pytest.param(REACHED, DUE, (40, 30, 7, 3, 0, 0, 0), (40, 30, X, X, 0, 0, 0), id="three failed and the next smallest"),
        pytest.param(
            REACHED, DUE, (40, 30, 7, 1, 2, 0, 0), (40, 30, X, X, X, 0, 0), id="two small ones whose sum is small, and one more"
        ),
        pytest.param(QUIZ, VOTERS, (6, 23, 24, 70.8), (6, X, 24, X), id="one voter still wrong"),
        pytest.param(PHONE, PHONES, (30, 29, 96.7), (30, X, X), id="one wrong phone"),
    ],
)
def test_small_cells_and_what_gives_them_back_are_hidden(
    columns: tuple[str, ...],
    people: object,
    row: tuple[Cell, ...],
    shown: tuple[Cell, ...],
) -> None:
    table = Table("any", "Any", ("V", *columns), (("V1", *row),), people=people)  # type: ignore[arg-type]  # parametrised
    assert without([table], hidden_cells([table], {}))[0].rows == (("V1", *shown),)


@pytest.mark.parametrize(
    ("part", "whole", "hides"),
    [
        pytest.param(1, 300, True, id="one of three hundred"),
        pytest.param(299, 300, True, id="all but one"),
        pytest.param(0, 300, False, id="nobody"),
        pytest.param(300, 300, False, id="everybody"),
        pytest.param(5, 300, False, id="five"),
    ],
)
def test_a_share_hides_a_small_part_and_a_small_rest(part: int, whole: int, hides: bool) -> None:
    figure = share("opt_out", "Désinscriptions", "", part, whole).kept_back()
    assert figure.hidden is hides
    assert figure.numerator == (0 if hides else part)
