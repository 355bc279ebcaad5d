"""What a table of results is, for a page and for a file alike."""

from dataclasses import dataclass
from datetime import date

from results.small import NOBODY, People

Cell = int | float | str | date | None


@dataclass(frozen=True)
class Table:
    """`columns` names the cells of each row; the first cell says what the row is about. A Kept stands for a cell kept back, None
    where nothing is said.

    `people` says which columns count people.
    """

    id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    formula: str = ""
    people: People = NOBODY
