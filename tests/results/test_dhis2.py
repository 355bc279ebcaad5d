"""The DHIS2 document has the shape its manual gives for `dataValueSets`; the mapping says what is wrong in it."""

import json
import re
from datetime import date
from typing import Any

import pytest

from clubs.records import Report
from results import dhis2
from results.scope import Scope
from runtime.database import Database
from tests.world import World

MARCH = Scope(date(2026, 3, 1), date(2026, 3, 31))
TODAY = date(2026, 4, 2)
MAPPING = """
data_set = "setabcdefg1"
[indicators]
sessions = "abcdefghij1"
attendances = { data_element = "abcdefghij2", category_option_combo = "combodefgh1" }
women = { data_element = "abcdefghij3", part = "numerator" }
core_cost = "abcdefghij4"
nonsense = "abcdefghij5"
[areas]
"Commune (test)" = "orgabcdefg1"
"Ailleurs" = "orgabcdefg2"
"""

# From the developer manual, « Sending data values » and « Sending bulks of data values »; identifiers and periods from
# « Identifier schemes » and « Date and period format ». Values and comments are texts there, whatever they say.
UID = re.compile(r"[A-Za-z][A-Za-z0-9]{10}")
SHAPE: dict[str, tuple[bool, re.Pattern[str]]] = {
    "dataElement": (True, UID),
    "period": (True, re.compile(r"\d{4}(0[1-9]|1[0-2])")),
    "orgUnit": (True, UID),
    "value": (True, re.compile(r"-?\d+(\.\d+)?")),
    "categoryOptionCombo": (False, UID),
    "attributeOptionCombo": (False, UID),
    "comment": (False, re.compile(r".{1,50000}")),
}


def misshapen(document: Any) -> list[str]:
    """What in a document is not as the manual has it."""
    if not isinstance(document, dict) or not isinstance(document.get("dataValues"), list):
        return ["dataValues is no list"]
    wrong = [f"unknown {name}" for name in document.keys() - {"dataSet", "completeDate", "period", "orgUnit", "dataValues"}]
    wrong += ["dataSet"] if "dataSet" in document and not UID.fullmatch(document["dataSet"]) else []
    wrong += ["completeDate"] if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", document.get("completeDate", "2026-01-01")) else []
    for value in document["dataValues"]:
        wrong += [f"unknown {name}" for name in value.keys() - SHAPE.keys()]
        for name, (needed, pattern) in SHAPE.items():
            if name not in value:
                wrong += [f"missing {name}"] if needed else []
            elif not isinstance(value[name], str) or not pattern.fullmatch(value[name]):
                wrong.append(f"{name} {value[name]!r}")
    return wrong


def test_the_document_has_the_documented_shape_and_the_figures(database: Database, month: World) -> None:
    with database.writing() as session:
        for report in session.query(Report).filter_by(kind="CR"):
            report.values = {**report.values, "women": report.values["women"] + 20, "men": report.values["men"] + 20}
    with database.reading() as session:
        made, run = dhis2.document(session, MARCH, dhis2.read(MAPPING), TODAY)
    again = json.loads(dhis2.written(made))
    assert misshapen(again) == []
    assert again["dataSet"] == "setabcdefg1"
    assert again["completeDate"] == "2026-04-02"
    values = {each["dataElement"]: each for each in again["dataValues"]}
    assert {each["value"] for each in values.values()} == {"3", "162", "91"}
    assert values["abcdefghij2"]["categoryOptionCombo"] == "combodefgh1"
    assert {each["period"] for each in values.values()} == {"202603"}
    assert run.values == 3
    assert run.unknown == ["Ailleurs", "nonsense"]
    assert run.areas == []
    assert "completeness" in run.indicators
    assert run.empty == []
    assert run.hidden == ["Coût par message essentiel entendu, Commune (test), 03/2026"]


def test_a_commune_without_a_mapping_is_named_and_left_out(database: Database, month: World) -> None:
    with database.reading() as session:
        made, run = dhis2.document(session, MARCH, dhis2.read('[indicators]\nsessions = "abcdefghij1"'), TODAY)
    assert made["dataValues"] == []
    assert run.areas == ["Commune (test)"]


def test_small_cells_never_reach_the_document(database: Database, month: World) -> None:
    narrow = Scope(MARCH.since, MARCH.until, villages=frozenset({month.villages[1]}))
    with database.reading() as session:
        made, run = dhis2.document(session, narrow, dhis2.read(MAPPING), TODAY)
    assert [each["dataElement"] for each in made["dataValues"]] == ["abcdefghij1"]
    assert len(run.hidden) == 2


@pytest.mark.parametrize(
    ("since", "until", "months"),
    [
        pytest.param(date(2026, 1, 1), date(2026, 3, 31), 3, id="a quarter is three months"),
        pytest.param(date(2026, 3, 2), date(2026, 3, 31), 0, id="from the second day"),
        pytest.param(date(2026, 2, 1), date(2026, 2, 27), 0, id="to the last day but one"),
    ],
)
def test_only_whole_months_are_written(database: Database, month: World, since: date, until: date, months: int) -> None:
    with database.reading() as session:
        if not months:
            with pytest.raises(dhis2.MappingError, match="mois entiers"):
                dhis2.document(session, Scope(since, until), dhis2.read(MAPPING), TODAY)
            return
        made, _run = dhis2.document(session, Scope(since, until), dhis2.read(MAPPING), TODAY)
    assert len({each["period"] for each in made["dataValues"] if each["dataElement"] == "abcdefghij1"}) == months


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("[indicators", "TOML", id="no TOML"),
        pytest.param('[indicators]\nsessions = "court"', "11 lettres", id="a short identifier"),
        pytest.param("[indicators]\nsessions = 3", "data_element", id="a number"),
        pytest.param('[indicators]\nsessions = { data_element = "abcdefghij1", part = "half" }', "part", id="an unknown part"),
        pytest.param("[villages]", "villages", id="an unknown table"),
        pytest.param("indicators = 3", "tables", id="no table"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(dhis2.MappingError, match=said):
        dhis2.read(text)


def test_the_model_can_be_read() -> None:
    assert [each.part for each in dhis2.read(dhis2.MODEL).indicators["women"]] == ["numerator", "denominator"]


@pytest.mark.parametrize(
    "text", [MAPPING, dhis2.MODEL, '[areas]\n"Dé \\"x\\" \\\\" = "orgabcdefg1"\n'], ids=["ours", "model", "quotes"]
)
def test_a_mapping_written_is_read_as_it_was(text: str) -> None:
    assert dhis2.read(dhis2.text_of(dhis2.read(text))) == dhis2.read(text)


def test_an_indicator_fills_several_data_elements(database: Database, month: World) -> None:
    both = '[{ data_element = "abcdefghij1", part = "numerator" }, { data_element = "abcdefghij2", part = "denominator" }]'
    with database.writing() as session:
        for report in session.query(Report).filter_by(kind="CR"):
            report.values = {**report.values, "women": report.values["women"] + 20, "men": report.values["men"] + 20}
    with database.reading() as session:
        mapping = dhis2.read(f'[indicators]\nwomen = {both}\n[areas]\n"Commune (test)" = "orgabcdefg1"')
        made, _run = dhis2.document(session, MARCH, mapping, TODAY)
    assert {each["dataElement"]: each["value"] for each in made["dataValues"]} == {"abcdefghij1": "91", "abcdefghij2": "162"}


@pytest.mark.parametrize("change", [{"value": 3}, {"period": "2026-03"}, {"orgUnit": None}, {"story": "x"}], ids=str)
def test_the_shape_refuses_what_the_manual_does_not_know(change: dict[str, Any]) -> None:
    good = {"dataElement": "abcdefghij1", "period": "202603", "orgUnit": "orgabcdefg1", "value": "3"}
    assert misshapen({"dataValues": [good]}) == []
    assert misshapen({"dataValues": [{**good, **change}]}) != []
