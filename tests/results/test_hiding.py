"""No hidden cell can be worked out from what stands beside it: not by one sum, nor by any mixture of them.

The checks are others than the product's: one solves the sums as a reader with a spreadsheet would, with exact fractions; the
other narrows each hidden count from what its label says of it.
"""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from clubs.small import SMALL
from results.figure import share, total
from results.release import close
from results.small import Kept, Key, Sum, hide
from results.table import Table
from results.tables import ATTENDANCE, PRESENT


def worked_out(counts: dict[Key, int], sums: list[Sum], gone: set[Key]) -> set[Key]:
    """The hidden keys whose value the sums give, by elimination over fractions."""
    unknown = sorted(gone, key=str)
    rows: list[list[Fraction]] = []
    for each in sums:
        row = [Fraction(each.parts.count(key) - (key == each.total)) for key in unknown]
        if any(row):
            rows.append(row)
    place = 0
    for column in range(len(unknown)):
        pivot = next((at for at in range(place, len(rows)) if rows[at][column]), None)
        if pivot is None:
            continue
        rows[place], rows[pivot] = rows[pivot], rows[place]
        rows[place] = [value / rows[place][column] for value in rows[place]]
        for at in range(len(rows)):
            if at != place and rows[at][column]:
                rows[at] = [one - rows[at][column] * other for one, other in zip(rows[at], rows[place], strict=True)]
        place += 1
    return {unknown[next(at for at, value in enumerate(row) if value)] for row in rows if sum(1 for value in row if value) == 1}


def narrowed_to_one(counts: dict[Key, int], sums: list[Sum], gone: set[Key]) -> set[Key]:
    """The hidden keys for which the labels and the sums leave a single value: small is 1 to 4, the others are 5 or more."""
    lows = {key: (1 if counts[key] < SMALL else SMALL) if key in gone else count for key, count in counts.items()}
    highs = {key: (SMALL - 1 if counts[key] < SMALL else 10_000) if key in gone else count for key, count in counts.items()}
    before = None
    while before != (before := (dict(lows), dict(highs))):
        for each in sums:
            total, parts = each.total, each.parts
            lows[total] = max(lows[total], sum(lows[part] for part in parts))
            highs[total] = min(highs[total], sum(highs[part] for part in parts))
            for part in parts:
                lows[part] = max(lows[part], lows[total] - sum(highs[one] for one in parts if one != part))
                highs[part] = min(highs[part], highs[total] - sum(lows[one] for one in parts if one != part))
    return {key for key in gone if lows[key] == highs[key]}


CELLS = st.lists(st.lists(st.sampled_from((0, 1, 2, 3, 4, 5, 6, 8, 20, 40)), min_size=4, max_size=4), min_size=2, max_size=6)


@settings(max_examples=150, deadline=None)
@given(CELLS)
def test_in_a_square_of_counts_with_all_its_totals_nothing_small_can_be_worked_out(cells: list[list[int]]) -> None:
    counts: dict[Key, int] = {(row, column): cell for row, line in enumerate(cells) for column, cell in enumerate(line)}
    sums = []
    for row, line in enumerate(cells):
        counts[(row, "all")] = sum(line)
        sums.append(Sum((row, "all"), tuple((row, column) for column in range(len(line)))))
    for column in (*range(4), "all"):
        counts[("all", column)] = sum(counts[(row, column)] for row in range(len(cells)))
        sums.append(Sum(("all", column), tuple((row, column) for row in range(len(cells)))))
    gone = hide(counts, sums)
    small = {key for key, count in counts.items() if 0 < count < SMALL}
    assert small <= gone
    assert not worked_out(counts, sums, gone), "what can be worked out is hidden for nothing"
    lines = [*cells, *zip(*cells, strict=True), [cell for line in cells for cell in line]]
    # Four ones under a total of four: all are hidden, nothing is left to hide beside them, and « < 5 » on each leaves no choice.
    if not any(sum(map(bool, line)) == sum(line) == SMALL - 1 for line in lines):
        assert not narrowed_to_one(counts, sums, gone) & small
    assert not any(counts[key] == 0 for key in gone), "a zero names nobody"


SESSIONS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 30), st.integers(0, 12)), min_size=1, max_size=14
)


@settings(max_examples=100, deadline=None)
@given(SESSIONS)
def test_two_tables_under_the_same_total_do_not_tell_on_each_other(rows: list[tuple[int, int, int, int]]) -> None:
    def table(id_: str, place: int) -> Table:
        lines = []
        for label in sorted({row[place] for row in rows}):
            women, men = (sum(row[at] for row in rows if row[place] == label) for at in (2, 3))
            lines.append((f"{id_} {label}", 1, women, men, women + men, 50.0))
        return Table(id_, id_, ("Quoi", *ATTENDANCE), tuple(lines), people=PRESENT)

    women, men = (sum(row[at] for row in rows) for at in (2, 3))
    totals = (("present", women + men), ("women", women), ("men", men))
    figures = [
        total("attendances", "Présences", "", women + men, totals=totals[:1]),
        share("women", "Part des femmes", "", women, women + men, totals=totals),
    ]
    whole = [table("weeks", 0), table("communes", 1)]
    made = close(figures, whole)
    counts: dict[Key, int] = {}
    gone: set[Key] = set()
    sums = []
    for before, after in zip(whole, made.tables, strict=True):
        for at, (full, shown) in enumerate(zip(before.rows, after.rows, strict=True)):
            for column, name in enumerate(before.columns):
                if name in PRESENT.counts:
                    key = (before.id, at, name)
                    counts[key] = full[column]  # type: ignore[assignment]  # a count
                    if isinstance(shown[column], Kept):
                        gone.add(key)
            sums.append(Sum((before.id, at, "Présences"), ((before.id, at, "Femmes"), (before.id, at, "Hommes"))))
        for name, column_name in (("present", "Présences"), ("women", "Femmes"), ("men", "Hommes")):
            counts[name] = dict(totals)[name]
            sums.append(Sum(name, tuple((before.id, at, column_name) for at in range(len(before.rows)))))
    sums.append(Sum("present", ("women", "men")))
    gone |= {"present"} if made.figures[0].hidden else set()
    gone |= {"women", "men"} if made.figures[1].hidden else set()
    small = {key for key, count in counts.items() if 0 < count < SMALL}
    assert small <= gone
    assert worked_out(counts, sums, gone) <= {"women", "men"} - small, "a figure hides all it tells"
