"""What the service writes about itself: JSON lines in production, readable lines in a terminal, never a person's data.

A last step masks whatever looks like a telephone number, because a library's own message or a traceback may hold one.
"""

import logging
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from runtime.settings import Settings

# Eight digits or more, with the separators people write; not a date, nor a part of a longer name such as a UUID.
NUMBER = re.compile(r"(?<![\w-])(?!\d{4}-\d{2}-\d{2})\+?\d(?:[ .\-]?\d){7,}(?![\w-])")
MASK = "••••"
KEPT = ("timestamp",)


def mask_numbers(value: Any) -> Any:
    """`value` with whatever looks like a number replaced, however deep it lies; small whole numbers are ids and stay."""
    if isinstance(value, str):
        return NUMBER.sub(MASK, value)
    if isinstance(value, dict):
        return {key: mask_numbers(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [mask_numbers(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10_000_000_000:
        return MASK  # an international number written as a whole number; no id of ours is that long
    return value


def _masked(_logger: Any, _name: str, line: EventDict) -> EventDict:
    return {key: value if key in KEPT else mask_numbers(value) for key, value in line.items()}


def configure(settings: Settings) -> None:
    """Send our lines and every library's through one chain to standard error; safe to call again."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.stdlib.PositionalArgumentsFormatter(),
        _masked,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # modules take their logger at import, before this runs
    )
    text = settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
    last: Processor = structlog.dev.ConsoleRenderer() if text else structlog.processors.JSONRenderer(ensure_ascii=False)
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _Rendered(last)]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for noisy in ("alembic", "procrastinate", "werkzeug", "granian", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # A process that ends makes it complain that it cannot start one more tick; what a tick raises, the clock logs itself.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)


class _Rendered:
    """The last renderer, given an already masked line."""

    def __init__(self, render: Processor) -> None:
        self.render = render

    def __call__(self, logger: Any, name: str, line: EventDict) -> Any:
        return self.render(logger, name, _masked(logger, name, line))
