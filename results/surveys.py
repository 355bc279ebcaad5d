"""Results of household surveys, from a sheet: what messages can never measure, kept and shown apart from what they do.

Callers select themselves and share phones; these values need sampled households, a fixed recall and trained interviewers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs.imports import Remark, SheetPlan, Weight
from clubs.models import Area
from clubs.rows import Refused
from clubs.sheets import Row, Sheet, SheetError
from results.models import SurveyResult

# Indicator, its French name and its unit; nothing else is taken from a survey, and none of these from messages.
INDICATORS = {
    "mdd_w": ("Diversité alimentaire des femmes (MDD-W)", "%"),
    "mdd": ("Diversité alimentaire des enfants de 6 à 23 mois", "%"),
    "mmf": ("Fréquence minimale des repas", "%"),
    "mad": ("Alimentation minimale acceptable", "%"),
    "exclusive_breastfeeding": ("Allaitement exclusif jusqu'à six mois", "%"),
    "early_initiation": ("Mise au sein dans l'heure", "%"),
    "anaemia": ("Anémie", "%"),
    "wasting": ("Émaciation ou périmètre brachial", "%"),
    "iodised_salt": ("Sel iodé", "%"),
}
HEADINGS: dict[str, Sequence[str]] = {
    "indicateur": ("indicator",),
    "enquête": ("enquete", "survey"),
    "début": ("du", "starts_on"),
    "fin": ("au", "ends_on"),
    "zone": ("commune", "area"),
    "n": ("effectif",),
    "valeur": ("value",),
    "bas": ("intervalle bas", "low"),
    "haut": ("intervalle haut", "high"),
}
NEEDED = ("indicateur", "enquête", "début", "fin", "n", "valeur")


@dataclass(frozen=True)
class SurveyPlan(SheetPlan):
    """What a sheet would bring, and its rows that cannot be taken."""

    ready: tuple[SurveyResult, ...]


def check(session: Session, sheet: Sheet, today: date) -> SurveyPlan:
    """Look at every row without writing anything; SheetError when a column is missing."""
    absent = [column for column in NEEDED if column not in sheet.columns]
    if absent:
        raise SheetError(f"Il manque la colonne « {absent[0]} ». Ajoutez-la en première ligne.")
    areas: dict[str, int] = {row.name.casefold(): row.id for row in session.scalars(select(Area))}
    ready: list[SurveyResult] = []
    remarks = []
    seen = {_key(row) for row in session.scalars(select(SurveyResult))}
    for line in sheet.rows:
        try:
            result = _result(line, areas, today)
            if _key(result) in seen:
                raise Refused("indicateur", "Ce résultat est déjà là : même enquête, indicateur, zone et début.")
        except Refused as why:
            remarks.append(Remark(line.number, why.column, Weight.ERROR, why.sentence))
        else:
            seen.add(_key(result))
            ready.append(result)
    return SurveyPlan(len(sheet.rows), tuple(remarks), tuple(ready))


def results(session: Session) -> list[tuple[SurveyResult, str | None]]:
    """Every survey result with the name of its area, the newest survey first."""
    rows = select(SurveyResult, Area.name).outerjoin(Area, Area.id == SurveyResult.area_id)
    ordered = rows.order_by(SurveyResult.starts_on.desc(), SurveyResult.survey, SurveyResult.indicator, Area.name)
    return [(row, name) for row, name in session.execute(ordered)]


def _key(row: SurveyResult) -> tuple[Any, ...]:
    return (row.survey, row.indicator, row.area_id, row.starts_on)


def _result(line: Row, areas: dict[str, int], today: date) -> SurveyResult:
    for column in NEEDED:
        if not line.get(column):
            raise Refused(column, "Cette case est vide. Remplissez-la.")
    indicator = _indicator(line.get("indicateur"))
    starts, ends = _day(line, "début"), _day(line, "fin")
    if ends < starts or ends > today:
        raise Refused("fin", "L'enquête finit avant de commencer, ou dans le futur.")
    zone = line.get("zone")
    if zone and zone.casefold() not in areas:
        raise Refused("zone", f"« {zone} » n'est pas une zone connue.")
    value, low, high = _number(line, "valeur"), _perhaps(line, "bas"), _perhaps(line, "haut")
    if not 0 <= value <= 100:
        raise Refused("valeur", "C'est un pourcentage : de 0 à 100.")
    if (low is not None and low > value) or (high is not None and high < value):
        raise Refused("bas", "L'intervalle n'entoure pas la valeur.")
    cases = _number(line, "n")
    if cases < 1 or not cases.is_integer():
        raise Refused("n", "C'est un nombre de personnes : 1 ou plus, entier.")
    return SurveyResult(
        survey=line.get("enquête")[:80],
        indicator=indicator,
        area_id=areas[zone.casefold()] if zone else None,
        starts_on=starts,
        ends_on=ends,
        n=int(cases),
        value=value,
        low=low,
        high=high,
    )


def _indicator(said: str) -> str:
    names = {**{id_: id_ for id_ in INDICATORS}, **{words.casefold(): id_ for id_, (words, _unit) in INDICATORS.items()}}
    found = names.get(said.casefold().replace("-", "_"), names.get(said.casefold()))
    if found is None:
        raise Refused("indicateur", f"« {said} » n'est pas un indicateur d'enquête. Choix : {', '.join(INDICATORS)}.")
    return found


def _day(line: Row, column: str) -> date:
    written = line.get(column)
    parts = written.split("/")
    try:
        return date(*map(int, reversed(parts))) if len(parts) == 3 else date.fromisoformat(written)
    except ValueError as error:
        raise Refused(column, f"« {written} » n'est pas une date. Écrivez par exemple 15/03/2026.") from error


def _number(line: Row, column: str) -> float:
    try:
        return float(line.get(column).replace(",", ".").removesuffix("%").strip())
    except ValueError as error:
        raise Refused(column, f"« {line.get(column)} » n'est pas un nombre.") from error


def _perhaps(line: Row, column: str) -> float | None:
    return _number(line, column) if line.get(column) else None
