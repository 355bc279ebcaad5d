"""A slice of a long list: what comes after a row's id, so that rows added meanwhile neither repeat nor hide others."""

from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True)
class Slice:
    """The first `limit` rows whose id is greater than `after`."""

    after: int = 0
    limit: int = 50

    def of(self, query: Query, key: InstrumentedAttribute[int]) -> Query:
        """`query` cut down to this slice, in the order of `key`."""
        return query.where(key > self.after).order_by(key).limit(self.limit)
