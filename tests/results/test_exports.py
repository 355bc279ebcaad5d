"""Files that leave the house: right in a spreadsheet, safe against formulas, without a number or a name."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime

import pytest
from python_calamine import CalamineWorkbook

from clubs.models import Area
from results.charts import bars
from results.exports import csv_files, workbook
from results.scope import Scope
from results.tables import by_village
from runtime.database import Database
from tests.world import World

MARCH = Scope(date(2026, 3, 1), date(2026, 3, 31))
NOW = datetime(2026, 4, 1, tzinfo=UTC)


def opened(database: Database) -> CalamineWorkbook:
    with database.reading() as session:
        return CalamineWorkbook.from_filelike(io.BytesIO(workbook(session, MARCH, NOW)))


def test_the_workbook_opens_with_its_sheets_and_numbers_as_numbers(database: Database, month: World) -> None:
    book = opened(database)
    assert book.sheet_names[0] == "Couverture"
    sessions = next(row for row in book.get_sheet_by_name("Indicateurs").to_python() if row[0] == "Séances tenues")
    assert sessions[1] == 3.0


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"], ids=["equals", "plus", "minus", "at", "tab"])
def test_a_text_that_looks_like_a_formula_stays_a_text(database: Database, month: World, start: str) -> None:
    with database.writing() as session:
        session.query(Area).one().name = start
    rows = opened(database).get_sheet_by_name("Séances par commune").to_python()
    assert start in [row[0] for row in rows]
    with database.reading() as session:
        archive = zipfile.ZipFile(io.BytesIO(csv_files(session, MARCH)))
    cells = [
        cell for line in csv.reader(io.StringIO(archive.read("communes.csv").decode("utf-8-sig")), delimiter=";") for cell in line
    ]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in cells)


def test_no_number_and_no_name_leaves_in_any_file(database: Database, month: World) -> None:
    with database.reading() as session:
        files = zipfile.ZipFile(io.BytesIO(csv_files(session, MARCH)))
        book = zipfile.ZipFile(io.BytesIO(workbook(session, MARCH, NOW)))
    everything = b"".join(archive.read(name) for archive in (files, book) for name in archive.namelist()).decode(
        "utf-8", "replace"
    )
    for number in month.numbers.values():
        assert number not in everything
        assert number[4:] not in everything
    assert "Moussa" not in everything


def test_a_drawing_is_plain_svg_or_nothing(database: Database, month: World) -> None:
    with database.reading() as session:
        table = by_village(session, MARCH)
        svg = bars(table, "Présences")
        nothing = bars(by_village(session, Scope(date(2025, 1, 1), date(2025, 1, 2))), "Présences")
    assert svg is not None
    assert svg.startswith("<svg")
    assert "<script" not in svg
    assert nothing is None


def test_every_column_of_every_sheet_is_explained(database: Database, month: World) -> None:
    book = opened(database)
    told = {(row[0], row[1]): row[2] for row in book.get_sheet_by_name("Lexique").to_python()[1:]}
    for name in book.sheet_names[1:-1]:
        for column in (str(cell) for cell in book.get_sheet_by_name(name).to_python()[0] if cell):
            assert told[name, column]
    assert "Présences" in book.get_sheet_by_name("Comptes rendus").to_python()[0]


def test_a_french_spreadsheet_reads_the_csv(database: Database, month: World) -> None:
    with database.reading() as session:
        text = zipfile.ZipFile(io.BytesIO(csv_files(session, MARCH))).read("communes.csv").decode("utf-8")
        figures = zipfile.ZipFile(io.BytesIO(csv_files(session, MARCH))).read("indicators.csv").decode("utf-8")
    assert text.startswith("\ufeffCommune;Séances;Femmes;")
    assert ";66,7;%;" in figures


def test_a_small_cell_says_in_the_files_that_it_is_hidden(database: Database, month: World) -> None:
    heads, *rows = opened(database).get_sheet_by_name("Séances par thème").to_python()
    small = next(row for row in rows if str(row[0]).startswith("13"))
    assert small[1:] == [1.0, *["caché (< 5)"] * 4]
    heads, *rows = opened(database).get_sheet_by_name("Comptes rendus").to_python()
    assert next(row for row in rows if row[0] == 3.0)[heads.index("Présences")] == "caché (< 5)"


def test_no_file_names_a_village_or_a_club(database: Database, month: World) -> None:
    with database.reading() as session:
        files = zipfile.ZipFile(io.BytesIO(csv_files(session, MARCH)))
    everything = "".join(files.read(name).decode() for name in files.namelist())
    assert "Commune (test)" in everything
    assert "Village 0" not in everything
    assert "1032" not in everything
