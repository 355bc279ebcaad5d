"""One row of a members' sheet, read into a candidate or refused with what to do about it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from clubs.models import AgeBand, LifeStage, Preferred, Role, Sex
from clubs.sheets import Row
from messaging.models import Purpose
from messaging.numbers import normalise

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "village": ("nom du village",),
    "club": ("code club", "code du club", "ceapv"),
    "nom": ("nom et prénom", "prénom", "name"),
    "sexe": ("sex", "genre"),
    "âge": ("tranche d'âge", "age band", "age"),
    "numéro": ("téléphone", "number", "tel", "portable"),
    "étape de vie": ("life stage",),
    "téléphone de": ("à qui", "whose phone", "propriétaire"),
    "langue": ("language",),
    "rôle": ("role", "fonction"),
    "préférence": ("canal", "sms ou voix"),
    "accord messages": ("consent push", "accord sms", "consentement messages"),
    "accord appels": ("consent call", "consentement appels"),
    "date": ("date de l'accord", "date consentement", "consent date"),
    "témoin": ("witness",),
    "page": ("page du registre", "register page"),
}
REQUIRED = ("club", "sexe")
T = TypeVar("T")
YES = {"oui", "o", "yes", "y", "1", "x", "vrai", "true"}
SEXES = {"f": Sex.WOMAN, "femme": Sex.WOMAN, "h": Sex.MAN, "homme": Sex.MAN, "m": Sex.MAN}
ROLES = {
    "": Role.MEMBER,
    "membre": Role.MEMBER,
    "participant": Role.MEMBER,
    "participante": Role.MEMBER,
    "animatrice": Role.FACILITATOR,
    "animateur": Role.FACILITATOR,
    "relais": Role.RELAY,
}
STAGES = {
    "": None,
    "enceinte": LifeStage.PREGNANT,
    "attend un enfant": LifeStage.PREGNANT,
    "0-5": LifeStage.BABY,
    "0-5 mois": LifeStage.BABY,
    "6-23": LifeStage.INFANT,
    "6-23 mois": LifeStage.INFANT,
    "24-59": LifeStage.CHILD,
    "24-59 mois": LifeStage.CHILD,
}
PREFERENCES = {"": Preferred.SMS, "sms": Preferred.SMS, "voix": Preferred.VOICE}
OWN_PHONE = frozenset({"", "moi", "moi-même", "elle", "elle-même", "lui", "lui-même", "soi", "soi-même", "self", "own"})
"""What stands under « téléphone de », in small letters, where the phone is the member's own; else it says whose it is."""
BANDS = {band.value: band for band in AgeBand}


@dataclass(frozen=True)
class Candidate:
    """A row that can be imported."""

    row: int
    club_id: int
    name: str | None
    sex: Sex
    age_band: AgeBand | None
    life_stage: LifeStage | None
    number: str | None
    phone_owner: str | None
    language: str | None
    role: Role
    preferred: Preferred
    purposes: tuple[Purpose, ...]
    given_on: date | None
    witness: str | None
    page: str | None

    @property
    def same_person(self) -> tuple[object, ...]:
        """Two rows with one key are taken for one person."""
        return (self.club_id, self.number, self.sex, self.age_band, (self.name or "").casefold())

    @property
    def proven(self) -> bool:
        """A consent that the sender can prove: what for, since when, before whom. Without it nothing is pushed."""
        return bool(self.purposes and self.given_on and self.witness)


@dataclass(frozen=True)
class Known:
    """What rows may name: clubs by code with their id and village, village names and languages in small letters."""

    clubs: Mapping[str, tuple[int, str]]
    villages: frozenset[str]
    languages: Mapping[str, str]


class Refused(Exception):
    """A cell that keeps its row out: the column at fault and a French sentence."""

    def __init__(self, column: str, sentence: str) -> None:
        super().__init__(column)
        self.column, self.sentence = column, sentence


class RowRefused(Exception):
    """Everything that keeps a row out, in the order of its columns."""

    def __init__(self, faults: Sequence[Refused]) -> None:
        super().__init__(*faults)
        self.faults = tuple(faults)


def read_row(row: Row, known: Known, today: date) -> Candidate:
    """The candidate of a row; RowRefused with every fault."""
    readers: Mapping[str, Callable[[], object]] = {
        "club_id": lambda: _club(row, known),
        "village": lambda: _village(row, known),
        "sex": lambda: _one_of(row, "sexe", SEXES, "Écrivez F ou H."),
        "age_band": lambda: _one_of(row, "âge", {"": None, **BANDS}, "Écrivez 15-24, 25-49 ou 50+."),
        "number": lambda: number_in(row),
        "life_stage": lambda: _one_of(row, "étape de vie", STAGES, "Écrivez enceinte, 0-5 mois, 6-23 mois ou 24-59 mois."),
        "language": lambda: _one_of(row, "langue", {"": None, **known.languages}, "Cette langue n'est pas dans les réglages."),
        "role": lambda: _one_of(row, "rôle", ROLES, "Écrivez membre, animatrice ou relais."),
        "preferred": lambda: _one_of(row, "préférence", PREFERENCES, "Écrivez SMS ou voix."),
        "given_on": lambda: _day(row, today),
    }
    read: dict[str, Any] = {}
    faults = []
    for name, reader in readers.items():
        try:
            read[name] = reader()
        except Refused as refused:
            faults.append(refused)
    if faults:
        raise RowRefused(faults)
    del read["village"]  # the club says it
    return Candidate(
        row=row.number,
        name=row.get("nom") or None,
        phone_owner=row.get("téléphone de")[:24] or None,
        purposes=_purposes(row),
        witness=row.get("témoin") or None,
        page=row.get("page")[:24] or None,
        **read,
    )


def _club(row: Row, known: Known) -> int:
    code = row.get("club")
    if not code:
        raise Refused("club", "Il manque le code du club. Écrivez ses quatre chiffres.")
    if code not in known.clubs:
        raise Refused("club", f"Le club « {code} » n'existe pas. Vérifiez les quatre chiffres sur la carte.")
    return known.clubs[code][0]


def _village(row: Row, known: Known) -> None:
    village, code = row.get("village"), row.get("club")
    if village and village.casefold() not in known.villages:
        raise Refused("village", f"Le village « {village} » n'existe pas ici. Corrigez le nom ou créez d'abord le village.")
    if village and code in known.clubs and known.clubs[code][1] != village.casefold():
        raise Refused("village", f"Le club {code} n'est pas à « {village} ». Corrigez le club ou le village.")


def number_in(row: Row) -> str | None:
    """The number of a row in E.164, None for an empty cell; Refused for what is none."""
    written = row.get("numéro")
    if not written:
        return None
    number = normalise(written)
    if number is None:
        digits = sum(character.isdigit() for character in written)
        if not digits:
            raise Refused("numéro", f"« {written} » n'est pas un numéro. Il faut 8 chiffres, par exemple 76 12 34 56.")
        count = f"{digits} chiffre{'s' if digits > 1 else ''}"
        raise Refused("numéro", f"Ce numéro a {count} et n'est pas un portable malien. Il en faut 8, par exemple 76 12 34 56.")
    return number


def _one_of(row: Row, column: str, choices: Mapping[str, T], advice: str) -> T:
    written = row.get(column)
    try:
        return choices[written.casefold()]
    except KeyError:
        shown = f"« {written} » n'est pas reconnu." if written else "Cette case est vide."
        raise Refused(column, f"{shown} {advice}") from None


def _purposes(row: Row) -> tuple[Purpose, ...]:
    asked = (("accord messages", Purpose.PUSH), ("accord appels", Purpose.CALL))
    return tuple(purpose for column, purpose in asked if row.get(column).casefold() in YES)


def _day(row: Row, today: date) -> date | None:
    written = row.get("date")
    if not written:
        return None
    for pattern in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"):
        try:
            day = datetime.strptime(written, pattern).replace(tzinfo=UTC).date()
        except ValueError:
            continue
        if day > today:
            raise Refused("date", "La date de l'accord est dans le futur. Corrigez-la.")
        return day
    raise Refused("date", f"« {written} » n'est pas une date. Écrivez jour/mois/année, par exemple 15/03/2026.")
