"""DHIS2: which indicator and commune goes to which of its identifiers, and what a document of the period would leave out.

The mapping is kept as the file it can also be sent as; the form writes that file anew, so remarks in one that was sent go.
"""

from dataclasses import dataclass
from typing import Any

from flask import Response, request, url_for

from console import result_words, uploads
from console.access import Answer, Pages, R, who
from console.asked import asked, query
from console.edge import now, reading, writing
from console.forms import Typed, done, render
from console.words import _, lazy
from results import dhis2, places, prepared
from results.dhis2 import Dhis2Map, Element
from results.figure import Figure
from results.indicators import figures
from results.scope import Scope
from runtime import audit
from runtime.database import Session

pages = Pages("dhis2")
MAPPERS = {R.SUIVI}
MOST_BYTES = 100_000
MOST_ELEMENTS = 10
NOTHING = Dhis2Map({}, {})
PARTS = [
    ("value", lazy("la valeur")),
    ("numerator", lazy("le numérateur")),
    ("denominator", lazy("le dénominateur")),
]


@dataclass(frozen=True)
class Line:
    """One indicator and data element, or one commune: the name its fields begin with, what it maps, and its words."""

    field: str
    name: str
    words: str


@dataclass(frozen=True)
class Fold:
    """Lines under one heading, folded away: together they are sixteen screens of a telephone. `wrong`: one of them is."""

    heading: str
    lines: list[Line]
    filled: int
    wrong: bool


@pages.page("/resultats/dhis2", roles=MAPPERS, form=True)
def index() -> Answer:
    """The mapping in force and, on demand, what a document of the period would hold and leave out."""
    with reading() as session:
        filters, here = asked(session)
        kept, problem = _kept(session)
        today = now(session).date()
        known = figures(session, Scope(today, today, frozenset()), small_cells=True)
        communes = [name for _id, name in places.communes(session)]
    form = Typed.sent_or(_filled(kept))
    lines, units = _lines(known, kept, form), _units(communes, kept)
    if form.sent:
        made = _read(form, lines, units)
        if not form.errors:
            _keep(dhis2.text_of(made))
            return done(url_for("dhis2.index", **query(filters)), _("Correspondance enregistrée."))
    run = None
    if "essai" in request.args and kept is not NOTHING and not form.errors:  # every indicator, month and commune: takes long
        with reading() as session:
            try:
                run = dhis2.document(session, here, kept, today)[1]
            except dhis2.MappingError as error:
                problem = str(error)
    values: dict[str, Any] = {"form": form, "PARTS": PARTS, "asked": here, "filters": filters}
    values |= {"units": _fold(_("Communes"), units, form), "folds": _folds(lines, form)}
    values |= {"kept": kept is not NOTHING, "run": run, "problem": problem, "query": query(filters)}
    return render("results/dhis2.html", **values), 422 if form.errors else 200


@pages.page("/resultats/dhis2/fichier", roles=MAPPERS, form=True)
def send() -> Answer:
    """Put a mapping file in force, as it is."""
    form = Typed.sent_or()
    if form.sent:
        sent = uploads.sent(form, 1)
        text = sent.data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
        if not form.errors and len(sent.data) > MOST_BYTES:
            form.wrong("file", _("Ce fichier est trop grand pour une correspondance."))
        if not form.errors:
            try:
                _keep(text)
            except dhis2.MappingError as error:
                form.wrong("file", str(error))
        if not form.errors:
            return done(url_for("dhis2.index"), _("Correspondance enregistrée."))
    return render("results/dhis2_file.html", form=form), 422 if form.errors else 200


@pages.page("/resultats/dhis2/correspondance.toml", roles=MAPPERS)
def fetch() -> Answer:
    """The mapping in force as a file; a model where there is none."""
    with reading() as session:
        kept = prepared.newest_mapping(session)
        text = kept.text if kept is not None else dhis2.MODEL
    return Response(text, mimetype="text/plain", headers={"Content-Disposition": 'attachment; filename="correspondance.toml"'})


def _kept(session: Session) -> tuple[Dhis2Map, str | None]:
    row = prepared.newest_mapping(session)
    try:
        return (NOTHING if row is None else dhis2.read(row.text)), None
    except dhis2.MappingError as error:
        return NOTHING, str(error)


def _keep(text: str) -> None:
    with writing() as session:
        prepared.keep_mapping(session, text, who().id, now(session))
        audit.record(session, now(session), "set_dhis2_mapping", "dhis2_mapping", None, staff_id=who().id)


def _filled(kept: Dhis2Map) -> dict[str, str]:
    values = {"data_set": kept.data_set or ""}
    for name, elements in kept.indicators.items():
        for place, one in enumerate(elements):
            values |= {
                f"{name}-{place}": one.data_element,
                f"{name}-{place}-combo": one.category_option_combo or "",
                f"{name}-{place}-part": one.part,
            }
    return values | {f"unit-{place}": unit for place, (_name, unit) in enumerate(sorted(kept.areas.items()))}


def _lines(known: list[Figure], kept: Dhis2Map, form: Typed) -> list[Line]:
    """A line for each data element of an indicator and one for the next; what no figure carries stays at the end."""
    words = {figure.id: result_words.words(figure.label) for figure in known}
    found = []
    for name in [*words, *(name for name in kept.indicators if name not in words)]:
        filled = [place for place in range(MOST_ELEMENTS) if form.value(f"{name}-{place}").strip()]
        count = max(filled, default=-1) + 1
        found += [
            Line(f"{name}-{place}", name, words.get(name) or _("« %(name)s », que rien ne porte", name=name))
            for place in range(min(count + (name in words), MOST_ELEMENTS))
        ]
    return found


def _folds(lines: list[Line], form: Typed) -> list[Fold]:
    """The indicators by the headings of Résultats; what stands under none comes last."""
    known = {id_ for _words, ids in result_words.GROUPS for id_ in ids}
    found = [(str(words), [line for line in lines if line.name in ids]) for words, ids in result_words.GROUPS]
    found.append((_("Noms de la correspondance que rien ne porte"), [line for line in lines if line.name not in known]))
    return [_fold(heading, mine, form) for heading, mine in found if mine]


def _fold(heading: str, lines: list[Line], form: Typed) -> Fold:
    filled = sum(bool(form.value(line.field).strip()) for line in lines)
    wrong = any(form.errors.get(name) for line in lines for name in (line.field, f"{line.field}-combo"))
    return Fold(heading, lines, filled, wrong)


def _units(communes: list[str], kept: Dhis2Map) -> list[Line]:
    """A line for each commune; one that the mapping names and nothing carries stays."""
    ours = sorted(kept.areas)
    every = [*ours, *(name for name in communes if name not in kept.areas)]
    lines = [
        Line(f"unit-{place}", name, name if name in communes else _("« %(name)s », que rien ne porte", name=name))
        for place, name in enumerate(every)
    ]
    return sorted(lines, key=lambda line: (line.name not in communes, line.name))


def _read(form: Typed, lines: list[Line], units: list[Line]) -> Dhis2Map:
    """What the form says; an empty line maps nothing."""
    indicators: dict[str, tuple[Element, ...]] = {}
    for line in lines:
        element, combo = _uid(form, line.field), _uid(form, f"{line.field}-combo")
        part = form.value(f"{line.field}-part") or "value"
        if element and part in dhis2.PARTS:
            indicators[line.name] = (*indicators.get(line.name, ()), Element(element, combo or None, part))
        elif combo:
            form.wrong(line.field, _("Donnez aussi l'élément de données de cette ligne."))
    areas = {line.name: unit for line in units if (unit := _uid(form, line.field))}
    return Dhis2Map(indicators, areas, _uid(form, "data_set") or None)


def _uid(form: Typed, name: str) -> str:
    said = form.text(name)
    if said and not dhis2.UID.fullmatch(said):
        form.wrong(name, _("Un identifiant de DHIS2 a 11 lettres et chiffres et commence par une lettre."))
    return said
