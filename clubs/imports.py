"""Members from a spreadsheet: every row is either imported, imported without consent, or refused with what to do about it.

Nothing is written by `check`: what a person confirms is exactly the plan they were shown.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import Select, SQLColumnExpression, insert, select
from sqlalchemy.orm import Session

from clubs.models import Club, Member, MemberImport, Village
from clubs.rows import REQUIRED, Candidate, Known, Refused, RowRefused, read_row
from clubs.sheets import Row, Sheet, SheetError
from messaging.models import Consent, Contact, ContactState, OptOut
from messaging.numbers import operator_of
from runtime.audit import record
from runtime.crypto import blind
from runtime.database import Json
from translations.models import Language

T = TypeVar("T")


class Weight(StrEnum):
    """An error keeps the row out; a warning lets it in."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Remark:
    """What is wrong with a row, under the file's own row number, and what to do: French sentences."""

    row: int
    column: str
    weight: Weight
    sentence: str


@dataclass(frozen=True)
class SheetPlan:
    """How many rows a file has, and what is wrong with some of them."""

    rows: int
    remarks: tuple[Remark, ...]

    @property
    def refused(self) -> tuple[Remark, ...]:
        """The remarks that keep their row out."""
        return tuple(remark for remark in self.remarks if remark.weight is Weight.ERROR)

    @property
    def warned(self) -> tuple[Remark, ...]:
        """The remarks whose row comes in, but not as it was meant."""
        return tuple(remark for remark in self.remarks if remark.weight is Weight.WARNING)


@dataclass(frozen=True)
class ImportPlan(SheetPlan):
    """What an import would do; a row with a warning is stored, and gets no message."""

    ready: tuple[Candidate, ...]
    unknown_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportResult:
    """What an import did; `id` is its row's, by which it can be undone."""

    members: int
    contacts: int
    consents: int
    id: int


def check(session: Session, sheet: Sheet, today: date) -> ImportPlan:
    """Look at every row without writing; SheetError names the columns that are missing altogether."""
    missing = [column for column in REQUIRED if column not in sheet.columns]
    if missing:
        raise SheetError("Il manque la colonne " + " et la colonne ".join(f"« {column} »" for column in missing) + ".")
    known, twins = _known(session), _Twins(_present(session))
    ready, remarks = [], []
    for row in sheet.rows:
        try:
            candidate = read_row(row, known, today)
            twins.refuse(candidate)
        except RowRefused as refused:
            remarks += [Remark(row.number, one.column, Weight.ERROR, one.sentence) for one in refused.faults]
            continue
        ready.append(candidate)
        if candidate.number and not candidate.proven:
            remarks.append(Remark(row.number, *_unproven(row)))
    return ImportPlan(len(sheet.rows), tuple(remarks), tuple(ready), sheet.unknown)


def carry_out(session: Session, plan: ImportPlan, now: datetime, staff_id: int | None = None) -> ImportResult:
    """Write the plan's ready rows in the caller's transaction: contacts once per number, members, proven consents."""
    contacts, fresh = _contacts(session, plan.ready, now)
    made = MemberImport(at=now, staff_id=staff_id, members=len(plan.ready), new_numbers=fresh)
    session.add(made)
    session.flush()
    rows = [_member(candidate, contacts.get(candidate.number or ""), made.id, now) for candidate in plan.ready]
    # In bulk: row by row, three thousand people would hold the writers' lock for several seconds.
    ids = session.scalars(insert(Member).returning(Member.id, sort_by_parameter_order=True), rows).all() if rows else []
    agreed = [
        consent
        for candidate, member_id in zip(plan.ready, ids, strict=True)
        if candidate.number and candidate.proven
        for consent in _consents(candidate, contacts[candidate.number], member_id, now)
    ]
    if agreed:
        session.execute(insert(Consent), agreed)
    record(session, now, "members.import", "import", made.id, staff_id=staff_id, members=len(rows), contacts=len(contacts))
    return ImportResult(len(rows), len(contacts), len(agreed), made.id)


def _known(session: Session) -> Known:
    clubs = session.execute(select(Club.code, Club.id, Village.name).join(Village, Village.id == Club.village_id))
    languages = {
        name.casefold(): language.code
        for language in session.scalars(select(Language))
        for name in (language.code, language.name, language.autonym)
        if name
    }
    villages = frozenset(name.casefold() for name in session.scalars(select(Village.name)))
    return Known({code: (id_, village.casefold()) for code, id_, village in clubs}, villages, languages)


def _present(session: Session) -> Counter[tuple[object, ...]]:
    here = select(Member, Contact.number).outerjoin(Contact, Contact.id == Member.contact_id).where(Member.left_at.is_(None))
    return Counter(
        (member.club_id, number, member.sex, member.age_band, (member.name or "").casefold())
        for member, number in session.execute(here)
    )


class _Twins:
    """Rows that name a person twice.

    Members with neither phone nor name cannot be told apart and a club has several: a file may name as many as it likes, but only
    those beyond the ones already here are new, so that the same file read again adds nobody.
    """

    def __init__(self, present: Counter[tuple[object, ...]]) -> None:
        self.present = present
        self.first: dict[tuple[object, ...], int] = {}
        self.nameless: Counter[tuple[object, ...]] = Counter()

    def refuse(self, candidate: Candidate) -> None:
        key = candidate.same_person
        if candidate.number is None and candidate.name is None:
            self.nameless[key] += 1
            if self.nameless[key] <= self.present[key]:
                raise _refused("nom", "Cette personne sans numéro est déjà inscrite. Retirez la ligne, ou ajoutez son nom.")
            return
        if self.present[key]:
            raise _refused("numéro", "Cette personne est déjà inscrite. Retirez la ligne, ou ajoutez un nom si c'est une autre.")
        first = self.first.setdefault(key, candidate.row)
        if first != candidate.row:
            raise _refused("numéro", f"Même personne qu'à la ligne {first}. Retirez une des deux, ou ajoutez un nom à chacune.")


def _refused(column: str, sentence: str) -> RowRefused:
    return RowRefused([Refused(column, sentence)])


def _unproven(row: Row) -> tuple[str, Weight, str]:
    for column, what in (("date", "la date de l'accord"), ("témoin", "le nom du témoin")):
        if not row.get(column):
            return column, Weight.WARNING, f"Il manque {what}. La ligne est enregistrée, mais rien ne sera envoyé. Complétez-la."
    sentence = "Aucun accord n'est noté. La ligne est enregistrée, mais rien ne sera envoyé."
    return "accord messages", Weight.WARNING, sentence


def _contacts(session: Session, ready: Sequence[Candidate], now: datetime) -> tuple[dict[str, int], list[int]]:
    """The contact id of each number in the plan, known ones brought up to date and new ones written; and the ids of the new."""
    people: dict[str, list[Candidate]] = {}
    for candidate in ready:
        if candidate.number:
            people.setdefault(candidate.number, []).append(candidate)
    indexes = {number: blind(number) for number in people}
    known = {contact.number_index: contact for contact in _among(session, select(Contact), Contact.number_index, indexes)}
    standing = select(OptOut.number_index).where(OptOut.ended_at.is_(None))
    stopped = set(_among(session, standing, OptOut.number_index, indexes))
    taken = set(session.scalars(select(Member.contact_id).where(Member.contact_id.is_not(None), Member.left_at.is_(None))))
    found, rows = {}, []
    fresh: list[int] = []
    for number, index in indexes.items():
        language = next((one.language for one in people[number] if one.language), None)
        contact = known.get(index)
        if contact is None:
            rows.append(_contact(number, index, language, len(people[number]) > 1, index in stopped, now))
            continue
        contact.shared = contact.shared or len(people[number]) > 1 or contact.id in taken
        contact.language = contact.language or language
        found[number] = contact.id
    if rows:
        fresh = list(session.scalars(insert(Contact).returning(Contact.id, sort_by_parameter_order=True), rows))
        found.update(zip((row["number"] for row in rows), fresh, strict=True))
    return found, fresh


def _among(session: Session, query: Select[T], column: SQLColumnExpression[bytes], indexes: Mapping[str, bytes]) -> Iterator[T]:
    wanted = list(indexes.values())
    for start in range(0, len(wanted), 500):  # SQLite takes a limited number of parameters
        yield from session.scalars(query.where(column.in_(wanted[start : start + 500])))


def _contact(number: str, index: bytes, language: str | None, shared: bool, stopped: bool, now: datetime) -> Json:
    """A new number; one that once said STOP, and was erased since, comes back stopped."""
    return {
        "number": number,
        "number_index": index,
        "operator": operator_of(number),
        "language": language,
        "shared": shared,
        "state": ContactState.STOPPED if stopped else ContactState.ACTIVE,
        "created_at": now,
    }


def _member(candidate: Candidate, contact_id: int | None, import_id: int, now: datetime) -> Json:
    return {
        "import_id": import_id,
        "club_id": candidate.club_id,
        "contact_id": contact_id,
        "name": candidate.name,
        "role": candidate.role,
        "sex": candidate.sex,
        "age_band": candidate.age_band,
        "life_stage": candidate.life_stage,
        "language": candidate.language,
        "preferred": candidate.preferred,
        "phone_owner": candidate.phone_owner,
        "joined_at": now,
    }


def _consents(candidate: Candidate, contact_id: int, member_id: int, now: datetime) -> Iterator[Json]:
    given = datetime.combine(candidate.given_on or now.date(), time(12), UTC)
    for purpose in candidate.purposes:
        yield {
            "contact_id": contact_id,
            "member_id": member_id,
            "purpose": purpose,
            "via": "register",
            "script_version": "register",
            "language": candidate.language,
            "witness": candidate.witness,
            "register_page": candidate.page,
            "given_at": given,
        }
