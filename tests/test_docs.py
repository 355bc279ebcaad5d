"""What the documents say is what the code does."""

import re
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from pydantic import AliasChoices

from runtime.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PACKAGES = sorted(path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests")
LINES_AT_MOST = 400


def _sentence(path: Path) -> str:
    found = re.match(r'"""(.+?)(?:"""|\n)', path.read_text())
    assert found is not None, f"{path} has no docstring"
    return found[1].strip()


def _variables() -> dict[str, str]:
    names = {}
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        names[name] = str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"LAMEN_{name.upper()}"
    return names


@pytest.mark.parametrize("package", PACKAGES, ids=str)
def test_the_map_says_of_each_package_what_the_package_says_of_itself(package: str) -> None:
    assert f"| `{package}/` | {_sentence(ROOT / package / '__init__.py')} |" in README


def test_the_map_says_of_wsgi_what_it_says_of_itself_and_names_nothing_else() -> None:
    assert f"| `wsgi.py` | {_sentence(ROOT / 'wsgi.py')} |" in README
    assert sorted(re.findall(r"^\| `(\w+)/`", README, re.MULTILINE)) == PACKAGES


def test_the_readme_has_two_commands_and_the_makefile_has_them_too() -> None:
    commands = [line for block in re.findall(r"```\w*\n(.*?)```", README, re.DOTALL) for line in block.strip().splitlines()]
    assert commands == ["make run", "make test"]
    makefile = (ROOT / "Makefile").read_text()
    assert {"run", "test"} <= set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(_variables().values())


def test_the_defaults_in_the_settings_page_are_those_of_the_code() -> None:
    page = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))
    told = {"LAMEN_KEY_FILE"}  # its default depends on another setting
    for name, variable in _variables().items():
        if variable not in page or variable in told:
            continue
        default = Settings.model_fields[name].default
        written = (
            str(default).lower() if isinstance(default, bool) else f"{default:g}" if isinstance(default, float) else str(default)
        )
        assert page[variable] == written, variable


def test_links_in_the_documents_lead_somewhere() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "adr").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"], ids=str)
def test_a_lock_file_hashes_every_package_and_names_no_index(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    packages = re.findall(r"^[\w.\[\],-]+==[^\\\n]+(\\?)$", text, re.MULTILINE)
    assert len(packages) > 50
    assert all(packages)


def test_what_runs_is_locked_alike_for_running_and_for_testing() -> None:
    def versions(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)(?:\[.*?\])?==([^ \\\n]+)", (ROOT / name).read_text(), re.MULTILINE))

    run, test = versions("requirements.lock"), versions("requirements-dev.lock")
    assert {name: test.get(name) for name in run} == run


def test_the_wheel_holds_every_package_with_its_data(tmp_path: Path) -> None:
    built = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))
    names = set(zipfile.ZipFile(built).namelist())
    assert {f"{package}/__init__.py" for package in PACKAGES} | {"wsgi.py"} <= names
    wanted = ("runtime/migrations/script.py.mako", "runtime/migrations/env.py", "translations/content/themes.toml")
    assert set(wanted) <= names
    assert any(name.startswith("runtime/migrations/versions/0001") for name in names)
    assert any(name.startswith("console/templates/") for name in names)
    assert any(name.startswith("console/static/") for name in names)
    assert not any(name.startswith(("tests/", "docs/")) for name in names)


def test_no_file_of_code_is_too_long_to_read() -> None:
    sources = [
        path for package in [*PACKAGES, "tests"] for path in (ROOT / package).rglob("*.py") if "versions" not in path.parts
    ]
    long = {
        str(path.relative_to(ROOT)): count for path in sources if (count := len(path.read_text().splitlines())) > LINES_AT_MOST
    }
    assert long == {}
