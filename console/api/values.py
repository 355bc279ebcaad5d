"""The values that requests are made of, each no wider than what the database and the clock can hold."""

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

LARGEST = 2**63 - 1  # what a row's id can hold; a larger one is an error of the database
MOST_LISTED = 500
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _written(value: object) -> object:
    """Numbers count as moments to pydantic, which would take a forgotten quarter of a second for a date of 1970."""
    if isinstance(value, str) and value[4:5] == "-":
        return value
    if isinstance(value, (date, datetime)):
        return value
    raise ValueError("Write it as in ISO 8601.")


def _within(moment: datetime) -> datetime:
    """The moment in UTC; what lies centuries away is cut to what can be counted with."""
    try:
        return max(EARLIEST, min(LATEST, moment.astimezone(UTC)))
    except OverflowError:
        return EARLIEST if moment.year < EARLIEST.year else LATEST


def _number(value: object) -> object:
    """In an address everything is text; in JSON a number is written as one."""
    if isinstance(value, (str, bool)):
        raise ValueError("Write a whole number.")
    return value


RowId = Annotated[int, Field(ge=1, le=LARGEST)]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]  # what people are told, not an id: half as wide
Whole = Annotated[int, BeforeValidator(_number)]
WrittenId = Annotated[Whole, Field(ge=1, le=LARGEST)]
Word = Annotated[str, Field(max_length=96, pattern=r"^[^\x00]*$")]  # PostgreSQL takes no NUL
Title = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00]*$")]
Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_within)]
Day = Annotated[date, BeforeValidator(_written), AfterValidator(lambda day: max(EARLIEST.date(), min(LATEST.date(), day)))]
