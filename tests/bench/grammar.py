"""How long one SMS takes to be read and its reply composed: every message of the messy set, alone on one core, no database."""

import statistics
import time

from clubs.grammar.judge import judge
from clubs.grammar.parse import parse
from tests.clubs.grammar.test_messy_set import LINES, WHO

ROUNDS = 5
AT_MOST_MS = 1.0
"""The median that the issue asks for: parse and reply composition together."""


def measure() -> dict[str, float]:
    """Milliseconds a message, patterns compiled beforehand: reading alone, reading and replying."""
    texts = [(line.text.rpartition(" >> ")[2], WHO[line.who]) for line in LINES]
    for text, context in texts:
        judge(text, context)
    read, replied = [], []
    for _ in range(ROUNDS):
        for text, context in texts:
            start = time.perf_counter()
            parse(text, context.today, context.vocabulary)
            middle = time.perf_counter()
            judge(text, context)
            read.append(1000 * (middle - start))
            replied.append(1000 * (time.perf_counter() - middle))
    return {
        "messages": len(texts),
        "parse, median ms": statistics.median(read),
        "parse and reply, median ms": statistics.median(replied),
        "parse and reply, 99th of 100, ms": statistics.quantiles(replied, n=100)[98],
    }
