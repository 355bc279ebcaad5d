"""`members import`: a real spreadsheet of 3,000 rows, 60 of them bad in four ways."""

from pathlib import Path

import pytest
import xlsxwriter

from clubs.models import Member
from messaging.models import Consent, Contact
from runtime.audit import AuditEntry
from runtime.database import Database
from tests.console.commands.conftest import Run
from tests.world import World

HEADINGS = (
    *("village", "club", "nom", "sexe", "âge", "numéro", "langue", "rôle", "accord messages", "accord appels"),
    *("date", "témoin", "page du registre"),
)
BAD = {"number": range(100, 115), "village": range(600, 615), "twin": range(1200, 1215), "undated": range(2400, 2415)}
ROWS = 3000


def row(number: int, code: str, village: str) -> list[str]:
    """The row under the file's own `number`, bad where BAD says so."""
    cells = {
        "village": village,
        "club": code,
        "nom": f"Personne {number}",
        "sexe": "F" if number % 2 else "H",
        "âge": "25-49",
        "numéro": f"76{number:06d}",
        "langue": "fr",
        "rôle": "membre",
        "accord messages": "oui",
        "accord appels": "oui",
        "date": "15/03/2024",
        "témoin": "Moussa",
        "page du registre": str(number // 25),
    }
    if number in BAD["number"]:
        cells["numéro"] = "7612345"
    if number in BAD["village"]:
        cells["village"] = "Nulle-Part"
    if number in BAD["twin"]:
        return row(number - 100, code, village)
    if number in BAD["undated"]:
        cells["date"] = ""
    return [cells[heading] for heading in HEADINGS]


@pytest.fixture
def sheet(tmp_path: Path, world: World) -> Path:
    path = tmp_path / "membres.xlsx"
    code = next(iter(world.clubs))
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADINGS)
        for number in range(2, ROWS + 2):
            page.write_row(number - 1, 0, row(number, code, "Village 01 (test)"))
    return path


def people(database: Database) -> tuple[int, int]:
    """How many members and numbers there are."""
    with database.reading() as session:
        return session.query(Member).count(), session.query(Contact).count()


def test_a_trial_names_each_bad_row_with_what_to_do_and_writes_nothing(run: Run, database: Database, sheet: Path) -> None:
    before = people(database)
    told = run("members", "import", str(sheet), "--dry-run")
    assert told.exit_code == 0
    assert people(database) == before
    lines = {int(line.split()[1].rstrip(",")): line for line in told.output.splitlines() if line.startswith("  ligne ")}
    assert sorted(lines) == sorted(number for rows in BAD.values() for number in rows)
    for kind, says in (
        ("number", "numéro : Ce numéro a 7 chiffres"),
        ("village", "village : Le village « Nulle-Part » n'existe pas ici."),
        ("twin", "Même personne qu'à la ligne"),
        ("undated", "Il manque la date de l'accord. La ligne est enregistrée, mais rien ne sera envoyé."),
    ):
        assert all(says in lines[number] for number in BAD[kind]), kind
    assert "Même personne qu'à la ligne 1100." in lines[1200]
    assert "3000 lignes lues : 2955 peuvent être importées, dont 15 sans envoi ; 45 refusées." in told.output


def test_the_good_rows_are_imported_after_a_yes_and_the_undated_ones_without_consent(
    run: Run, database: Database, sheet: Path
) -> None:
    members, numbers = people(database)
    done = run("members", "import", str(sheet), typed="y\n")
    assert done.exit_code == 0, done.output
    assert "2955 membres importés" in done.output
    assert people(database) == (members + 2955, numbers + 2955)
    with database.reading() as session:
        agreed = {member_id for (member_id,) in session.query(Consent.member_id).filter(Consent.register_page.is_not(None))}
        names = {member.name: member.id for member in session.query(Member)}
        assert session.query(AuditEntry).filter_by(action="members.import").count() == 1
    assert names["Personne 50"] in agreed
    assert names["Personne 2400"] not in agreed


@pytest.mark.parametrize("typed", [pytest.param("n\n", id="no"), pytest.param("", id="nobody there to answer")])
def test_without_a_yes_nothing_is_imported(run: Run, database: Database, sheet: Path, typed: str) -> None:
    before = people(database)
    assert run("members", "import", str(sheet), typed=typed).exit_code == 1
    assert people(database) == before


def test_the_same_file_again_adds_nobody(run: Run, database: Database, sheet: Path) -> None:
    assert run("members", "import", str(sheet), "--yes").exit_code == 0
    before = people(database)
    again = run("members", "import", str(sheet), "--yes")
    assert again.exit_code == 1
    assert "Aucune ligne ne peut être importée." in again.output
    assert people(database) == before


def test_a_file_without_the_needed_columns_is_refused_with_their_names(run: Run, tmp_path: Path, world: World) -> None:
    file = tmp_path / "x.csv"
    file.write_text("nom;numéro\nAwa;76123456\n", encoding="utf-8")
    refused = run("members", "import", str(file))
    assert refused.exit_code == 1
    assert "Il manque la colonne « club » et la colonne « sexe »." in refused.output
