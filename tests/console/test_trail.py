"""Every act that the code writes down is said in words by the audit list."""

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from console.pages.settings.trail import SUBJECTS, WORDS
from console.staff import RoleName
from runtime.audit import AuditEntry
from runtime.database import Database
from tests.console.conftest import SignedIn

ROOT = Path(__file__).parents[2]
PACKAGES = ("campaigns", "clubs", "console", "demonstration", "dialogue", "messaging", "results", "translations", "webhooks")


def literals(node: ast.expr, module: ast.Module) -> Iterator[str]:
    """The strings an action may be: itself, either side of a choice, a table's values, what a name was given."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from literals(one, module)
            yield from literals(other, module)
        case ast.Dict(values=values):
            for value in values:
                yield from literals(value, module)
        case ast.JoinedStr(values=parts):
            for words in product(*(list(literals(part, module)) for part in parts)):
                yield "".join(words)
        case ast.FormattedValue(value=value):
            yield from literals(value, module)
        case ast.Subscript(value=table):
            yield from literals(table, module)
        case ast.Name(id=name):
            for each in ast.walk(module):
                if isinstance(each, ast.Assign) and any(isinstance(one, ast.Name) and one.id == name for one in each.targets):
                    yield from literals(each.value, module)
                elif isinstance(each, ast.FunctionDef) and name in (place := [one.arg for one in each.args.args]):
                    for call in calls(module, each.name):
                        if len(call.args) > place.index(name):
                            yield from literals(call.args[place.index(name)], module)


def calls(module: ast.Module, name: str) -> Iterator[ast.Call]:
    for each in ast.walk(module):
        if isinstance(each, ast.Call) and name in (getattr(each.func, "id", ""), getattr(each.func, "attr", "")):
            yield each


def _brings_record(each: ast.AST) -> bool:
    if not isinstance(each, ast.ImportFrom):
        return False
    names = {one.name for one in each.names}
    return (each.module == "runtime" and "audit" in names) or (each.module == "runtime.audit" and "record" in names)


def written(place: int = 2) -> set[str]:
    """The actions that the code writes down, or what stands at another place beside them."""
    found: set[str] = set()
    for path in (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))):
        module = ast.parse(path.read_text())
        if not any(_brings_record(each) for each in ast.walk(module)):
            continue
        for call in calls(module, "record"):
            if len(call.args) >= 4:
                acts = set(literals(call.args[place], module))
                assert acts or place != 2, f"{path}:{call.lineno}: the action cannot be read from the code"
                found |= acts
    return found


def test_every_act_that_is_written_has_words() -> None:
    acts = written()
    assert {"signed_in", "pause_campaign", "enable_user", "first_look", "variant.approve", "end_pause"} <= acts
    assert acts - set(WORDS) == set()


def test_what_an_act_was_done_to_has_words() -> None:
    assert written(3) - set(SUBJECTS) == set()
    assert {"club", "village", "area"} <= set(SUBJECTS), "their kind is a table's name in the code"


def test_no_words_are_kept_for_an_act_that_is_gone() -> None:
    assert set(WORDS) - written() == set()


def test_the_page_finds_a_line_that_was_changed(signed_in: SignedIn, database: Database) -> None:
    browser = signed_in(RoleName.ADMINISTRATION)
    assert "Aucune ligne" in browser.get("/reglages/journal?verifier=1").text
    with database.writing() as session:
        line = session.query(AuditEntry).first()
        assert line is not None
        line.subject_id = 99
        session.flush()
        number = line.id
    assert f"N° {number}." in browser.get("/reglages/journal?verifier=1").text.replace("\N{NO-BREAK SPACE}", " ")
