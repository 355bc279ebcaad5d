"""Which cells of a row are kept back because they count fewer than five people.

Cell by cell, not by a row's largest count: a row of thirty women and one man must not show the man. What a reader could still
work out by subtracting is hidden with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clubs.small import small

if TYPE_CHECKING:
    from results.tables import Cell, Table

HIDDEN = "caché (< 5)"


@dataclass(frozen=True)
class People:
    """What a table's columns say of people; sessions, clubs and money are not among them.

    `counts` are the columns that count people. Each of `sums` is a total and its parts, "" for a total that stands elsewhere.
    Each of `within` is a part and its whole whose remainder has no column. `derived` are worked out from the counts.
    """

    counts: tuple[str, ...] = ()
    sums: tuple[tuple[str, ...], ...] = ()
    within: tuple[tuple[str, str], ...] = ()
    derived: tuple[str, ...] = ()


NOBODY = People()


def keep_back(table: "Table", mark: "Cell" = None) -> "Table":
    """The table as partners and files get it: `mark` stands where a cell is hidden."""
    return replace(table, rows=tuple(_row(table.columns, row, table.people, mark) for row in table.rows))


def part_is_small(part: float, whole: float) -> bool:
    """Whether a part, or what it leaves of its whole, speaks of too few."""
    return small(part) or small(whole - part)


def hidden(counts: Mapping[str, int], people: People) -> set[str]:
    """The names of the counts to hide: small ones, and those from which a small one could be worked out."""
    gone = {name for name in people.counts if small(counts.get(name, 0))}
    gone |= {
        part for part, whole in people.within if part in counts and whole in counts and part_is_small(counts[part], counts[whole])
    }
    for total, *parts in people.sums:
        _close(gone, counts, parts)
        if total in gone:  # its parts together would give it back
            gone.update(part for part in parts if counts.get(part, 0))
    return gone


def _close(gone: set[str], counts: Mapping[str, int], parts: Sequence[str]) -> None:
    away = [part for part in parts if part in gone]
    left = sorted((part for part in parts if part not in gone and counts.get(part, 0)), key=lambda part: counts[part])
    while away and left and (len(away) < 2 or small(sum(counts[part] for part in away))):
        away.append(left.pop(0))
        gone.add(away[-1])


def _row(columns: Sequence[str], row: "tuple[Cell, ...]", people: People, mark: "Cell") -> "tuple[Cell, ...]":
    counts = {name: cell for name, cell in zip(columns, row, strict=True) if name in people.counts and isinstance(cell, int)}
    gone = hidden(counts, people)
    if gone:
        gone.update(people.derived)
    return tuple(mark if name in gone else cell for name, cell in zip(columns, row, strict=True))
