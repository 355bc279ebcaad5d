"""What may be kept of an exchange with a provider: its shape, its codes and its ids; no number, no text, no secret."""

import re
from collections.abc import Iterable, Mapping

NUMBER = re.compile(r"(?<![\w-])\+?\d(?:[ .-]?\d){6,}(?![\w-])")
HIDDEN = "•••"
LONGEST = 2000


def redacted(said: str, private: Iterable[str] = ()) -> str:
    """`said` without what is `private` and without anything that looks like a telephone number; cut after 2,000 characters.

    Each private string of three characters or more is taken out wherever it stands: shorter ones would hit ordinary words.
    """
    for secret in sorted({one for one in private if len(one) > 2}, key=len, reverse=True):
        said = said.replace(secret, HIDDEN)
    return NUMBER.sub(HIDDEN, said)[:LONGEST]


def shape(fields: Mapping[str, str], shown: Iterable[str]) -> str:
    """A form as staff may see it: the fields named in `shown` with their values, of the others only how long they are."""
    kept = set(shown)
    return "\n".join(f"{name}={redacted(value) if name in kept else f'({len(value)})'}" for name, value in fields.items())
