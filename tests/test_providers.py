"""A provider is added in several places, and docs/add-a-provider.md names them: none may be forgotten."""

import ast
import inspect
import re
import tomllib
from pathlib import Path

import pytest

from console import channel_states, channel_words
from messaging.gateways.protocol import Cause, Gateway
from messaging.gateways.registry import gateways

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "messaging" / "gateways"
TESTS = ROOT / "tests" / "messaging" / "gateways"
SHARED = {"__init__", "protocol", "registry", "http", "redaction"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS = {one["name"]: one for one in PROJECT["tool"]["importlinter"]["contracts"]}
GUIDE = (ROOT / "docs" / "gateways.md").read_text()
HOW_TO = (ROOT / "docs" / "add-a-provider.md").read_text()
EVERY = gateways(lambda path, form: (200, ""))

each = pytest.mark.parametrize("gateway", [pytest.param(one, id=name) for name, one in EVERY.items()])


def module(gateway: Gateway) -> str:
    """The module, or the package, under messaging.gateways that a gateway stands in."""
    return ".".join(type(gateway).__module__.split(".")[:3])


def providers() -> set[str]:
    """The gateways' modules as the folder holds them; a file of tables beside one belongs to it."""
    found = {path.stem for path in FOLDER.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()} - SHARED
    return {name for name in found if not any(name.startswith(f"{other}_") for other in found)}


def contract_classes(path: Path) -> list[str]:
    """The test classes of a file that take the contract and give it a peer."""
    classes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
    return [
        one.name for one in classes if one.name.startswith("Test") and "GatewayContract" in {ast.unparse(b) for b in one.bases}
    ]


@each
def test_a_gateway_stands_in_a_module_of_its_own_name(gateway: Gateway) -> None:
    assert module(gateway) == f"messaging.gateways.{gateway.name}"


def test_every_gateway_in_the_folder_is_in_the_registry() -> None:
    assert providers() == set(EVERY)


@each
def test_a_gateway_is_kept_apart_from_the_others_by_the_import_linter(gateway: Gateway) -> None:
    assert module(gateway) in CONTRACTS["Gateways do not know each other"]["modules"]


def test_a_providers_library_is_forbidden_to_everybody_else_and_pinned() -> None:
    ours = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    shared = {"aiohttp", "yarl", "structlog", "sqlalchemy", "phonenumbers", "multidict"}
    forbidden = set(CONTRACTS["A provider's library only in that provider's gateway"]["forbidden_modules"])
    pinned = {re.split(r"[\[=<>]", one)[0] for one in PROJECT["project"]["dependencies"]}
    for path in FOLDER.rglob("*.py"):
        for library in libraries(path) - ours - shared - {"requests", "urllib3"}:
            assert library in forbidden, f"{path.name}: {library}"
            assert library in pinned, f"{path.name}: {library}"


def libraries(path: Path) -> set[str]:
    """What a file imports, wherever in it, that is neither of Python nor of its own package."""
    import sys

    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names)


@each
def test_a_gateway_and_each_of_its_settings_have_words(gateway: Gateway) -> None:
    words = channel_words.GATEWAYS.get(gateway.name)
    assert words is not None
    assert all(str(one) for one in (words.name, words.purpose, words.needs, words.number))
    assert {setting.name for setting in gateway.settings} == set(words.settings)
    for setting in gateway.settings:
        assert str(words.settings[setting.name].label) != setting.name
        assert set(words.settings[setting.name].choices) >= set(setting.choices), setting.name


@each
def test_words_say_where_to_paste_only_what_there_is(gateway: Gateway) -> None:
    pasted, can = channel_words.GATEWAYS[gateway.name].paste, gateway.capabilities
    able = {"sms": can.inbound_sms, "status": can.reports, "call": can.voice, "recording": can.voice}
    assert [kind for kind in pasted if not able[kind]] == []
    assert can.simulated or not can.inbound_sms or "sms" in pasted
    assert can.simulated or not can.voice or "call" in pasted


def test_no_words_are_left_of_a_gateway_that_went() -> None:
    assert set(channel_words.GATEWAYS) == set(EVERY)


@each
def test_a_gateway_is_judged_by_the_contract(gateway: Gateway) -> None:
    path = TESTS / f"test_{gateway.name}.py"
    assert path.exists()
    assert contract_classes(path) != []


@each
def test_the_guide_has_a_gateways_line_in_the_table_and_its_section(gateway: Gateway) -> None:
    assert re.search(rf"^\| `{gateway.name}` \|", GUIDE, re.MULTILINE)
    assert re.search(rf"^## .*\(`{gateway.name}`\)$", GUIDE, re.MULTILINE)


def test_the_how_to_names_every_file_that_these_tests_look_at() -> None:
    named = set(re.findall(r"^\| \d \| `([^`]+)`", HOW_TO, re.MULTILINE))
    assert named == {
        "messaging/gateways/<provider>.py",
        "messaging/gateways/registry.py",
        "pyproject.toml",
        "console/channel_words.py",
        "console/translations/en/LC_MESSAGES/channels.po",
        "docs/gateways.md",
        "tests/messaging/gateways/test_<provider>.py",
    }
    for path in re.findall(r"`((?:\w+/)+[\w.]+\.\w+)`", HOW_TO):
        assert (ROOT / path).exists(), path


def test_every_cause_a_provider_may_give_has_a_sentence_that_ends_with_what_to_do() -> None:
    assert set(channel_states.CAUSES) == set(Cause)
    for cause, words in channel_states.CAUSES.items():
        assert len(re.findall(r"[^.]+\.", str(words))) >= 2, cause


def test_these_tests_look_at_gateways() -> None:
    assert {"simulator", "kannel"} <= set(EVERY)
    assert all(inspect.isclass(type(gateway)) for gateway in EVERY.values())
