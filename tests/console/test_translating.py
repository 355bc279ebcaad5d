"""A translator's sheet goes out and comes back: three mistakes are found, the good lines enter as drafts, and nothing is lost."""

import io
import re
from collections.abc import Callable, Mapping

import pytest
import xlsxwriter
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook

from console.staff import RoleName
from runtime.audit import AuditEntry
from runtime.database import Database
from tests.console.conftest import SignedIn, send
from tests.world import World
from translations import drafts
from translations.models import Content, Variant, VariantState

R = RoleName
Rows = list[list[str]]
HOME = "/messages/traduire"


def taken(browser: FlaskClient, language: str = "bm") -> Rows:
    """The sheet as a translator opens it."""
    body = browser.get(f"{HOME}/feuille?langue={language}&sorte=message&format=xlsx").data
    return [
        [str(cell) for cell in row] for row in CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()
    ]


def filled(rows: Rows, words: Mapping[str, str], column: str = "texte") -> Rows:
    """The sheet with those words for those keys."""
    place = rows[0].index(column)
    return [rows[0], *([*row[:place], words.get(row[0], row[place]), *row[place + 1 :]] for row in rows[1:])]


def as_file(rows: Rows) -> bytes:
    """The sheet as the translator's spreadsheet saves it."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, cell)
    book.close()
    return buffer.getvalue()


def brought(browser: FlaskClient, data: bytes, name: str = "bambara.xlsx", language: str = "bm") -> str:
    """Bring a file back; the address of its plan."""
    answer = send(browser, HOME, {"langue": language, "file": (io.BytesIO(data), name)})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


@pytest.mark.parametrize("page", [HOME, "/contacts/import"])
def test_a_sheet_beyond_the_limit_is_not_kept(page: str, signed_in: SignedIn, world: World) -> None:
    fanta = signed_in(R.COMMUNICATION, R.TERRAIN)
    answer = send(fanta, page, {"langue": "bm", "file": (io.BytesIO(bytes(5_000_001)), "grand.csv")})
    assert answer.status_code == 422
    assert "Le fichier dépasse 5 Mo." in answer.text.replace("\u202f", " ").replace("\u00a0", " ")


def figures(page: str) -> list[str]:
    """To write, refused, unchanged, empty."""
    return re.findall(r'<div class="figure[^"]*"><strong>(\d+)</strong>', page)


def draft(database: Database, key: str, language: str = "bm") -> Variant | None:
    with database.reading() as session:
        content = session.query(Content).filter_by(key=key).one()
        rows = session.query(Variant).filter_by(content_id=content.id, language=language)
        return rows.order_by(Variant.version.desc()).first()


def test_a_sheet_comes_back_with_three_mistakes_found(signed_in: SignedIn, world: World, database: Database) -> None:
    with database.writing() as session:
        session.get_one(Variant, world.variants["premier-lait"]).text = "Donnez le premier lait, {club}."
    fanta = signed_in(R.LANGUE)
    words = {"eau-propre": "Aw ka tile bɛɛ ji", "premier-lait": "Shin fɔlɔ", "repas-en-plus": "a" * 700}
    rows = filled(taken(fanta), words)
    rows.append(["inconnu", "bm", "", "", "", "", "", "Foyi", "", "", "", "", "1/0"])
    place = brought(fanta, as_file(rows))
    page = fanta.get(place).text
    assert figures(page) == ["1", "3", "0", "0"]
    assert "Gardez les mots entre accolades comme en français\u00a0: {club}." in page
    assert "Ce texte prend 5 SMS. Il en faut 3 au plus" in page
    assert "existe pas ici" in page
    assert "lettres qui doublent le prix" in page, "ɛ makes the SMS dearer"
    assert draft(database, "eau-propre") is None, "nothing is written before a person says so"
    answer = send(fanta, place, {"ready": "1"})
    assert answer.headers["Location"].endswith("/messages?langue=bm&etat=draft")
    made = draft(database, "eau-propre")
    assert made is not None
    assert (made.text, made.state, made.machine_written, made.source_version) == (
        "Aw ka tile bɛɛ ji",
        VariantState.DRAFT,
        False,
        1,
    )
    assert draft(database, "premier-lait") is None
    with database.reading() as session:
        assert session.query(AuditEntry).filter_by(action="bring_back_sheet").one().details == {"language": "bm", "rows": 1}


def test_a_sheet_untouched_changes_nothing(signed_in: SignedIn, world: World, database: Database) -> None:
    fanta = signed_in(R.LANGUE)
    send(fanta, brought(fanta, as_file(filled(taken(fanta), {"eau-propre": "Ji sanuma"}))), {"ready": "1"})
    page = fanta.get(brought(fanta, as_file(taken(fanta)))).text
    assert figures(page) == ["0", "0", "1", "2"]
    assert "ne change aucun texte" in page


def changed_source(session_of: Database, world: World) -> None:
    with session_of.writing() as session:
        content, at = (
            session.get_one(Content, world.contents["eau-propre"]),
            session.get_one(Variant, world.variants["eau-propre"]),
        )
        drafts.write(session, content, "fr", "Lavez vos mains, toujours.", None, [], world.staff["adama"], at.written_at)


def changed_here(session_of: Database, world: World) -> None:
    with session_of.writing() as session:
        content, at = (
            session.get_one(Content, world.contents["eau-propre"]),
            session.get_one(Variant, world.variants["eau-propre"]),
        )
        drafts.write(session, content, "bm", "Ji jɛlen", None, [], world.staff["adama"], at.written_at)


@pytest.mark.parametrize(
    ("meanwhile", "sentence"),
    [(changed_source, "Le français a changé"), (changed_here, "Une personne a changé cette traduction")],
    ids=["the French", "the translation"],
)
def test_what_changed_meanwhile_is_not_overwritten(
    signed_in: SignedIn, world: World, database: Database, meanwhile: Callable[[Database, World], None], sentence: str
) -> None:
    fanta = signed_in(R.LANGUE)
    rows = filled(taken(fanta), {"eau-propre": "Ji sanuma"})
    meanwhile(database, world)
    page = fanta.get(brought(fanta, as_file(rows))).text
    assert figures(page)[:2] == ["0", "1"]
    assert sentence in page


def test_a_change_between_reading_and_writing_is_said(signed_in: SignedIn, world: World, database: Database) -> None:
    fanta = signed_in(R.LANGUE)
    place = brought(fanta, as_file(filled(taken(fanta), {"eau-propre": "Ji sanuma"})))
    assert figures(fanta.get(place).text)[0] == "1"
    changed_here(database, world)
    answer = send(fanta, place, {"ready": "1"})
    assert answer.status_code == 422
    assert "ont changé pendant ce temps" in answer.text
    made = draft(database, "eau-propre")
    assert made is not None
    assert made.text == "Ji jɛlen"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda rows: [rows[0], *(["x" if n == 1 else c for n, c in enumerate(r)] for r in rows[1:])], "autre langue (x)"),
        (lambda rows: [*rows, rows[1]], "2 fois dans la feuille"),
        (lambda rows: filled(rows, {"eau-propre": rows[1][5].split("\n")[0]}), "le français recopié"),
    ],
    ids=["another language", "twice", "the French copied"],
)
def test_a_wrong_line_is_refused_with_what_to_do(
    signed_in: SignedIn, world: World, spoil: Callable[[Rows], Rows], sentence: str
) -> None:
    fanta = signed_in(R.LANGUE)
    rows = filled(taken(fanta), {"eau-propre": "Ji sanuma"})
    page = fanta.get(brought(fanta, as_file(spoil(rows)))).text
    assert sentence in page.replace("\u00a0", " ")


def test_a_po_file_goes_round_too(signed_in: SignedIn, world: World, database: Database) -> None:
    fanta = signed_in(R.LANGUE)
    po = fanta.get(f"{HOME}/feuille?langue=bm&sorte=message&format=po").text
    assert 'msgid "Lavez vos mains au savon avant de donner à manger au bébé."' in po
    entry = r'(msgctxt "eau-propre\|bm\|texte[^\n]*\n(?:msgid[^\n]*\n|"[^\n]*\n)+)msgstr ""'
    assert re.search(entry, po)
    po = re.sub(entry, r'\1msgstr "Ji sanuma"', po)
    place = brought(fanta, po.encode(), "bambara.po")
    assert figures(fanta.get(place).text)[:2] == ["1", "0"]
    send(fanta, place, {"ready": "1"})
    made = draft(database, "eau-propre")
    assert made is not None
    assert made.text == "Ji sanuma"


def test_a_guess_marked_fuzzy_is_left_out(signed_in: SignedIn, world: World) -> None:
    fanta = signed_in(R.LANGUE)
    po = fanta.get(f"{HOME}/feuille?langue=bm&sorte=message&format=po").text
    po = re.sub(r'(msgctxt "eau-propre\|bm\|texte)', r"#, fuzzy\n\1", po)
    po = re.sub(r'(msgctxt "eau-propre\|bm\|texte[^\n]*\n(?:msgid[^\n]*\n|"[^\n]*\n)+)msgstr ""', r'\1msgstr "Ji"', po)
    assert 'msgstr "Ji"' in po
    assert figures(fanta.get(brought(fanta, po.encode(), "bambara.po")).text)[0] == "0"


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (b"bonjour", "x.xlsx", "pas un tableau lisible"),
        (b'msgid "a"\nmsgstr "b"\n', "x.po", "ne vient pas d'ici"),
        (b"\xff\xfe\x00", "x.po", "n'est pas lisible"),
        ("clé;texte\neau-propre;Ji\n".encode(), "x.csv", "La colonne « langue » manque"),
    ],
    ids=["no workbook", "another PO", "no PO", "a column missing"],
)
def test_a_file_that_is_no_sheet_says_what_to_do(
    signed_in: SignedIn, world: World, data: bytes, name: str, sentence: str
) -> None:
    fanta = signed_in(R.LANGUE)
    answer = fanta.get(brought(fanta, data, name))
    assert answer.status_code == 422
    assert sentence in answer.text.replace("&#39;", "'").replace("\u00a0", " ")


def test_a_cell_that_looks_like_a_formula_stays_a_text(signed_in: SignedIn, world: World, database: Database) -> None:
    with database.writing() as session:
        session.get_one(Variant, world.variants["eau-propre"]).text = "=1+1"
    row = next(row for row in taken(signed_in(R.LANGUE)) if row[0] == "eau-propre")
    assert row[5].startswith("=1+1")


def test_french_is_no_language_to_translate_into(signed_in: SignedIn, world: World) -> None:
    fanta = signed_in(R.LANGUE)
    assert fanta.get(f"{HOME}/feuille?langue=fr&format=xlsx").status_code == 303
    assert send(fanta, HOME, {"langue": "fr", "file": (io.BytesIO(b"x"), "x.po")}).status_code == 422
