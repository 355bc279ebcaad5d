"""A spreadsheet as people send it: XLSX, ODS, XLS or CSV, with its own row numbers and whatever headings they wrote.

French Excel writes CSV in cp1252, and guessing among all encodings gets accents wrong: UTF-8 is tried strictly, then cp1252, and
the reader may say otherwise.
"""

import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from python_calamine import CalamineError, CalamineWorkbook

ROWS_AT_MOST = 20_000


class SheetError(Exception):
    """A file that cannot be read as a table; its text is a French sentence for the person who sent it."""


@dataclass(frozen=True)
class Row:
    """One line of the table under the file's own row number; cells are stripped text, empty where nothing stood."""

    number: int
    cells: Mapping[str, str]

    def get(self, column: str) -> str:
        """The cell under a column, or empty."""
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Sheet:
    """A table: which column stands where, headings nobody knows, and the rows that are not empty."""

    columns: tuple[str, ...]
    unknown: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str | None = None


def read(data: bytes, name: str, headings: Mapping[str, Sequence[str]], encoding: str | None = None) -> Sheet:
    """Read a file into a Sheet; `headings` gives for each column the spellings accepted in the first row.

    SheetError when the file is no table, is too long, or names a column twice.
    """
    if name.lower().endswith((".csv", ".txt", ".tsv")):
        table, encoding = _csv(data, encoding)
    else:
        table, encoding = _workbook(data), None
    if not table:
        raise SheetError("Ce fichier est vide.")
    if len(table) > ROWS_AT_MOST + 1:
        raise SheetError(f"Ce fichier a plus de {ROWS_AT_MOST} lignes. Partagez-le en plusieurs.")
    spellings = {_plain(spelling): column for column, names in headings.items() for spelling in (column, *names)}
    places = [spellings.get(_plain(cell)) for cell in table[0]]
    known = tuple(place for place in places if place is not None)
    for column in known:
        if known.count(column) > 1:
            raise SheetError(f"La colonne « {column} » figure deux fois.")
    unknown = tuple(cell for cell, place in zip(table[0], places, strict=True) if place is None and cell)
    rows = []
    for number, line in enumerate(table[1:], start=2):
        cells = {place: cell for place, cell in zip(places, line, strict=False) if place is not None and cell}
        if any(line):
            rows.append(Row(number, cells))
    return Sheet(known, unknown, tuple(rows), encoding)


def _csv(data: bytes, encoding: str | None) -> tuple[list[list[str]], str]:
    for candidate in [encoding] if encoding else ["utf-8-sig", "cp1252"]:
        try:
            text = data.decode(candidate)
        except (UnicodeDecodeError, LookupError):
            continue
        try:
            dialect = csv.Sniffer().sniff(text[:4096], delimiters=";,\t")
        except csv.Error:
            dialect = csv.excel
        return [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(text), dialect)], candidate
    raise SheetError("L'encodage de ce fichier n'est pas reconnu. Enregistrez-le en CSV UTF-8 ou en XLSX.")


def _workbook(data: bytes) -> list[list[str]]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        cells = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, IndexError) as error:
        raise SheetError("Ce fichier n'est pas un tableau lisible. Envoyez un fichier XLSX, ODS ou CSV.") from error
    return [[_text(cell) for cell in line] for line in cells]


def _text(cell: object) -> str:
    # A spreadsheet keeps a phone number as the float 76123456.0 and a day as a date.
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip()


def _plain(heading: str) -> str:
    bare = unicodedata.normalize("NFKD", heading.casefold())
    return "".join(character for character in bare if character.isalnum())
