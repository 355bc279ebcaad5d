"""What an audience is: rules over members, as stored with a saved audience, a campaign and a sending.

A filter may take another by its id. `frozen` writes such others out; from then on nobody changes them, which is what a campaign
is approved with.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from campaigns.errors import CampaignError
from campaigns.models import Audience
from clubs.models import AgeBand, ClubKind, Preferred, Role, Sex
from runtime.database import Json


class Answered(StrEnum):
    """What a member's phone gave to a quiz question."""

    ANY = "any"
    RIGHT = "right"
    WRONG = "wrong"
    NONE = "none"


@dataclass(frozen=True)
class Filter:
    """Every field narrows; an empty one does not. Ids for rows, language codes, values of the clubs' enums."""

    villages: tuple[int, ...] = ()
    clubs: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    sexes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    age_bands: tuple[str, ...] = ()
    life_stages: tuple[str, ...] = ()
    club_kinds: tuple[str, ...] = ()
    one_phone_per_club: bool = True
    failed_of: int | None = None
    """A broadcast's id: only those whom it did not reach, for sending once more."""
    due_in: int | None = None
    """An occurrence's id: only those whose own time it was."""
    communes: tuple[int, ...] = ()
    preferred: tuple[str, ...] = ()
    heard_within: int | None = None
    """Days: the phone gave a sign of life since."""
    unheard_for: int | None = None
    """Days: there is a phone, and it gave none since."""
    question: int | None = None
    answered: str | None = None
    """With `question`: what the phone answered to it, a value of `Answered`."""
    opted_out: bool | None = None
    """True: only those who said STOP, the number that would be written to or the person; False: none of them."""
    lists: tuple[int, ...] = ()
    not_lists: tuple[int, ...] = ()
    """Lists from a file: only their numbers and clubs; none of them."""
    minus: tuple[int, ...] = ()
    """Saved audiences whose members are taken away, counted in this one's way: by club where this one is."""
    saved: int | None = None
    """A saved audience: until frozen it is that one as it stands, and no other field counts."""
    frozen: bool = False
    taken: tuple["Filter", ...] = ()
    """The filters of `minus` once frozen; `minus` and `saved` then only say where it came from."""

    def to_json(self) -> Json:
        """As stored in `Audience.filter`, `Campaign.audience` and `Broadcast.audience`: what narrows, and the way to count."""
        stored = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: _plain(value) for name, value in stored.items() if value not in ((), None) or name == "one_phone_per_club"}

    @classmethod
    def from_json(cls, stored: Json) -> "Filter":
        """CampaignError("audience") for a field or a value that no filter has: a misread filter would send to everybody."""
        if not isinstance(stored, dict) or not set(stored) <= set(_READ):
            raise CampaignError("audience")
        return cls(**{name: _READ[name](value) for name, value in stored.items()})

    @property
    def as_drafted(self) -> "Filter":
        """What a frozen one was before: it follows its saved audiences again."""
        return Filter(saved=self.saved) if self.saved is not None else replace(self, frozen=False, taken=())


def frozen(session: Session, wanted: Filter) -> Filter:
    """The filter with every saved audience it takes written out.

    CampaignError: "audience_circle" where an audience is taken from itself, "no_audience" for one that is not there.
    """
    return _frozen(session, wanted, frozenset())


def _frozen(session: Session, wanted: Filter, within: frozenset[int]) -> Filter:
    if wanted.frozen or (wanted.saved is None and not wanted.minus):
        return wanted
    if wanted.saved is not None:
        within |= {wanted.saved}
        wanted = replace(_of(session, wanted.saved), saved=wanted.saved)
    if within & set(wanted.minus):
        raise CampaignError("audience_circle")
    taken = (_frozen(session, _of(session, id_), within | {id_}) for id_ in wanted.minus)
    return replace(wanted, frozen=True, taken=tuple(taken))


def _of(session: Session, id_: int) -> Filter:
    row = session.get(Audience, id_)
    if row is None:
        raise CampaignError("no_audience", id_)
    return Filter.from_json(row.filter)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [one.to_json() if isinstance(one, Filter) else one for one in value]
    return value


def _wrong() -> CampaignError:
    return CampaignError("audience")


def _many(kind: type[int] | type[str], allowed: type[StrEnum] | None = None) -> Callable[[Any], Any]:
    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple) or any(not isinstance(item, kind) or isinstance(item, bool) for item in value):
            raise _wrong()
        if allowed is not None and not set(value) <= {word.value for word in allowed}:
            raise _wrong()
        return tuple(value)

    return read


def _number(value: Any) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise _wrong()


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise _wrong()


def _flag_or_none(value: Any) -> bool | None:
    return None if value is None else _flag(value)


def _given(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and value in {one.value for one in Answered}):
        return value
    raise _wrong()


def _filters(value: Any) -> tuple[Filter, ...]:
    if not isinstance(value, list | tuple):
        raise _wrong()
    return tuple(Filter.from_json(one) for one in value)


_READ: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("villages", "clubs", "communes", "lists", "not_lists", "minus"), _many(int)),
    **dict.fromkeys(("languages", "life_stages"), _many(str)),
    "sexes": _many(str, Sex),
    "roles": _many(str, Role),
    "age_bands": _many(str, AgeBand),
    "club_kinds": _many(str, ClubKind),
    "preferred": _many(str, Preferred),
    **dict.fromkeys(("failed_of", "due_in", "heard_within", "unheard_for", "question", "saved"), _number),
    **dict.fromkeys(("one_phone_per_club", "frozen"), _flag),
    "opted_out": _flag_or_none,
    "answered": _given,
    "taken": _filters,
}
