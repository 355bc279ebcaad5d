"""A cell that counts fewer than five people is hidden, and whatever would give it back by subtraction."""

import pytest

from results.figure import share
from results.phone_tables import DUE, PHONES, REACHED
from results.small import Kept, Sum, hidden_cells, without
from results.table import Cell, Table
from results.tables import ATTENDANCE, PRESENT, VOTERS

QUIZ = ("Justes avant", "Justes après", "Votants", "Gain (points)")
PHONE = ("Premières réponses", "Justes", "Justes (%)")
X, Y = Kept.FEW, Kept.BESIDE


@pytest.mark.parametrize(
    ("columns", "people", "row", "shown"),
    [
        pytest.param(ATTENDANCE, PRESENT, (2, 30, 1, 31, 96.8), (2, Y, X, 31, X), id="one man among thirty women"),
        pytest.param(ATTENDANCE, PRESENT, (1, 30, 10, 40, 75.0), (1, 30, 10, 40, 75.0), id="enough of both, in one session"),
        pytest.param(ATTENDANCE, PRESENT, (1, 30, 0, 30, 100.0), (1, 30, 0, 30, 100.0), id="no man names no man"),
        pytest.param(ATTENDANCE, PRESENT, (1, 3, 0, 3, 100.0), (1, X, 0, X, X), id="three in all"),
        pytest.param(REACHED, DUE, (40, 30, 7, 3, 0, 0, 0), (40, 30, Y, X, 0, 0, 0), id="three failed and the next smallest"),
        pytest.param(
            REACHED, DUE, (40, 30, 7, 1, 2, 0, 0), (40, 30, Y, X, X, 0, 0), id="two small ones whose sum is small, and one more"
        ),
        pytest.param(
            REACHED, DUE, (40, 28, 6, 5, 1, 0, 0), (40, 28, Y, 5, X, 0, 0), id="beside a five, which its label would give away"
        ),
        pytest.param(QUIZ, VOTERS, (6, 23, 24, 70.8), (6, Y, 24, Y), id="one voter still wrong"),
        pytest.param(PHONE, PHONES, (30, 29, 96.7), (30, Y, Y), id="one wrong phone"),
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
    assert (figure.hidden is Kept.FEW) is hides
    assert figure.numerator == (0 if hides else part)


def test_one_small_cell_takes_no_more_of_a_table_than_another_table_in_its_place_needs() -> None:
    """Sessions by commune and theme, under the women and the men of each of both."""
    square = [(commune, theme, 20 + commune, 20 + theme) for commune in range(6) for theme in range(6)]
    square[8] = (1, 2, 30, 3)

    def table(id_: str, key: int | None) -> Table:
        groups: dict[str, list[tuple[int, ...]]] = {}
        for at, each in enumerate(square):
            groups.setdefault(str(at if key is None else each[key]), []).append(each)
        rows = [
            (name, len(of_it), women := sum(one[2] for one in of_it), men := sum(one[3] for one in of_it), women + men, 50.0)
            for name, of_it in groups.items()
        ]
        return Table(id_, id_, ("Quoi", *ATTENDANCE), tuple(rows), people=PRESENT)

    made = [table("lines", None), table("communes", 0), table("themes", 1)]
    groups = [
        Sum((id_, at, column), tuple(("lines", line, column) for line, one in enumerate(square) if one[key] == at))
        for id_, key in (("communes", 0), ("themes", 1))
        for at in range(6)
        for column in ("Femmes", "Hommes")
    ]
    shown = without(made, hidden_cells(made, {}, groups))
    cells = [cell for one in shown for row in one.rows for cell in row[2:5]]
    assert cells.count(X) == 1
    assert cells.count(Y) == 7, "women and men of four lines that share two communes and two themes"
    assert not any(isinstance(cell, Kept) for one in shown[1:] for row in one.rows for cell in row)
