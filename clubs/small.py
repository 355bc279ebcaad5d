"""The number under which a count of people is kept back, and the one question about it."""

SMALL = 5


def small(count: float) -> bool:
    """Whether a count speaks of somebody, but of too few: a zero names nobody and may be shown."""
    return 0 < count < SMALL
