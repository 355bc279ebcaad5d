"""What one indicator is: a value beside its formula, numerator, denominator and number of cases."""

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from clubs.small import small
from results.scope import Scope
from results.small import Kept, part_is_small


@dataclass(frozen=True)
class Figure:
    """One indicator over one scope. `value` is None where nothing can be divided; `hidden` says that it is kept back, and why.

    `n` is how many it speaks of; `people` says they are people, `part` that the numerator is some of the denominator. `totals`
    are the counts of people it tells, by the name under which tables add up to them.
    """

    id: str
    label: str
    formula: str
    value: float | None
    unit: str
    numerator: float
    denominator: float | None
    n: int
    hidden: Kept | None = None
    people: bool = True
    part: bool = False
    totals: tuple[tuple[str, int], ...] = ()

    def kept_back(self, gone: Container[str] = ()) -> "Figure":
        """The figure as partners and exports get it: nothing at all when it, its part or the rest is fewer than five people, or
        when one of its totals is `gone`."""
        few = self.people and (small(self.n) or (self.part and part_is_small(self.numerator, self.denominator or 0)))
        if few or any(small(value) for _name, value in self.totals):
            return self.away(Kept.FEW)
        return self.away() if any(name in gone for name, _value in self.totals) else self

    def away(self, why: Kept = Kept.BESIDE) -> "Figure":
        """The figure with nothing told but its name and formula."""
        return replace(self, value=None, numerator=0, denominator=None, n=0, hidden=why, totals=())


Maker = Callable[[Session, Scope], Iterator[Figure]]


def share(
    id_: str,
    label: str,
    formula: str,
    part: float,
    whole: float,
    *,
    people: bool = True,
    totals: tuple[tuple[str, int], ...] = (),
) -> Figure:
    """A percentage of a part in its whole; None when there is nothing to divide by."""
    value = round(100 * part / whole, 1) if whole else None
    return Figure(id_, label, formula, value, "%", part, whole, int(whole), people=people, part=True, totals=totals)


def total(
    id_: str, label: str, formula: str, value: float, *, people: bool = True, totals: tuple[tuple[str, int], ...] = ()
) -> Figure:
    """A sum."""
    return Figure(id_, label, formula, value, "", value, None, int(value), people=people, totals=totals)


def mean(
    id_: str,
    label: str,
    formula: str,
    numerator: float,
    denominator: float,
    *,
    unit: str = "",
    people: bool = True,
    totals: tuple[tuple[str, int], ...] = (),
) -> Figure:
    """A quotient that is no percentage; `n` is its denominator."""
    value = round(numerator / denominator, 1) if denominator else None
    return Figure(id_, label, formula, value, unit, numerator, denominator, int(denominator), people=people, totals=totals)
