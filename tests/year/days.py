"""Which days are whose: dates, weeks, markets and seasons, in the words of field.md."""

from datetime import date

from tests.year.programme import DAY, Programme, Sending


def whose(given: Programme, sending: Sending, day: date) -> list[int] | bool | None:
    """The villages whose day this is; None for all, False for none."""
    if sending.days:
        return None if day in sending.days else False
    if sending.season is not None:
        for kind, first, last in given.seasons:
            gone = (day - first).days - sending.days_into
            if kind == sending.season and day <= last and (gone == 0 or (sending.weekly and gone > 0 and gone % 7 == 0)):
                return None
        return False
    if sending.market is None:
        assert sending.weekday_from is not None
        gone = (day - sending.weekday_from).days
        return None if gone >= 0 and gone % 7 == 0 else False
    found = [number for number in range(len(given.places)) if _market(given, sending, number, day)]
    return found or False


def _market(given: Programme, sending: Sending, village: int, day: date) -> bool:
    if sending.market in ("on", "eve"):
        return _is_market(given, village, day if sending.market == "on" else day + DAY)
    assert sending.weekday_from is not None
    gone = (day - sending.weekday_from).days
    if gone < 0:
        return False
    moved = _is_market(given, village, day - DAY)
    return (gone % 7 == 0 and not _is_market(given, village, day)) or (gone % 7 == 1 and moved)


def _is_market(given: Programme, village: int, day: date) -> bool:
    place = given.places[village]
    return place.cycle is not None and (day - place.anchor).days % place.cycle == 0
