"""Results as files: a workbook that opens right in Excel, LibreOffice and pandas, and tidy CSV.

No file holds a number, a name, a village or a received text, and no text in one is ever a formula.
"""

import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime

import xlsxwriter
from sqlalchemy.orm import Session
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from results.codebook import MEANINGS
from results.csv_files import csv_text
from results.figure import Figure
from results.places import communes
from results.release import files
from results.scope import Scope
from results.table import Cell, Table

Step = Callable[[int, int], None]
DATES = "yyyy-mm-dd"


def nothing(_done: int, _steps: int) -> None:
    """Nobody waits for the progress of a small file."""


def workbook(session: Session, scope: Scope, now: datetime, *, each_report: bool = True, step: Step = nothing) -> bytes:
    """An XLSX of the scope: cover with filters, indicators with their formulas, one sheet a table, codebook; the reports
    one by one too, unless its reader gets totals only."""
    buffer = io.BytesIO()
    sheets = _sheets(session, scope, each_report, step)
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        dates = book.add_format({"num_format": DATES})
        _cover(book.add_worksheet("Couverture"), session, scope, now, bold)
        for table in sheets:
            _sheet(book.add_worksheet(table.title[:31]), table, bold, dates)
        _sheet(book.add_worksheet("Lexique"), _codebook(sheets), bold, dates)
    return buffer.getvalue()


def csv_files(session: Session, scope: Scope, *, each_report: bool = True, step: Step = nothing) -> bytes:
    """A ZIP with a tidy CSV for the indicators, each table, the reports and the codebook."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        sheets = _sheets(session, scope, each_report, step)
        for table in (*sheets, _codebook(sheets)):
            archive.writestr(f"{table.id}.csv", csv_text(table))
    return buffer.getvalue()


def places(session: Session, scope: Scope) -> str:
    """Where a file speaks of: communes, never villages."""
    if scope.villages is None:
        return "toutes"
    return ", ".join(name for _id, name in communes(session, scope.villages)) or "aucune"


def _sheets(session: Session, scope: Scope, each_report: bool, step: Step) -> list[Table]:
    made = files(session, scope, each_report=each_report, step=step)
    return [_indicators(made.figures, scope, places(session, scope)), *made.tables]


def _indicators(made: Sequence[Figure], scope: Scope, where: str) -> Table:
    rows = tuple(
        (
            figure.label,
            figure.hidden or figure.value,
            figure.unit,
            *((figure.hidden,) * 3 if figure.hidden else (figure.numerator, figure.denominator, figure.n)),
            scope.since,
            scope.until,
            where,
            figure.formula,
        )
        for figure in made
    )
    columns = ("Indicateur", "Valeur", "Unité", "Numérateur", "Dénominateur", "n", "Du", "Au", "Communes", "Formule")
    return Table("indicators", "Indicateurs", columns, rows)


def _codebook(sheets: Iterable[Table]) -> Table:
    rows = tuple((table.title, column, MEANINGS[column], table.formula) for table in sheets for column in table.columns)
    return Table("codebook", "Lexique", ("Feuille", "Colonne", "Sens", "Calcul"), rows)


def _cover(sheet: Worksheet, session: Session, scope: Scope, now: datetime, bold: Format) -> None:
    lines = (
        ("Lamɛn : résultats", ""),
        ("Du", scope.since.isoformat()),
        ("Au", scope.until.isoformat()),
        ("Communes", places(session, scope)),
        ("Villages", "tous" if scope.villages is None else str(len(scope.villages))),
        ("Langue", scope.language or "toutes"),
        ("Sexe", scope.sex.value if scope.sex else "tous"),
        ("Opérateur", scope.operator or "tous"),
        ("Préparé le", now.strftime("%d/%m/%Y %H:%M UTC")),
        (
            "Petits effectifs",
            "Une case de moins de 5 personnes dit « caché (< 5) » ; une case qui la ferait deviner dit « caché ».",
        ),
    )
    for row, (name, text) in enumerate(lines):
        sheet.write_string(row, 0, name, bold)
        sheet.write_string(row, 1, text)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 60)


def _sheet(sheet: Worksheet, table: Table, bold: Format, dates: Format) -> None:
    for column, name in enumerate(table.columns):
        sheet.write_string(0, column, name, bold)
    for row, cells in enumerate(table.rows, start=1):
        for column, cell in enumerate(cells):
            _write(sheet, row, column, cell, dates)
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, max(1, len(table.columns) - 1), 14)


def _write(sheet: Worksheet, row: int, column: int, cell: Cell, dates: Format) -> None:
    if isinstance(cell, bool):
        sheet.write_string(row, column, "oui" if cell else "non")  # LibreOffice would make a formula of a truth
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, datetime.combine(cell, datetime.min.time()), dates)
    elif isinstance(cell, (int, float)):
        sheet.write_number(row, column, cell)
    elif cell is not None:
        sheet.write_string(row, column, cell)  # never write(): a text that begins with = must stay a text
