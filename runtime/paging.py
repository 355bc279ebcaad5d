"""A slice of a long list: what comes after a row's id, so that rows added meanwhile neither repeat nor hide others."""

from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import CompoundSelect, Select
from sqlalchemy.orm import InstrumentedAttribute

Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True)
class Slice:
    """The first `limit` rows whose id is greater than `after`.

    For a reader of some villages only, `villages` are their ids and `contacts` selects the ids of the numbers there.
    """

    after: int = 0
    limit: int = 50
    villages: frozenset[int] | None = None
    contacts: CompoundSelect[int | None] | None = None

    def of(self, query: Query, key: InstrumentedAttribute[int]) -> Query:
        """`query` cut down to this slice, in the order of `key`."""
        return query.where(key > self.after).order_by(key).limit(self.limit)

    def here(self, query: Query, village: InstrumentedAttribute[int]) -> Query:
        """Only rows of the reader's villages."""
        return query if self.villages is None else query.where(village.in_(self.villages))

    def theirs(self, query: Query, contact: InstrumentedAttribute[int]) -> Query:
        """Only rows about numbers of the reader's villages."""
        return query if self.contacts is None else query.where(contact.in_(self.contacts))


def matching(query: Query, *wanted: tuple[InstrumentedAttribute[Any], object]) -> Query:
    """Only rows with each wanted value in its column; None asks nothing of it."""
    return query.where(*(column == value for column, value in wanted if value is not None))
