"""Résultats: figures beside their formulas, drawings beside their tables, files without a number, and what partners never see."""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from console.staff import RoleName
from runtime.database import Database
from tests.console.conftest import SignedIn
from tests.results.conftest import month
from tests.world import World

__all__ = ["month"]
R = RoleName
MARCH = "/resultats?du=2026-03-01&au=2026-03-31"


def section(page: str, id_: str) -> str:
    start = page.index(f'id="{id_}"')
    return page[start : page.index("</details>", start)]


def sheets(data: bytes) -> Iterator[tuple[str, list[list[Any]]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return ((name, book.get_sheet_by_name(name).to_python()) for name in book.sheet_names)


@pytest.mark.parametrize("role", RoleName, ids=str)
def test_without_a_session_the_page_says_so_to_every_role(signed_in: SignedIn, role: RoleName) -> None:
    page = signed_in(role).get("/resultats")
    assert page.status_code == 200
    assert "Pas encore de séance sur cette période" in page.text
    assert 'class="empty"' in page.text


def test_each_figure_stands_beside_its_formula(signed_in: SignedIn, month: World) -> None:
    page = signed_in(R.SUIVI).get(MARCH).text
    assert "Séances tenues" in page
    assert "comptes rendus CR valides" in page
    row = page[page.index("Complétude") : page.index("Promptitude")]
    assert re.search(r"<strong>75</strong>", row)
    assert "= 3 / 4" in row
    assert re.search(r'state warn">moyen : de\s50\sà 79\s%', row.replace("\u00a0", " ")), "the colour never speaks alone"
    assert "Pas encore de séance" not in page


def test_each_drawing_stands_beside_its_table(signed_in: SignedIn, month: World) -> None:
    page = signed_in(R.SUIVI).get(MARCH).text
    for drawing in re.finditer(r"<svg", page):
        start = page.rindex('<details class="fold"', 0, drawing.start())
        assert "<table>" in page[start : page.index("</details>", start)]
    assert "<svg" in section(page, "villages")
    assert "viewBox" in section(page, "villages")


def test_filters_live_in_the_address_and_narrow_the_figures(signed_in: SignedIn, month: World) -> None:
    browser = signed_in(R.SUIVI)
    page = browser.get(f"{MARCH}&village={month.villages[1]}").text
    assert f'<option value="{month.villages[1]}" selected>' in page
    assert "Village 01 (test)" not in section(page, "villages")
    assert f"village={month.villages[1]}" in page[page.index("classeur.xlsx") :][:120]
    assert browser.get(f"{MARCH}&village=999").status_code == 404
    assert "Le début est après la fin" in browser.get("/resultats?du=2026-04-01&au=2026-03-01").text
    assert "pas lisible" in browser.get("/resultats?du=hier").text


def test_terrain_counts_its_own_villages_only(signed_in: SignedIn, month: World) -> None:
    sory = signed_in(R.TERRAIN, villages=frozenset({month.villages[1]}))
    page = sory.get(MARCH).text
    assert "Village 01 (test)" not in page
    for path in ("", "/classeur.xlsx", "/tableaux.zip"):
        assert sory.get(f"/resultats{path}?village={month.villages[0]}").status_code == 404
    files = dict(sheets(sory.get("/resultats/classeur.xlsx?du=2026-03-01&au=2026-03-31").data))
    assert {row[0] for row in files["Comptes rendus"][1:]} == {3.0, 6.0}


def test_small_cells_are_hidden_from_partners_and_say_so(signed_in: SignedIn, month: World) -> None:
    village = f"{MARCH}&village={month.villages[1]}"
    seen, hidden = (section(signed_in(role).get(village).text, "villages") for role in (R.SUIVI, R.LECTURE))
    assert 'data-label="Femmes">1<' in seen
    assert 'data-label="Femmes">1<' not in hidden
    assert "caché" in hidden


@pytest.mark.parametrize("role", [R.LECTURE, R.SUIVI], ids=str)
def test_files_hold_no_number_no_name_and_no_small_count(signed_in: SignedIn, month: World, role: RoleName) -> None:
    browser, query = signed_in(role), "?du=2026-03-01&au=2026-03-31"
    book = browser.get(f"/resultats/classeur.xlsx{query}")
    files = browser.get(f"/resultats/tableaux.zip{query}")
    for answer, name in ((book, "resultats-2026-03-01-2026-03-31.xlsx"), (files, "resultats-2026-03-01-2026-03-31.zip")):
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    everything = str(dict(sheets(book.data)))
    archive = zipfile.ZipFile(io.BytesIO(files.data))
    everything += "".join(archive.read(name).decode("utf-8-sig") for name in archive.namelist())
    assert not any(number[4:] in everything for number in month.numbers.values())
    assert "Moussa" not in everything
    by_report = dict(sheets(book.data)).get("Comptes rendus")
    assert (by_report is None) == (role is R.LECTURE), "partners get totals only"
    if by_report:
        small = next(row for row in by_report if row[0] == 3.0)
        assert small[5] == "caché (< 5)"


def test_the_download_is_written_down(signed_in: SignedIn, month: World, database: Database) -> None:
    from runtime.audit import AuditEntry

    signed_in(R.LECTURE).get("/resultats/classeur.xlsx")
    with database.reading() as session:
        assert session.query(AuditEntry).filter_by(action="export_results").count() == 1
