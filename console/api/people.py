"""Villages, clubs, members and contacts.

Names and masked numbers need read:people, whole numbers read:numbers besides, and are audited.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from clubs import reading as clubs
from clubs.models import Role
from clubs.reading import ClubLine, MemberLine, VillageLine
from console.api.document import Tags
from console.api.frame import Page, Paging, by_village, caller, collection, endpoint, visible
from console.api.problems import ApiError, Fault
from console.api.tokens import Scope
from console.api.values import RowId, Word
from console.edge import now, reading, writing
from messaging import reading as traffic
from messaging.models import ContactState
from messaging.numbers import normalise
from messaging.reading import ContactLine
from runtime import audit
from runtime.database import Session
from runtime.paging import Slice

WHOLE = "true: whole numbers instead of masked ones; needs the scope read:numbers and is noted in the audit."


class VillageQuery(Paging):
    """Filters on villages."""

    code: Word | None = None


class ClubQuery(Paging):
    """Filters on clubs."""

    code: Word | None = None
    village: RowId | None = None
    active: bool | None = None


class MemberQuery(Paging):
    """Filters on members; `club` is a code."""

    club: Word | None = None
    contact: RowId | None = None
    role: Role | None = None
    whole_numbers: bool = Field(False, description=WHOLE)


class ContactQuery(Paging):
    """Filters on contacts."""

    state: ContactState | None = None
    whole_numbers: bool = Field(False, description=WHOLE)


class Number(BaseModel):
    """A phone number as people write it; sent in the body, since addresses end in logs."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"number": "76 12 34 56"}]})

    number: str = Field(max_length=40)


def _villages(part: Slice, filters: dict[str, Any]) -> Sequence[VillageLine]:
    with reading() as session:
        return clubs.villages(session, part, **filters)


def _clubs(part: Slice, filters: dict[str, Any]) -> Sequence[ClubLine]:
    with reading() as session:
        return clubs.clubs(session, part, **filters)


def _members(part: Slice, filters: dict[str, Any]) -> Sequence[MemberLine]:
    whole = _whole(filters)
    with writing() if whole else reading() as session:
        found = clubs.members(session, part, people=caller().may(Scope.PEOPLE), whole_numbers=whole, **filters)
        if whole:
            _note(session, "member", [member.id for member in found[: part.limit - 1]])
        return found


def _contacts(part: Slice, filters: dict[str, Any]) -> Sequence[ContactLine]:
    whole = _whole(filters)
    with writing() if whole else reading() as session:
        found = traffic.contacts(session, part, whole_numbers=whole, **filters)
        if whole:
            _note(session, "contact", [contact.id for contact in found[: part.limit - 1]])
        return found


def _whole(filters: dict[str, Any]) -> bool:
    whole = bool(filters.pop("whole_numbers", False))
    for scope in (Scope.PEOPLE, Scope.NUMBERS):
        if whole and not caller().may(scope):
            raise ApiError(403, "scope_missing", f"This token lacks the scope {scope}.")
    return whole


def _note(session: Session, kind: str, ids: Sequence[int]) -> None:
    if ids:
        audit.record(
            session,
            now(session),
            "numbers.read",
            "api_token",
            caller().token_id,
            actor_kind="token",
            of=kind,
            first=ids[0],
            last=ids[-1],
            count=len(ids),
        )


collection("villages", Scope.CLUBS, VillageLine, Tags.PEOPLE, VillageQuery, _villages, villages=True)
collection("clubs", Scope.CLUBS, ClubLine, Tags.PEOPLE, ClubQuery, _clubs, villages=True)
collection("members", Scope.CLUBS, MemberLine, Tags.PEOPLE, MemberQuery, _members, villages=True)
collection("contacts", Scope.PEOPLE, ContactLine, Tags.PEOPLE, ContactQuery, _contacts, villages=True)


@endpoint("/contacts/find", Scope.PEOPLE, Page[ContactLine], Tags.PEOPLE, body=Number)
def find_contact(asked: Number) -> Page[ContactLine]:
    """The contact of a number: a page of one or none."""
    number = normalise(asked.number)
    if number is None:
        fault = Fault(place="number", message="Eight digits of Mali, or a + and a country's.")
        raise ApiError(422, "not_a_number", "This is not a number that people can be reached at.", faults=[fault])
    with reading() as session:
        return Page[ContactLine](items=traffic.contacts(session, visible(), number=number), next=None)


by_village.add("api.find_contact")
