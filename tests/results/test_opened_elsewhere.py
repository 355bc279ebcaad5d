"""The workbook opens in LibreOffice without its windows and in pandas, with numbers as numbers, days as days, texts as texts."""

import io
import shutil
import subprocess
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from clubs.models import Area
from clubs.records import Report
from results.exports import csv_files, workbook
from results.scope import Scope
from results.small import Kept
from runtime.database import Database
from tests.world import World

pandas = pytest.importorskip("pandas", reason="pandas is not installed")
MARCH = Scope(date(2026, 3, 1), date(2026, 3, 31))
NOW = datetime(2026, 4, 1, tzinfo=UTC)
STARTS = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\uff1d1+1")
SHEET = "Séances par commune"


@pytest.fixture
def files(database: Database, month: World, tmp_path: Path) -> tuple[Path, bytes]:
    """The workbook on disk and the CSV files, of a month whose communes are named like formulas."""
    with database.writing() as session:
        area = session.query(Area).one()
        area.name = STARTS[0]
        for start in STARTS[1:]:
            session.add(Area(kind="commune", name=start))
        for report in session.query(Report).filter_by(kind="CR"):  # enough people that nothing must be hidden
            report.values = {**report.values, "women": report.values["women"] + 40, "men": report.values["men"] + 40}
    path = tmp_path / "resultats.xlsx"
    with database.reading() as session:
        path.write_bytes(workbook(session, MARCH, NOW))
        return path, csv_files(session, MARCH)


def types(path: Path) -> dict[str, Any]:
    """What pandas makes of the sheets."""
    return dict(pandas.read_excel(path, sheet_name=None, engine="calamine", na_values=list(Kept)))


def checked(book: dict[str, Any]) -> None:
    """Counts are whole numbers, shares are numbers, days are days, and a text that begins like a formula stays one."""
    sheet = book[SHEET]
    assert list(sheet["Commune"]) == [STARTS[0]]
    assert pandas.api.types.is_integer_dtype(sheet["Séances"])
    assert pandas.api.types.is_float_dtype(sheet["Femmes (%)"])
    assert int(sheet["Présences"][0]) == 42 + 3 * 80
    assert pandas.api.types.is_datetime64_any_dtype(book["Comptes rendus"]["Jour"])
    assert book["Comptes rendus"]["Jour"].min().date() == date(2026, 3, 4)
    assert pandas.api.types.is_datetime64_any_dtype(book["Séances par semaine"]["Semaine du"])
    assert list(book["4W"]["Où (commune)"].unique()) == [STARTS[0]]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_pandas_reads_the_workbook_with_the_right_types(files: tuple[Path, bytes]) -> None:
    checked(types(files[0]))


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_pandas_reads_the_csv_with_the_right_types(files: tuple[Path, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(files[1])) as archive:
        weeks = pandas.read_csv(archive.open("weeks.csv"), sep=";", decimal=",", na_values=list(Kept), parse_dates=["Semaine du"])
        communes = pandas.read_csv(archive.open("communes.csv"), sep=";", decimal=",", na_values=list(Kept))
    assert pandas.api.types.is_datetime64_any_dtype(weeks["Semaine du"])
    assert pandas.api.types.is_integer_dtype(weeks["Séances"])
    assert pandas.api.types.is_float_dtype(communes["Femmes (%)"])
    assert list(communes["Commune"]) == ["'=1+1"]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_libreoffice_opens_the_workbook_and_keeps_its_types(files: tuple[Path, bytes], tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice Calc is not installed: libreoffice-calc-nogui")
    out = tmp_path / "again"
    profile = f"-env:UserInstallation=file://{tmp_path}/office"
    command = [office, profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(out), str(files[0])]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    checked(types(out / "resultats.xlsx"))
    with zipfile.ZipFile(out / "resultats.xlsx") as saved:
        sheets = [saved.read(name).decode() for name in saved.namelist() if name.startswith("xl/worksheets/")]
    assert sheets
    assert not any("<f" in sheet for sheet in sheets), "a formula came to be"
