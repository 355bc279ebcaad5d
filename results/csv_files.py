"""A table as the CSV that a French Excel opens by a double click: semicolons, decimal commas, UTF-8 with its mark.

Without the mark Excel breaks accents; a text that begins like a formula gets an apostrophe, or opening the file would run it.
"""

import csv
import io
import unicodedata

from results.table import Cell, Table

FORMULA_STARTS = "=+-@\t\r"
MARK = "\ufeff"


def csv_text(table: Table) -> str:
    """The whole file: the columns, then the rows."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";")
    writer.writerow(_tame(column) for column in table.columns)
    writer.writerows([_tame(cell) for cell in row] for row in table.rows)
    return MARK + buffer.getvalue()


def _tame(cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return "oui" if cell else "non"
    if isinstance(cell, float):
        return str(cell).replace(".", ",")
    if not isinstance(cell, str):
        return cell
    plain = "".join(character for character in cell if unicodedata.category(character) != "Cc" or character in "\t")
    first = unicodedata.normalize("NFKC", plain)[:1]
    return f"'{plain}" if first and first in FORMULA_STARTS else plain
