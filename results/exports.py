"""Results as files: a workbook that opens right in Excel and LibreOffice, and tidy CSV.

No file holds a number, a name or a received text, and no text in one is ever a formula.
"""

import csv
import io
import unicodedata
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
from results.indicators import SMALL, Figure, figures
from results.scope import Scope
from results.tables import Cell, Table, tables

HIDDEN = "caché (< 5)"
FORMULA_STARTS = "=+-@\t\r"
PEOPLE = ("women", "men", "youth", "mothers", "before", "after", "voters")
REPORT_VALUES = ("theme", "women", "men", "youth", "mothers", "radio", "before", "after", "voters")


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
    """A ZIP with a tidy CSV for the indicators, each table and the reports; UTF-8 with its mark, or Excel breaks accents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in _sheets(session, scope, each_report):
            archive.writestr(f"{table.id}.csv", "\ufeff" + _csv(table))
    return buffer.getvalue()


def _sheets(session: Session, scope: Scope, each_report: bool) -> list[Table]:
    made = [_indicators(figures(session, scope)), *tables(session, scope)]
    return [*made, reports(session, scope)] if each_report else made


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
            *(_kept(name, report.values.get(name)) for name in REPORT_VALUES),
        )
        for report, code, village in rows
    )
    return Table("reports", "Comptes rendus", ("Numéro", "Sorte", "Club", "Village", "Jour", *REPORT_VALUES), lines)


def _kept(name: str, value: Cell) -> Cell:
    return HIDDEN if name in PEOPLE and isinstance(value, int) and 0 < value < SMALL else value


def _indicators(made: Sequence[Figure]) -> Table:
    rows = tuple(
        (
            figure.label,
            HIDDEN if figure.hidden else figure.value,
            figure.unit,
            figure.numerator,
            figure.denominator,
            figure.n,
            figure.formula,
        )
        for figure in made
    )
    columns = ("Indicateur", "Valeur", "Unité", "Numérateur", "Dénominateur", "n", "Formule")
    return Table("indicators", "Indicateurs", columns, rows)


def _codebook(sheets: Iterable[Table]) -> Table:
    rows = tuple((table.title, ", ".join(table.columns), table.formula) for table in sheets)
    return Table("codebook", "Lexique", ("Feuille", "Colonnes", "Calcul"), rows)


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


def _csv(table: Table) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(table.columns)
    writer.writerows([_tame(cell) for cell in row] for row in table.rows)
    return buffer.getvalue()


def _tame(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    plain = "".join(character for character in cell if unicodedata.category(character) != "Cc" or character in "\t")
    first = unicodedata.normalize("NFKC", plain)[:1]
    return f"'{plain}" if first and first in FORMULA_STARTS else plain
