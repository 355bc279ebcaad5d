"""The tables behind the charts: sessions by week, village, commune and theme; quizzes, events and the 4W table.

Here every cell is told; what counts fewer than five people is kept back afterwards (results/release.py).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs.models import Area, Village
from clubs.records import Report
from results.of_clubs import QUIZ_VOTERS_AT_LEAST, valid_reports
from results.scope import Scope
from results.small import People
from results.table import Cell, Table
from translations.models import Theme

ATTENDANCE = ("Séances", "Femmes", "Hommes", "Présences", "Femmes (%)")
PRESENT = People(
    ATTENDANCE[1:4],
    sums=(("Présences", "Femmes", "Hommes"),),
    derived=("Femmes (%)",),
    totals=(("Femmes", "women"), ("Hommes", "men"), ("Présences", "present")),
)
VOTED = ("Justes avant", "Justes après", "Votants")
VOTERS = People(
    VOTED,
    within=(("Justes avant", "Votants"), ("Justes après", "Votants")),
    derived=("Gain (points)",),
    totals=(("Justes avant", "before"), ("Justes après", "after"), ("Votants", "voters")),
)
EVENTS = {1: "rencontre inter-villages", 2: "plateforme", 3: "formation", 4: "visites à domicile", 5: "cartes distribuées"}
CAME = ("Femmes", "Hommes")
AT_EVENTS = People(
    (*CAME, "Présences"), sums=(("Présences", *CAME),), totals=(("Femmes", "event:women"), ("Hommes", "event:men"))
)
FOUR_W = People((*CAME, "Présences"), sums=(("Présences", *CAME),))
WHAT = {"CR": "Séance de club", "DC": "Démonstration culinaire", "EV": "Événement"}


def columns_of(session: Session, scope: Scope, *kinds: str) -> list[Any]:
    """Valid reports with what tables group by: day, village, commune, kind, number, values."""
    columns = (
        Report.number,
        Report.kind,
        Report.session_date,
        Report.values,
        Report.question_id,
        Village.name.label("village"),
        Area.name.label("commune"),
    )
    found = valid_reports(scope, *kinds).join(Area, Area.id == Village.area_id).with_only_columns(*columns)
    return list(session.execute(found.order_by(Report.session_date, Report.number)))


def theme_names(session: Session) -> dict[int, str]:
    """Each theme as tables name it: its number and its name."""
    return {code: f"{code} {name}".strip() for code, name in session.execute(select(Theme.code, Theme.name))}


def week_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def by_week(session: Session, scope: Scope) -> Table:
    """Sessions and attendance by week, counted from Monday."""
    rows = _attendance(columns_of(session, scope, "CR"), lambda row: week_of(row.session_date))
    return _sessions("weeks", "Séances par semaine", "Semaine du", _filled(rows, _weeks(scope)))


def by_village(session: Session, scope: Scope) -> Table:
    """Sessions and attendance by village; for pages only, since no file names a village."""
    rows = _attendance(columns_of(session, scope, "CR"), lambda row: row.village)
    return _sessions("villages", "Séances par village", "Village", _sorted(rows))


def by_commune(session: Session, scope: Scope) -> Table:
    """Sessions and attendance by commune."""
    rows = _attendance(columns_of(session, scope, "CR"), lambda row: row.commune)
    return _sessions("communes", "Séances par commune", "Commune", _sorted(rows))


def by_theme(session: Session, scope: Scope) -> Table:
    """Sessions and attendance by theme; a session of two themes counts under its first."""
    names = theme_names(session)
    rows = _attendance(columns_of(session, scope, "CR"), lambda row: theme_of(row.values, names))
    return _sessions("themes", "Séances par thème", "Thème", _sorted(rows))


def theme_of(values: dict[str, Any], names: dict[int, str]) -> str:
    """The first theme of a report, as tables name it."""
    code = values.get("theme")
    return names.get(code, str(code)) if code is not None else ""


def quiz_by_theme(session: Session, scope: Scope) -> Table:
    """The raised-hands quiz by theme: right before, right after, voters, gain in points."""
    names = theme_names(session)
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in columns_of(session, scope, "QZ"):
        for place, name in enumerate(("before", "after", "voters")):
            sums[theme_of(row.values, names)][place] += row.values.get(name) or 0
    rows = []
    for label, (before, after, voters) in sorted(sums.items()):
        gain = round(100 * (after - before) / voters, 1) if voters >= QUIZ_VOTERS_AT_LEAST else None
        rows.append((label, before, after, voters, gain))
    formula = "100 x (après - avant) / votants ; caché sous 10 votants"
    return Table("quiz", "Quiz des séances", ("Thème", *VOTED, "Gain (points)"), tuple(rows), formula, VOTERS)


def events_by_type(session: Session, scope: Scope) -> Table:
    """Events by type, with who came and from how many villages."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in columns_of(session, scope, "EV"):
        line = sums[event_of(row.values)]
        for place, amount in enumerate((1, *(row.values.get(name) or 0 for name in ("women", "men", "villages")))):
            line[place] += amount
    rows = tuple((kind, held, women, men, women + men, came) for kind, (held, women, men, came) in sorted(sums.items()))
    columns = ("Sorte d'événement", "Événements", *CAME, "Présences", "Villages venus")
    return Table("events", "Événements par sorte", columns, rows, "comptes rendus EV valides", AT_EVENTS)


def event_of(values: dict[str, Any]) -> str:
    """The type of an event, as tables name it."""
    kind = values.get("event_type")
    return EVENTS.get(kind or 0, str(kind))


def four_w(session: Session, scope: Scope, who: str) -> Table:
    """Who does what, where and when: activities by commune and month, as coordination asks for them."""
    names = theme_names(session)
    sums: dict[tuple[str, str, str, date], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in columns_of(session, scope, *WHAT):
        line = sums[four_w_key(row, names)]
        for place, amount in enumerate((1, row.values.get("women") or 0, row.values.get("men") or 0)):
            line[place] += amount
    rows = tuple((who, *key, held, women, men, women + men) for key, (held, women, men) in sorted(sums.items()))
    columns = ("Qui", "Quoi", "Sujet", "Où (commune)", "Quand (mois)", "Activités", *CAME, "Présences")
    return Table("4w", "4W", columns, rows, "comptes rendus CR, DC et EV valides", FOUR_W)


def four_w_key(row: Any, names: dict[int, str]) -> tuple[str, str, str, date]:
    """The line of the 4W table a report stands in."""
    subject = theme_of(row.values, names)
    if row.kind == "EV":
        subject = event_of(row.values)
    elif row.kind == "DC":
        subject = ""
    return (WHAT[row.kind], subject, row.commune, row.session_date.replace(day=1))


def _sessions(id_: str, title: str, first: str, rows: tuple[tuple[Cell, ...], ...]) -> Table:
    return Table(id_, title, (first, *ATTENDANCE), rows, "comptes rendus CR valides", PRESENT)


def _attendance(read: Sequence[Any], key: Callable[[Any], Any]) -> tuple[tuple[Cell, ...], ...]:
    sums: dict[Any, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in read:
        line = sums[key(row)]
        for index, amount in enumerate((1, row.values.get("women") or 0, row.values.get("men") or 0)):
            line[index] += amount
    return tuple(_line(label, *line) for label, line in sums.items())


def _sorted(rows: tuple[tuple[Cell, ...], ...]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(sorted(rows, key=lambda row: str(row[0])))


def _line(label: Cell, held: int, women: int, men: int) -> tuple[Cell, ...]:
    present = women + men
    return (label, held, women, men, present, round(100 * women / present, 1) if present else 0)


def _weeks(scope: Scope) -> Iterable[date]:
    monday = week_of(scope.since)
    while monday <= scope.until:
        yield monday
        monday += timedelta(days=7)


def _filled(rows: Sequence[tuple[Cell, ...]], labels: Iterable[date]) -> tuple[tuple[Cell, ...], ...]:
    # A week without a session is a zero that must show, not a gap that the eye closes.
    known = {row[0]: row for row in rows}
    return tuple(known.get(label, _line(label, 0, 0, 0)) for label in labels)
