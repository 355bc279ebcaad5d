"""Which cells are kept back because they count fewer than five people, over everything that stands on one page or in one file.

Hiding the small cell is not enough: a total beside it gives it back by subtraction, in its row, in its column, or through several
tables at once. So all cells are tied by the sums that hold between them, and for each small one as few others are hidden as make
another count possible in its place. What is hidden says which of the two it is, so that no large cell is called small.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from clubs.small import SMALL, small

if TYPE_CHECKING:
    from results.table import Cell, Table

PRIME = 2_147_483_647  # sums are untangled in whole numbers modulo this, exactly and without fractions
CHANGE_AT_MOST = 1_000  # a larger one is a fraction modulo the prime, and no count of people

Key = Hashable


class Kept(StrEnum):
    """What stands in place of a cell: that it counts too few, or that it would only give another one away."""

    FEW = "caché (< 5)"
    BESIDE = "caché"


def kept(count: float) -> Kept:
    """What stands in place of a count."""
    return Kept.FEW if small(count) else Kept.BESIDE


@dataclass(frozen=True)
class People:
    """What a table's columns say of people; sessions, clubs and money are not among them.

    `counts` are the columns that count people. Each of `sums` is a total and its parts, "" for a total that stands elsewhere.
    Each of `within` is a part and its whole whose remainder has no column. `derived` are worked out from the counts. Each of
    `totals` is a column whose cells add up to a figure of that name.
    """

    counts: tuple[str, ...] = ()
    sums: tuple[tuple[str, ...], ...] = ()
    within: tuple[tuple[str, str], ...] = ()
    derived: tuple[str, ...] = ()
    totals: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Sum:
    """`total` = the sum of `parts`. A total that is None is known to the reader from elsewhere."""

    total: Key | None
    parts: tuple[Key, ...]


NOBODY = People()


def part_is_small(part: float, whole: float) -> bool:
    """Whether a part, or what it leaves of its whole, speaks of too few."""
    return small(part) or small(whole - part)


def without(tables: "Sequence[Table]", gone: set[Key]) -> "list[Table]":
    """Tables with a Kept in place of what `hidden_cells` found."""
    return [replace(table, rows=tuple(_row(table, at, row, gone) for at, row in enumerate(table.rows))) for table in tables]


def hidden_cells(tables: "Sequence[Table]", totals: Mapping[str, int], more: Iterable[Sum] = ()) -> set[Key]:
    """The keys (table id, row place, column) of the cells to hide, and (name,) of the totals."""
    counts: dict[Key, int] = {(name,): value for name, value in totals.items()}
    unseen: set[Key] = set()
    sums = list(more)
    for table in tables:
        _gather(table, counts, unseen, sums)
    for table in tables:
        for column, name in table.people.totals:
            parts = tuple((table.id, at, column) for at in range(len(table.rows)) if (table.id, at, column) in counts)
            if (name,) not in counts:  # it stands nowhere, yet one table may give it away to another
                counts[(name,)] = sum(counts[part] for part in parts)
                unseen.add((name,))
            sums.append(Sum((name,), parts))
    return hide(
        counts,
        [each for each in sums if (each.total is None or each.total in counts) and counts.keys() >= set(each.parts)],
        unseen,
    )


def hidden(counts: Mapping[str, int], people: People) -> set[str]:
    """The names of the counts of one row to hide."""
    # Built like a table of that row alone, whose columns add up to nothing else.
    keys: dict[Key, int] = {}
    unseen: set[Key] = set()
    sums: list[Sum] = []
    _gather_row("", 0, dict(counts), people, keys, unseen, sums)
    gone = hide(keys, sums, unseen)
    return {name for name in counts if ("", 0, name) in gone}


def hide(counts: Mapping[Key, int], sums: Sequence[Sum], unseen: Iterable[Key] = ()) -> set[Key]:
    """The keys to hide so that no small count can be worked out; `unseen` are counts that stand nowhere but must not be told.

    Each secret gets its witness: another table that agrees with everything shown, and in which the secret is another count.
    """
    nowhere = set(unseen)
    # A zero is shown, and one that stands nowhere is taken as guessed.
    known = {key: count for key, count in counts.items() if count}
    secret = {key for key, count in known.items() if small(count)}
    if not secret:
        return set()
    known, sums = _with_unions(known, sums, secret, nowhere)
    search = _Search(known, sums, secret | (nowhere & known.keys()), nowhere)
    for key in sorted(secret, key=str):
        search.protect(key)
    return search.gone - nowhere


def _with_unions(
    counts: dict[Key, int], sums: Sequence[Sum], secret: set[Key], nowhere: set[Key]
) -> tuple[dict[Key, int], list[Sum]]:
    """Several secrets of one sum that are too few together are one more secret, which stands nowhere."""
    groups = {few for each in sums if len(few := tuple(key for key in each.parts if key in secret)) > 1}
    unions = [Sum(("union", few), few) for few in sorted(groups, key=str) if small(sum(counts[key] for key in few))]
    small_ones: dict[Key, int] = {("union", each.parts): sum(counts[key] for key in each.parts) for each in unions}
    secret.update(small_ones)
    nowhere.update(small_ones)
    return {**counts, **small_ones}, [*sums, *unions]


def _gather(table: "Table", counts: dict[Key, int], unseen: set[Key], sums: list[Sum]) -> None:
    for at, row in enumerate(table.rows):
        cells = zip(table.columns, row, strict=True)
        here = {name: cell for name, cell in cells if isinstance(cell, int) and not isinstance(cell, bool)}
        _gather_row(table.id, at, here, table.people, counts, unseen, sums)


def _gather_row(
    table: str, at: int, cells: Mapping[str, int], people: People, counts: dict[Key, int], unseen: set[Key], sums: list[Sum]
) -> None:
    here = {name: cell for name, cell in cells.items() if name in people.counts}
    counts.update({(table, at, name): cell for name, cell in here.items()})
    for total, *parts in people.sums:
        known = tuple((table, at, part) for part in parts if part in here)
        if known:
            sums.append(Sum((table, at, total) if total in here else None, known))
    for part, whole in people.within:
        if part in here and whole in here:
            rest: Key = (table, at, f"{whole} - {part}")
            counts[rest] = here[whole] - here[part]
            unseen.add(rest)
            sums.append(Sum((table, at, whole), ((table, at, part), rest)))


class _Search:
    """The witnesses of secrets, found one after the other; `gone` is what they need hidden, and grows.

    A witness is a mixture of counts that every sum it touches cancels. It is sought near its secret first, among what is hidden
    already first, and among small counts before large ones.
    """

    def __init__(self, counts: Mapping[Key, int], sums: Sequence[Sum], gone: set[Key], nowhere: set[Key]) -> None:
        self.gone = gone
        self._counts, self._nowhere = counts, nowhere
        self._sums = [[key for key in (*each.parts, each.total) if key in counts] for each in sums]
        self._columns: dict[Key, dict[int, int]] = {key: {} for key in counts}
        for at, each in enumerate(sums):
            for key in each.parts:
                if key in counts:
                    self._columns[key][at] = 1
            if each.total in counts:
                self._columns[each.total][at] = -1
        self._safe: set[Key] = set()

    def protect(self, secret: Key) -> None:
        """Hide what the witness of a secret needs; where none keeps to the labels, what comes nearest to one."""
        if secret in self._safe:
            return
        refused: set[Key] = set()
        best: dict[Key, int] = {}
        for near in self._rings(secret):
            while made := self._witness(secret, near - refused):
                best = best or made
                blocking = self._blocking(made)
                if not blocking:
                    self.gone.update(made)
                    self._safe.update(made)
                    return
                if not (blocking := blocking - {secret}):
                    break
                refused.add(max(blocking, key=lambda key: (key not in self.gone, self._counts[key], str(key))))
        self.gone.update(best)

    def _rings(self, secret: Key) -> Iterator[set[Key]]:
        """The counts in the sums of a secret, then those in the sums that touch these too, and so on."""
        reached, met = {secret}, set[int]()
        while more := {at for key in reached for at in self._columns[key]} - met:
            met |= more
            reached = reached.union(*(self._sums[at] for at in more))
            yield reached

    def _witness(self, secret: Key, among: set[Key]) -> dict[Key, int]:
        """How much each count changes where the secret changes by one; empty when the sums tell the secret."""
        found: dict[int, tuple[dict[int, int], dict[Key, int]]] = {}
        aim: tuple[dict[int, int], dict[Key, int]] = (dict(self._columns[secret]), {secret: 1})
        for key in sorted(among - {secret}, key=self._cost):
            column, made = dict(self._columns[key]), {key: 1}
            _reduce(column, made, found)
            if column:
                found[min(column)] = (column, made)
                _reduce(*aim, found)
            if not aim[0]:
                return {key: times if times < PRIME // 2 else times - PRIME for key, times in aim[1].items()}
        return {}

    def _cost(self, key: Key) -> tuple[bool, int, str]:
        return (key not in self.gone, self._counts[key], str(key))

    def _blocking(self, made: Mapping[Key, int]) -> set[Key]:
        """The counts that a witness would carry out of what their label says, one way and the other; none if one is open."""
        far = {key for key, change in made.items() if abs(change) > CHANGE_AT_MOST}
        ways = [{key for key, change in made.items() if not self._fits(key, self._counts[key] + way * change)} for way in (1, -1)]
        return far or (ways[0] | ways[1] if all(ways) else set())

    def _fits(self, key: Key, count: int) -> bool:
        if key in self._nowhere:
            return count >= 0
        return small(count) if small(self._counts[key]) else count >= SMALL


def _reduce(column: dict[int, int], made: dict[Key, int], found: Mapping[int, tuple[dict[int, int], dict[Key, int]]]) -> None:
    """Take out of a column, in place, what the found ones hold of it; `made` keeps what it is a mixture of."""
    while column and (first := min(column)) in found:
        of_it, of_what = found[first]
        times = -column[first] * pow(of_it[first], -1, PRIME)
        _add(column, of_it, times)
        _add(made, of_what, times)


def _add(row: dict[Any, int], other: Mapping[Any, int], times: int) -> None:
    for key, value in other.items():
        changed = (row.get(key, 0) + times * value) % PRIME
        if changed:
            row[key] = changed
        else:
            row.pop(key, None)


def _row(table: "Table", at: int, row: "tuple[Cell, ...]", gone: set[Key]) -> "tuple[Cell, ...]":
    cells = dict(zip(table.columns, row, strict=True))
    away = {name: kept(cast("int", cells[name])) for name in table.people.counts if (table.id, at, name) in gone}
    if away:
        away |= dict.fromkeys(table.people.derived, Kept.FEW if Kept.FEW in away.values() else Kept.BESIDE)
    return tuple(away.get(name, cell) for name, cell in cells.items())
