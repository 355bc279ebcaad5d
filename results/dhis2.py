"""Figures as DHIS2 takes them: a `dataValueSets` document, by way of a mapping from our words to its identifiers.

Nothing is sent from here: the document is a file, and the dry run says beforehand what it would leave out. The shape is that of
DHIS2's developer manual, « Sending data values », in bulk: each value names its own period and place, and every value is a text.
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs.models import Area, Village
from results.indicators import figures
from results.release import close
from results.scope import Scope, month

UID = re.compile(r"[A-Za-z][A-Za-z0-9]{10}")
PARTS = ("value", "numerator", "denominator")
MODEL = """# Indicateurs de Lamɛn -> éléments de données de DHIS2 ; communes -> unités d'organisation.
# Chaque identifiant a 11 lettres et chiffres. « part » dit ce qui est envoyé : value (par défaut), numerator ou denominator.
# data_set = "aaaaaaaaaaa"

[indicators]
sessions = "aaaaaaaaaa1"
attendances = { data_element = "aaaaaaaaaa2", category_option_combo = "aaaaaaaaaa3" }
women = [
  { data_element = "aaaaaaaaaa4", part = "numerator" },
  { data_element = "aaaaaaaaaa6", part = "denominator" },
]

[areas]
"Nom de la commune" = "aaaaaaaaaa5"
"""


class MappingError(Exception):
    """A mapping file that cannot be read; its text is a French sentence for the person who sent it."""


@dataclass(frozen=True)
class Element:
    """Where one indicator goes, and which part of it."""

    data_element: str
    category_option_combo: str | None = None
    part: str = "value"


@dataclass(frozen=True)
class Dhis2Map:
    """What the mapping file says; an indicator may fill several data elements."""

    indicators: Mapping[str, tuple[Element, ...]]
    areas: Mapping[str, str]
    data_set: str | None = None


@dataclass
class DryRun:
    """What the document holds and what it leaves out, each by name; `hidden` and `empty` are « indicator, commune, month »."""

    values: int = 0
    indicators: list[str] = field(default_factory=list)
    areas: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)


def read(text: str) -> Dhis2Map:
    """A mapping from its TOML; MappingError names the wrong line or identifier."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"Ce fichier n'est pas du TOML lisible : {error}.") from error
    wrong = sorted(said.keys() - {"indicators", "areas", "data_set"})
    if wrong:
        raise MappingError(f"« {wrong[0]} » n'est pas une partie du fichier. Il a : indicators, areas, data_set.")
    indicators, areas = said.get("indicators", {}), said.get("areas", {})
    if not isinstance(indicators, dict) or not isinstance(areas, dict):
        raise MappingError("Les parties indicators et areas sont des tables : [indicators] et [areas].")
    data_set = said.get("data_set")
    return Dhis2Map(
        {name: _elements(name, value) for name, value in indicators.items()},
        {name: _uid(name, value) for name, value in areas.items()},
        None if data_set is None else _uid("data_set", data_set),
    )


def text_of(mapping: Dhis2Map) -> str:
    """The mapping as the file that `read` reads."""
    lines = [f"data_set = {_quoted(mapping.data_set)}"] if mapping.data_set else []
    lines.append("[indicators]")
    for name, elements in mapping.indicators.items():
        lines.append(f"{_quoted(name)} = [{', '.join(map(_table, elements))}]")
    lines.append("[areas]")
    lines += [f"{_quoted(name)} = {_quoted(unit)}" for name, unit in mapping.areas.items()]
    return "\n".join(lines) + "\n"


def _table(element: Element) -> str:
    said = {"data_element": element.data_element, "category_option_combo": element.category_option_combo, "part": element.part}
    return "{ " + ", ".join(f"{name} = {_quoted(value)}" for name, value in said.items() if value) + " }"


def _quoted(text: str) -> str:
    # JSON writes a text as TOML does, but for this one character, which TOML wants written out.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _elements(name: str, value: Any) -> tuple[Element, ...]:
    return tuple(_element(name, each) for each in value) if isinstance(value, list) else (_element(name, value),)


def _element(name: str, value: Any) -> Element:
    if isinstance(value, str):
        return Element(_uid(name, value))
    if not isinstance(value, dict) or not value.keys() <= {"data_element", "category_option_combo", "part"}:
        raise MappingError(f"« {name} » demande data_element, et au besoin category_option_combo et part.")
    combo, part = value.get("category_option_combo"), value.get("part", "value")
    if part not in PARTS:
        raise MappingError(f"« {name} » : part est value, numerator ou denominator.")
    return Element(_uid(name, value.get("data_element")), None if combo is None else _uid(name, combo), part)


def _uid(name: str, value: Any) -> str:
    if not isinstance(value, str) or not UID.fullmatch(value):
        raise MappingError(f"« {name} » : un identifiant de DHIS2 a 11 lettres et chiffres et commence par une lettre.")
    return value


def document(
    session: Session, scope: Scope, mapping: Dhis2Map, today: date, step: Callable[[int, int], None] | None = None
) -> tuple[dict[str, Any], DryRun]:
    """The document of the whole months and communes of a scope, and what it leaves out.

    MappingError when the period is not made of whole months. Small cells are left out, and so said.
    """
    months = scope.months()
    if not months:
        raise MappingError("DHIS2 reçoit des mois entiers. Choisissez du premier au dernier jour d'un mois.")
    communes = _communes(session, scope)
    run = DryRun(areas=[name for name in communes if name not in mapping.areas])
    values: list[dict[str, str]] = []
    mapped = [name for name in communes if name in mapping.areas]
    for place, (first, name) in enumerate([(first, name) for first in months for name in mapped], start=1):
        values += _values(session, first, name, communes[name], mapping, run)
        if step is not None:
            step(place, len(months) * len(mapped))
    known = [figure.id for figure in figures(session, month(months[0], frozenset()), small_cells=True)]
    run.indicators = [id_ for id_ in known if id_ not in mapping.indicators]
    run.unknown = sorted([*(mapping.indicators.keys() - set(known)), *(mapping.areas.keys() - communes.keys())])
    run.values = len(values)
    head: dict[str, Any] = {"completeDate": today.isoformat(), "dataValues": values}
    return ({"dataSet": mapping.data_set, **head} if mapping.data_set else head), run


def written(made: dict[str, Any]) -> bytes:
    """The document as the file."""
    return json.dumps(made, ensure_ascii=False, indent=1).encode()


def _communes(session: Session, scope: Scope) -> dict[str, frozenset[int]]:
    rows = session.execute(select(Area.name, Village.id).join(Village, Village.area_id == Area.id).order_by(Area.name))
    found: dict[str, set[int]] = {}
    for name, village in rows:
        if scope.villages is None or village in scope.villages:
            found.setdefault(name, set()).add(village)
    return {name: frozenset(ids) for name, ids in found.items()}


def _values(
    session: Session, first: date, name: str, villages: frozenset[int], mapping: Dhis2Map, run: DryRun
) -> list[dict[str, str]]:
    made = close(figures(session, month(first, villages), small_cells=True), []).figures
    values = []
    for figure in made:
        said = f"{figure.label}, {name}, {first:%m/%Y}"
        for element in mapping.indicators.get(figure.id, ()):
            number = getattr(figure, element.part)
            if figure.hidden:
                run.hidden.append(said)
            elif number is None:
                run.empty.append(said)
            else:
                values.append(_value(element, mapping.areas[name], first, number, figure.n))
    run.hidden, run.empty = list(dict.fromkeys(run.hidden)), list(dict.fromkeys(run.empty))
    return values


def _value(element: Element, org_unit: str, first: date, number: float, n: int) -> dict[str, str]:
    text = str(int(number)) if float(number).is_integer() else str(number)
    made = {"dataElement": element.data_element, "period": f"{first:%Y%m}", "orgUnit": org_unit, "value": text}
    if element.category_option_combo:
        made["categoryOptionCombo"] = element.category_option_combo
    return {**made, "comment": f"n = {n}"}
