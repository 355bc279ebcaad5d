"""Results as files: a workbook that opens right in Excel and LibreOffice, and tidy CSV.

No file holds a number, a name or a received text, and no text in one is ever a formula.
"""

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime

import xlsxwriter
from sqlalchemy import select
from sqlalchemy.orm import Session
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from clubs.models import Club, Village
from clubs.records import Report, ReportState
from results.codebook import MEANINGS
from results.csv_files import csv_text
from results.indicators import Figure, figures
from results.scope import Scope
from results.small import HIDDEN, People, keep_back
from results.tables import Cell, Table, tables

REPORT_VALUES = {
    "theme": "Thème",
    "women": "Femmes",
    "men": "Hommes",
    "youth": "Jeunes",
    "mothers": "Mères",
    "radio": "Radio",
    "before": "Justes avant",
    "after": "Justes après",
    "voters": "Votants",
}
COUNTED = People(
    ("Femmes", "Hommes", "Jeunes", "Mères", "Justes avant", "Justes après", "Votants"),
    sums=(("", "Femmes", "Hommes"),),  # their sum stands in the tables of sessions
    within=(("Justes avant", "Votants"), ("Justes après", "Votants")),
)


def workbook(session: Session, scope: Scope, now: datetime, *, each_report: bool = True) -> bytes:
    """An XLSX of the scope: cover with filters, indicators with their formulas, one sheet a table, codebook; the reports
    one by one too, unless its reader gets totals only."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        _cover(book.add_worksheet("Couverture"), session, scope, now, bold)
        sheets = _sheets(session, scope, each_report)
        for table in sheets:
            _sheet(book.add_worksheet(table.title[:31]), table, bold)
        _sheet(book.add_worksheet("Lexique"), _codebook(sheets), bold)
    return buffer.getvalue()


def csv_files(session: Session, scope: Scope, *, each_report: bool = True) -> bytes:
    """A ZIP with a tidy CSV for the indicators, each table, the reports and the codebook."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        sheets = _sheets(session, scope, each_report)
        for table in (*sheets, _codebook(sheets)):
            archive.writestr(f"{table.id}.csv", csv_text(table))
    return buffer.getvalue()


def _sheets(session: Session, scope: Scope, each_report: bool) -> list[Table]:
    made = tables(session, scope, small_cells=True)
    if each_report:
        made.append(reports(session, scope))
    return [_indicators(figures(session, scope)), *(keep_back(table, HIDDEN) for table in made)]


def reports(session: Session, scope: Scope) -> Table:
    """The current valid reports one by one: club code, day and figures, never who sent them nor why there was no session."""
    rows = session.execute(
        select(Report, Club.code, Village.name)
        .join(Club, Club.id == Report.club_id)
        .join(Village, Village.id == Club.village_id)
        .where(Report.state == ReportState.VALID, Report.session_date.between(scope.since, scope.until), scope.club())
        .order_by(Report.session_date, Report.number)
    )
    lines = tuple(
        (
            report.number,
            report.kind,
            code,
            village,
            str(report.session_date),
            *(report.values.get(name) for name in REPORT_VALUES),
        )
        for report, code, village in rows
    )
    columns = ("Numéro", "Sorte", "Club", "Village", "Jour", *REPORT_VALUES.values())
    return Table("reports", "Comptes rendus", columns, lines, "comptes rendus valides, un par ligne", COUNTED)


def _indicators(made: Sequence[Figure]) -> Table:
    rows = tuple(
        (
            figure.label,
            HIDDEN if figure.hidden else figure.value,
            figure.unit,
            *((HIDDEN,) * 3 if figure.hidden else (figure.numerator, figure.denominator, figure.n)),
            figure.formula,
        )
        for figure in made
    )
    columns = ("Indicateur", "Valeur", "Unité", "Numérateur", "Dénominateur", "n", "Formule")
    return Table("indicators", "Indicateurs", columns, rows)


def _codebook(sheets: Iterable[Table]) -> Table:
    rows = tuple((table.title, column, MEANINGS[column], table.formula) for table in sheets for column in table.columns)
    return Table("codebook", "Lexique", ("Feuille", "Colonne", "Sens", "Calcul"), rows)


def _cover(sheet: Worksheet, session: Session, scope: Scope, now: datetime, bold: Format) -> None:
    villages = "tous"
    if scope.villages is not None:
        villages = ", ".join(session.scalars(select(Village.name).where(Village.id.in_(scope.villages)).order_by(Village.name)))
    lines = (
        ("Lamɛn : résultats", ""),
        ("Du", scope.since.isoformat()),
        ("Au", scope.until.isoformat()),
        ("Villages", villages),
        ("Langue", scope.language or "toutes"),
        ("Sexe", scope.sex.value if scope.sex else "tous"),
        ("Préparé le", now.strftime("%d/%m/%Y %H:%M UTC")),
        ("Petits effectifs", "Une case qui parle de moins de 5 personnes est cachée."),
    )
    for row, (name, text) in enumerate(lines):
        sheet.write_string(row, 0, name, bold)
        sheet.write_string(row, 1, text)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 60)


def _sheet(sheet: Worksheet, table: Table, bold: Format) -> None:
    for column, name in enumerate(table.columns):
        sheet.write_string(0, column, name, bold)
    for row, cells in enumerate(table.rows, start=1):
        for column, cell in enumerate(cells):
            _write(sheet, row, column, cell)
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, max(1, len(table.columns) - 1), 14)


def _write(sheet: Worksheet, row: int, column: int, cell: Cell) -> None:
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, (int, float)):
        sheet.write_number(row, column, cell)
    elif cell is not None:
        sheet.write_string(row, column, cell)  # never write(): a text that begins with = must stay a text
