"""Everything that leaves together, on one page or in one file: the figures, the tables, perhaps the reports one by one.

Whoever may not see small cells gets all of it closed at once: a cell hidden in one table could otherwise be worked out from
another, or from a figure above them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from results import phone_tables, tables
from results.figure import Figure
from results.indicators import figures
from results.scope import Scope
from results.small import People, Sum, hidden_cells, without
from results.table import Cell, Table

# Women and men of one session are nearly always so few that nothing could be shown: a report tells them together.
REPORT_VALUES = {
    "theme": "Thème",
    "present": "Présences",
    "radio": "Radio",
    "before": "Justes avant",
    "after": "Justes après",
    "voters": "Votants",
}
COUNTED = People(
    ("Présences", "Justes avant", "Justes après", "Votants"),
    within=(("Justes avant", "Votants"), ("Justes après", "Votants")),
)
WHO = "Programme"
LABELS = {"4w": 5}  # how many cells of a row say what it is about, where it is not one
QUIZ_COLUMNS = ("Justes avant", "Justes après", "Votants")


@dataclass(frozen=True)
class Release:
    """`figures` and `tables` in the order of the page; the last table holds the reports, when they were asked for.

    `hides` says that something was kept back, a figure or a cell.
    """

    figures: list[Figure]
    tables: list[Table]
    hides: bool = False


def page(session: Session, scope: Scope, *, small_cells: bool) -> Release:
    """What the page of results shows."""
    makers = (
        *(tables.by_week, tables.by_village, tables.by_commune, tables.by_theme, tables.quiz_by_theme, tables.events_by_type),
        *(phone_tables.by_language, phone_tables.by_sex, phone_tables.by_operator, phone_tables.by_broadcast),
        *(phone_tables.quiz_by_phone, phone_tables.quiz_by_listener),
    )
    made = [make(session, scope) for make in makers]
    all_figures = figures(session, scope, small_cells=True)
    return Release(all_figures, made) if small_cells else close(all_figures, made)


def files(session: Session, scope: Scope, *, each_report: bool, step: Callable[[int, int], None]) -> Release:
    """What a file holds: no village is named in it, and its small cells are always hidden. `step` is told how far it got."""
    makers = (
        *(tables.by_week, tables.by_commune, tables.by_theme, tables.quiz_by_theme, tables.events_by_type, _four_w),
        *(phone_tables.by_language, phone_tables.by_sex, phone_tables.by_operator, phone_tables.by_broadcast),
        *(phone_tables.quiz_by_phone, phone_tables.quiz_by_listener),
    )
    made, steps = [], len(makers) + 3
    for place, make in enumerate(makers, start=1):
        made.append(make(session, scope))
        step(place, steps)
    all_figures = figures(session, scope, small_cells=True)
    step(steps - 2, steps)
    sums = list(_by_four_w(made))
    if each_report:
        rows = tables.columns_of(session, scope, "CR", "QZ", "DC", "EV", "RAS")
        made.append(_reports(rows))
        sums += _by_report(rows, tables.theme_names(session), made)
    step(steps - 1, steps)
    return close(all_figures, made, sums)


def close(all_figures: list[Figure], made: list[Table], sums: Iterable[Sum] = ()) -> Release:
    """Figures and tables without what counts fewer than five people and what would tell it."""
    known = {name: value for figure in all_figures if not figure.hidden for name, value in figure.totals}
    ties = [*sums, *_ties(known)]
    gone = hidden_cells(made, known, ties)
    shown = [figure.kept_back({name for name, _value in figure.totals if (name,) in gone}) for figure in all_figures]
    hides = bool(gone) or any(figure.hidden for figure in shown)
    return Release(shown, without(made, gone), hides)


def _four_w(session: Session, scope: Scope) -> Table:
    return tables.four_w(session, scope, WHO)


def _ties(known: dict[str, int]) -> Iterable[Sum]:
    for total, *parts in (
        ("present", "women", "men"),
        ("event:present", "event:women", "event:men"),
        ("after", "before", "gain"),
    ):
        if all(part in known for part in parts):
            yield Sum((total,), tuple((part,) for part in parts))


def _said(row: Any, name: str) -> Cell:
    """A value of a report; those present are its women and men."""
    if name != "present":
        value: Cell = row.values.get(name)
        return value
    told = [row.values[each] for each in ("women", "men") if row.values.get(each) is not None]
    return sum(told) if told else None


def _reports(rows: list[Any]) -> Table:
    """The current valid reports one by one: commune, day and figures; never which club, who sent them nor why none met."""
    lines = tuple(
        (row.number, row.kind, row.commune, row.session_date, *(_said(row, name) for name in REPORT_VALUES)) for row in rows
    )
    columns = ("Numéro", "Sorte", "Commune", "Jour", *REPORT_VALUES.values())
    return Table("reports", "Comptes rendus", columns, lines, "comptes rendus valides, un par ligne", COUNTED)


Group = Callable[[Any], tuple[Cell, ...]]


def _groups(names: dict[int, str]) -> dict[str, tuple[tuple[str, ...], tuple[str, ...], Group]]:
    """For each table that adds up reports: their kinds, the columns of both, and the line a report stands in."""
    return {
        "weeks": (("CR",), ("Présences",), lambda row: (tables.week_of(row.session_date),)),
        "communes": (("CR",), ("Présences",), lambda row: (row.commune,)),
        "themes": (("CR",), ("Présences",), lambda row: (tables.theme_of(row.values, names),)),
        "quiz": (("QZ",), QUIZ_COLUMNS, lambda row: (tables.theme_of(row.values, names),)),
        "events": (("EV",), ("Présences",), lambda row: (tables.event_of(row.values),)),
        "4w": (tuple(tables.WHAT), ("Présences",), lambda row: (WHO, *tables.four_w_key(row, names))),
    }


def _by_report(rows: list[Any], names: dict[int, str], made: list[Table]) -> Iterable[Sum]:
    """How the cells of single reports add up to the cells of the other tables."""
    said = {column: name for name, column in REPORT_VALUES.items()}
    groups = _groups(names)
    for table in made:
        if table.id not in groups:
            continue
        kinds, columns, key = groups[table.id]
        places = defaultdict(list)
        for at, row in enumerate(rows):
            if row.kind in kinds:
                places[key(row)].append(at)
        for line, cells in enumerate(table.rows):
            for column in columns:
                told = [at for at in places[cells[: LABELS.get(table.id, 1)]] if _said(rows[at], said[column])]
                if told:
                    yield Sum((table.id, line, column), tuple(("reports", at, column) for at in told))


def _by_four_w(made: list[Table]) -> Iterable[Sum]:
    """How the lines of the 4W table add up to the cells of the tables by commune, theme and event."""
    by_id = {table.id: table for table in made}
    lines = by_id["4w"].rows
    for id_, what, place in (("communes", "CR", 3), ("themes", "CR", 2), ("events", "EV", 2)):
        for at, cells in enumerate(by_id[id_].rows):
            inside = [line for line, row in enumerate(lines) if row[1] == tables.WHAT[what] and row[place] == cells[0]]
            for column in ("Femmes", "Hommes"):
                yield Sum((id_, at, column), tuple(("4w", line, column) for line in inside))
