"""What commands show: plain lines on standard output that other programs may read, signs of life on standard error."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from console.edge import exchange


@contextmanager
def busy(what: str) -> Iterator[None]:
    """A moving sign beside `what` while something takes long; silent where nobody watches."""
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def as_json(value: Any) -> None:
    """One JSON document, with accents readable."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def table(headings: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """Columns under their headings."""
    lines = [headings, *(tuple("" if cell is None else str(cell) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def refuse(sentence: str) -> click.ClickException:
    """What happened and what to do; raise it."""
    return click.ClickException(sentence)


class Moment(click.ParamType[datetime]):
    """A moment in ISO form, as it was written; `utc` gives it a zone, which only an application knows."""

    name = "ISO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment, or a refusal that shows the form."""
        try:
            return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"« {value} » n'est pas une date. Écrivez par exemple 2026-03-18T10:00.", param, ctx)


def utc(moment: datetime) -> datetime:
    """The moment in UTC; without a zone it is the programme's own time."""
    zone = ZoneInfo(exchange().settings.timezone)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
