"""JSON from outside: whatever it holds, only `Unexpected` comes of it."""

import json
from typing import Any

from messaging.gateways.protocol import GatewayError

Json = dict[str, Any]


class Unexpected(GatewayError):
    """No JSON, or not of the shape looked for."""


def parsed(body: bytes) -> Any:
    """The value; deep nesting and endless numbers are no JSON of Orange's either."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unexpected("no JSON") from error


def inside(value: Any, *names: str) -> Json:
    """The object under these names, one within the other. A list of one object counts as that object."""
    for name in (*names, None):
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, dict):
            raise Unexpected("no object")
        if name is not None:
            value = value.get(name)
    found: Json = value
    return found


def text_of(value: Any) -> str:
    """A text or a number as text, "" for anything else."""
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
