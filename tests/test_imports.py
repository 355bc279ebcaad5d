"""Rules about code that no linter of ours knows: who reads the environment, who prints, what Babel can find."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = sorted(path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests")
SOURCES = [
    ROOT / "wsgi.py",
    *(path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "versions" not in path.parts),
]
WORDS = {"_", "gettext", "ngettext", "lazy", "lazy_gettext"}


def _trees() -> Iterator[tuple[str, ast.Module]]:
    for path in SOURCES:
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def reads_environment(tree: ast.AST) -> list[int]:
    """The lines that ask the environment."""
    lines = []
    for node in ast.walk(tree):
        attribute = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
        if attribute and node.attr in ("environ", "environb", "getenv", "putenv"):  # type: ignore[attr-defined]
            lines.append(node.lineno)  # type: ignore[attr-defined]
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {name.name for name in node.names} & {"environ", "getenv"}
        ):
            lines.append(node.lineno)
    return lines


def prints(tree: ast.AST) -> list[int]:
    """The lines that print past the log."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]


def hidden_words(tree: ast.AST) -> list[int]:
    """The lines where words to translate stand inside an f-string, or are one: Babel never sees them."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            lines += [node.lineno for inner in ast.walk(node) if _speaks(inner)]
        elif _speaks(node) and isinstance(node, ast.Call) and any(isinstance(argument, ast.JoinedStr) for argument in node.args):
            lines.append(node.lineno)
    return lines


def _speaks(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WORDS


def imported(tree: ast.AST) -> set[str]:
    """Every module a file imports, with the names taken from it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        pytest.param(reads_environment, "import os\nos.environ['X']", id="environment"),
        pytest.param(reads_environment, "from os import getenv", id="environment by name"),
        pytest.param(prints, "print(1)", id="print"),
        pytest.param(hidden_words, "f'{_(\"Bonjour\")}'", id="words in an f-string"),
        pytest.param(hidden_words, "_(f'Bonjour {name}')", id="words that are an f-string"),
    ],
)
def test_each_rule_sees_what_it_forbids(rule: object, bad: str) -> None:
    assert callable(rule)
    assert rule(ast.parse(bad))


def test_only_the_settings_read_the_environment() -> None:
    found = {name: lines for name, tree in _trees() if (lines := reads_environment(tree))}
    assert set(found) == {"runtime/settings.py"}


def test_nothing_prints_past_the_log() -> None:
    assert {name: lines for name, tree in _trees() if (lines := prints(tree))} == {}


def test_babel_can_find_every_word() -> None:
    assert {name: lines for name, tree in _trees() if (lines := hidden_words(tree))} == {}


def test_nobody_loads_the_geocoder_of_two_hundred_megabytes() -> None:
    assert [name for name, tree in _trees() if any("geocoder" in one for one in imported(tree))] == []


def test_gateways_do_not_know_each_other() -> None:
    shared = {"protocol", "http", "redaction", "registry", "__init__"}
    gateways = {path.stem for path in (ROOT / "messaging" / "gateways").glob("*.py")} - shared
    for gateway in gateways:
        known = imported(ast.parse((ROOT / "messaging" / "gateways" / f"{gateway}.py").read_text()))
        others = {f"messaging.gateways.{other}" for other in gateways - {gateway}}
        assert known & others == set(), gateway
