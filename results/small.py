"""Which cells are kept back because they count fewer than five people, over everything that stands on one page or in one file.

Hiding the small cell is not enough: a total beside it gives it back by subtraction, in its row, in its column, or through several
tables at once. So all cells are tied by the sums that hold between them, and others are hidden until no sum, nor any mixture of
sums, tells a small one.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from clubs.small import SMALL, small

if TYPE_CHECKING:
    from results.table import Cell, Table

HIDDEN = "caché (< 5)"
PRIME = 2_147_483_647  # sums are untangled in whole numbers modulo this, exactly and without fractions

Key = Hashable


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


def without(tables: "Sequence[Table]", gone: set[Key], mark: "Cell" = None) -> "list[Table]":
    """Tables with `mark` in place of what `hidden_cells` found."""
    return [replace(table, rows=tuple(_row(table, at, row, gone, mark) for at, row in enumerate(table.rows))) for table in tables]


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
    """The keys to hide so that no small count can be worked out; `unseen` are counts that stand nowhere but must not be told."""
    nowhere = set(unseen)
    secret = {key for key, count in counts.items() if small(count)}
    gone = secret | nowhere
    if not secret:
        return set()
    while True:
        more = _by_single_sums(counts, sums, gone, secret) or _by_mixture(counts, sums, gone, secret)
        if not more:
            return gone - nowhere
        gone |= more


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


def _by_single_sums(counts: Mapping[Key, int], sums: Sequence[Sum], gone: set[Key], secret: set[Key]) -> set[Key]:
    """What to hide beside the secrets that one sum alone would tell, or tell to be among too few."""
    more: set[Key] = set()
    for each in sums:
        away = [key for key in each.parts if (key in gone or key in more) and counts[key]]
        total_away = each.total is not None and (each.total in gone or each.total in more)
        if not secret.intersection(away) and not (total_away and each.total in secret):
            continue
        while len(away) + total_away < 2 or (not total_away and sum(counts[key] for key in away) < SMALL):
            left = [key for key in each.parts if key not in gone and key not in more and counts[key]]
            if left:
                away.append(min(left, key=lambda key: (counts[key], str(key))))
                more.add(away[-1])
            elif each.total is not None and not total_away and counts[each.total]:
                more.add(each.total)
                total_away = True
            else:
                break
    return more


def _by_mixture(counts: Mapping[Key, int], sums: Sequence[Sum], gone: set[Key], secret: set[Key]) -> set[Key]:
    """What to hide beside the secrets that several sums together would tell."""
    more: set[Key] = set()
    for key in sorted(_told(sums, gone, secret), key=str):
        near = _near(key, counts, sums, gone)
        if near and not near & more:
            more.add(min(near, key=lambda one: (counts[one], str(one))))
    return more


def _near(key: Key, counts: Mapping[Key, int], sums: Sequence[Sum], gone: set[Key]) -> set[Key]:
    """The shown counts in the sums of a key; where none is left there, those in the sums that touch these, and so on."""
    reached, left = {key}, list(sums)
    while True:
        touching: list[Sum] = []
        rest: list[Sum] = []
        for each in left:
            (touching if each.total in reached or not reached.isdisjoint(each.parts) else rest).append(each)
        if not touching:
            return set()
        left = rest
        reached |= {one for each in touching for one in (*each.parts, each.total) if one is not None}
        shown = {one for one in reached - gone if counts[one]}
        if shown:
            return shown


def _told(sums: Sequence[Sum], gone: set[Key], secret: set[Key]) -> set[Key]:
    """The secrets that the sums determine.

    A key is determined when its column, over the sums it stands in, is no mixture of the other keys' columns; so every mixture
    that is found clears the keys in it.
    """
    columns: dict[Key, dict[int, int]] = {}
    for at, each in enumerate(sums):
        for key in each.parts:
            if key in gone:
                columns.setdefault(key, {})[at] = 1
        if each.total is not None and each.total in gone:
            columns.setdefault(each.total, {})[at] = -1
    free = _slack(columns, secret)
    found: dict[int, tuple[dict[int, int], dict[Key, int]]] = {}
    for key in sorted(columns, key=lambda one: len(columns[one])):  # the shortest first: it fills up least
        column, made = columns[key], {key: 1}
        while column and (first := min(column)) in found:
            of_it, of_what = found[first]
            times = -column[first] * pow(of_it[first], -1, PRIME)
            _add(column, of_it, times)
            _add(made, of_what, times)
        if column:
            found[min(column)] = (column, made)
        else:
            free |= made.keys()
    return (columns.keys() & secret) - free


def _slack(columns: dict[Key, dict[int, int]], secret: set[Key]) -> set[Key]:
    """Make the columns few before they are mixed; the keys that were found to be told by nothing.

    Two alike tell nothing of each other, and are one to the others. A sum that holds what stands nowhere else, and is no secret
    that it could tell, tells nothing: it goes, which may leave others alike or alone.
    """
    free: set[Key] = set()
    while True:
        alike: dict[frozenset[tuple[int, int]], list[Key]] = defaultdict(list)
        for key, column in columns.items():
            alike[frozenset(column.items())].append(key)
        idle: set[int] = set()
        for sums, (first, *others) in alike.items():
            if others or not sums:
                free.update((first, *others))
            for key in others if sums else (first, *others):
                del columns[key]
            if len(sums) == 1 and (first in free or first not in secret):
                idle.update(at for at, _sign in sums)
        if not idle:
            return free
        for left in columns.values():
            for at in idle & left.keys():
                del left[at]


def _add(row: dict[Any, int], other: Mapping[Any, int], times: int) -> None:
    for key, value in other.items():
        changed = (row.get(key, 0) + times * value) % PRIME
        if changed:
            row[key] = changed
        else:
            row.pop(key, None)


def _row(table: "Table", at: int, row: "tuple[Cell, ...]", gone: set[Key], mark: "Cell") -> "tuple[Cell, ...]":
    away = {name for name in table.people.counts if (table.id, at, name) in gone}
    if away:
        away.update(table.people.derived)
    return tuple(mark if name in away else cell for name, cell in zip(table.columns, row, strict=True))
