"""A members' sheet: every row is imported, stored without consent, or refused with what to do about it."""

import io
from collections.abc import Mapping
from datetime import datetime

import pytest
import xlsxwriter
from sqlalchemy import func, select

from clubs.imports import ImportPlan, Weight, carry_out, check
from clubs.models import Member, Sex
from clubs.rows import HEADINGS
from clubs.sheets import Sheet, SheetError, read
from messaging.models import Consent, Contact, OptOut, Purpose
from runtime.crypto import blind
from runtime.database import Database
from tests.world import World

GOOD: Mapping[str, str] = {
    "village": "Village 01 (test)",
    "club": "1032",
    "nom": "Aminata",
    "sexe": "F",
    "âge": "25-49",
    "numéro": "76 12 34 56",
    "téléphone de": "mari",
    "langue": "français",
    "accord messages": "oui",
    "accord appels": "oui",
    "date": "15/03/2026",
    "témoin": "Moussa",
    "page": "12",
}


def csv(*rows: Mapping[str, str], encoding: str = "utf-8", separator: str = ";") -> bytes:
    columns = list(GOOD)
    lines = [separator.join(columns), *(separator.join(row.get(column, "") for column in columns) for row in rows)]
    return "\n".join(lines).encode(encoding)


def sheet(*rows: Mapping[str, str]) -> Sheet:
    return read(csv(*rows), "membres.csv", HEADINGS)


def looked_at(database: Database, now: datetime, *rows: Mapping[str, str]) -> ImportPlan:
    with database.reading() as session:
        return check(session, sheet(*rows), now.date())


def imported(database: Database, now: datetime, *rows: Mapping[str, str]) -> ImportPlan:
    with database.writing() as session:
        plan = check(session, sheet(*rows), now.date())
        carry_out(session, plan, now)
    return plan


@pytest.mark.parametrize(
    ("change", "column", "advice"),
    [
        pytest.param({"numéro": "7612345"}, "numéro", "7 chiffres", id="a number with seven digits"),
        pytest.param({"numéro": "20 22 37 1"}, "numéro", "Il en faut 8", id="a number too short to be one"),
        pytest.param({"village": "Nulle Part"}, "village", "créez d'abord le village", id="an unknown village"),
        pytest.param(
            {"village": "Village 02 (test)"}, "village", "Corrigez le club ou le village", id="a club of another village"
        ),
        pytest.param({"club": "1023"}, "club", "quatre chiffres", id="a club code with swapped digits"),
        pytest.param({"club": ""}, "club", "Il manque le code", id="no club"),
        pytest.param({"sexe": "?"}, "sexe", "Écrivez F ou H", id="a sex nobody knows"),
        pytest.param({"âge": "30"}, "âge", "25-49", id="an age that is no band"),
        pytest.param({"langue": "klingon"}, "langue", "réglages", id="a language that is not set up"),
        pytest.param({"date": "31/02/2026"}, "date", "jour/mois/année", id="a day that does not exist"),
        pytest.param({"date": "15/03/2027"}, "date", "futur", id="a consent of the future"),
    ],
)
def test_a_bad_row_is_refused_at_its_column_with_what_to_do(
    database: Database, world: World, now: datetime, change: Mapping[str, str], column: str, advice: str
) -> None:
    plan = looked_at(database, now, {**GOOD, **change})
    (remark,) = plan.remarks
    assert (remark.row, remark.column, remark.weight) == (2, column, Weight.ERROR)
    assert advice in remark.sentence
    assert plan.ready == ()


def test_a_good_row_becomes_a_member_a_contact_and_two_proven_consents(database: Database, world: World, now: datetime) -> None:
    imported(database, now, GOOD)
    with database.reading() as session:
        member = session.scalars(select(Member).order_by(Member.id.desc()).limit(1)).one()
        assert (member.name, member.sex, member.club_id) == ("Aminata", Sex.WOMAN, world.clubs["1032"])
        contact = session.get_one(Contact, member.contact_id)
        assert (contact.number, contact.operator, contact.language) == ("+22376123456", "orange", "fr")
        consents = session.scalars(select(Consent).where(Consent.member_id == member.id)).all()
        assert {consent.purpose for consent in consents} == {Purpose.PUSH, Purpose.CALL}
        assert {(consent.witness, consent.register_page) for consent in consents} == {("Moussa", "12")}


@pytest.mark.parametrize("gap", ["date", "témoin", "accord messages"])
def test_without_proof_of_consent_a_row_is_stored_and_never_pushed(
    database: Database, world: World, now: datetime, gap: str
) -> None:
    row = {**GOOD, "accord appels": "", gap: ""}
    plan = imported(database, now, row)
    (remark,) = plan.warned
    assert "rien ne sera envoyé" in remark.sentence
    with database.reading() as session:
        member = session.scalars(select(Member).order_by(Member.id.desc()).limit(1)).one()
        assert member.name == "Aminata"
        assert session.scalars(select(Consent).where(Consent.member_id == member.id)).all() == []


def test_two_sisters_behind_one_phone_are_two_members_and_one_contact(database: Database, world: World, now: datetime) -> None:
    plan = imported(database, now, GOOD, {**GOOD, "nom": "Kadiatou"})
    assert len(plan.ready) == 2
    with database.reading() as session:
        contact = session.scalars(select(Contact).order_by(Contact.id.desc()).limit(1)).one()
        assert contact.shared
        assert session.scalar(select(func.count()).where(Member.contact_id == contact.id)) == 2


def test_a_phone_that_somebody_here_already_uses_becomes_a_shared_one(database: Database, world: World, now: datetime) -> None:
    imported(database, now, {**GOOD, "numéro": world.numbers["binta"]})
    with database.reading() as session:
        assert session.get_one(Contact, world.contacts["binta"]).shared


def test_a_number_that_said_stop_and_was_erased_comes_back_stopped(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        session.add(OptOut(number_index=blind("+22376123456"), via="sms", at=now))
    imported(database, now, GOOD)
    with database.reading() as session:
        assert session.scalars(select(Contact.state).where(Contact.number_index == blind("+22376123456"))).one() == "stopped"


def test_the_same_person_twice_in_a_file_is_refused_with_the_first_row_named(
    database: Database, world: World, now: datetime
) -> None:
    plan = looked_at(database, now, GOOD, GOOD)
    (remark,) = plan.refused
    assert (remark.row, "ligne 2" in remark.sentence) == (3, True)


def test_the_same_file_read_again_adds_nobody(database: Database, world: World, now: datetime) -> None:
    nameless = {**GOOD, "nom": "", "numéro": ""}
    rows = (GOOD, nameless, nameless)
    imported(database, now, *rows)
    again = imported(database, now, *rows)
    assert again.ready == ()
    assert len(again.refused) == 3


def test_members_without_phone_or_name_are_several(database: Database, world: World, now: datetime) -> None:
    nameless = {**GOOD, "nom": "", "numéro": ""}
    assert len(looked_at(database, now, nameless, nameless).ready) == 2


def test_nothing_is_written_by_looking(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        before = session.scalar(select(func.count(Member.id)))
        check(session, sheet(GOOD), now.date())
        assert session.scalar(select(func.count(Member.id))) == before


def test_a_missing_column_is_named(database: Database, world: World, now: datetime) -> None:
    with database.reading() as session, pytest.raises(SheetError, match="« club »"):
        check(session, read(b"sexe;nom\nF;Awa", "x.csv", HEADINGS), now.date())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_accents_survive_the_encodings_that_french_excel_writes(encoding: str) -> None:
    found = read(csv({**GOOD, "nom": "Aïssata"}, encoding=encoding), "membres.csv", HEADINGS)
    assert found.rows[0].get("nom") == "Aïssata"
    assert "témoin" in found.columns


def test_the_reader_may_say_which_encoding_a_file_has() -> None:
    data = csv({**GOOD, "nom": "Aïssata"}, encoding="mac_roman")
    assert read(data, "membres.csv", HEADINGS, encoding="mac_roman").rows[0].get("nom") == "Aïssata"


def workbook(rows: list[list[object]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet()
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for number, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, datetime):
                    page.write_datetime(number, column, cell, day)
                else:
                    page.write(number, column, cell)
    return buffer.getvalue()


def test_a_workbook_keeps_its_row_numbers_its_phones_and_its_days() -> None:
    data = workbook(
        [
            ["Numéro", "Date de l'accord", "Autre"],
            [76123456, datetime(2026, 3, 15), "x"],
            [None, None, None],
            ["76123457", "", ""],
        ]
    )
    found = read(data, "membres.xlsx", HEADINGS)
    assert found.unknown == ("Autre",)
    assert [(row.number, row.get("numéro"), row.get("date")) for row in found.rows] == [
        (2, "76123456", "2026-03-15"),
        (4, "76123457", ""),
    ]


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        pytest.param(b"", "vide.csv", "vide", id="an empty file"),
        pytest.param(b"not a workbook", "x.xlsx", "tableau lisible", id="a text called xlsx"),
        pytest.param(b"sexe;sexe\nF;F", "x.csv", "deux fois", id="a column named twice"),
        pytest.param(b"sexe\n" + b"F\n" * 20_001, "x.csv", "plusieurs", id="a file with too many rows"),
    ],
)
def test_a_file_that_is_no_table_says_so(data: bytes, name: str, sentence: str) -> None:
    with pytest.raises(SheetError, match=sentence):
        read(data, name, HEADINGS)
