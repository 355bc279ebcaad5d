"""How sure a share or a gain is: 95 % intervals that hold for few answers, too.

Wilson's score interval for a proportion; for a difference between two answers of the same phones, Bonett and Price's adjusted
Wald interval (2012), which the textbook one misses badly below some thirty pairs.
"""

from dataclasses import dataclass
from math import sqrt

Z = 1.959964


@dataclass(frozen=True)
class Interval:
    """A value in percent, or in points, with its lower and upper end."""

    value: float
    low: float
    high: float


def wilson(part: int, whole: int) -> Interval | None:
    """The share of `part` in `whole` in percent; None of nothing."""
    if whole == 0:
        return None
    share, square = part / whole, Z * Z
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    half = Z / (1 + square / whole) * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    return Interval(100 * share, max(0.0, 100 * (middle - half)), min(100.0, 100 * (middle + half)))


def paired(gained: int, lost: int, pairs: int) -> Interval | None:
    """Points between a first and a second answer of the same `pairs` phones: `gained` turned right, `lost` turned wrong."""
    if pairs == 0:
        return None
    up, down = (gained + 1) / (pairs + 2), (lost + 1) / (pairs + 2)
    half = Z * sqrt((up + down - (up - down) ** 2) / (pairs + 2))
    middle = up - down
    return Interval(100 * (gained - lost) / pairs, max(-100.0, 100 * (middle - half)), min(100.0, 100 * (middle + half)))
