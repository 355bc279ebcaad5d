"""Reads stored JSON strictly, naming the place of the first mistake.

A field nobody asked for is a mistake too: a typing error in an edited flow would otherwise silently keep a default.
"""

import json
import math
from collections.abc import Iterator
from typing import NoReturn, TypeAlias

from dialogue.errors import DialogueError

Value: TypeAlias = str | int | float | bool | None


class Fields:
    """One JSON object, read field by field.

    Each method raises `DialogueError` when the field is missing or of another kind.
    """

    def __init__(self, found: object, where: str) -> None:
        if not isinstance(found, dict):
            raise DialogueError(where, "expected an object")
        self._found: dict[str, object] = found
        self._where = where
        self._asked: set[str] = set()

    def text(self, name: str) -> str:
        value = self._take(name)
        return value if isinstance(value, str) else self._refuse(name, "expected text")

    def whole(self, name: str) -> int:
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int):
            self._refuse(name, "expected a whole number")
        return value

    def count(self, name: str) -> int:
        value = self.whole(name)
        return value if value >= 0 else self._refuse(name, "expected zero or more")

    def flag(self, name: str) -> bool:
        value = self._take(name)
        return value if isinstance(value, bool) else self._refuse(name, "expected true or false")

    def value(self, name: str) -> Value:
        return self._scalar(self._take(name), name)

    def values(self, name: str) -> dict[str, Value]:
        return {key: self._scalar(value, f"{name}.{key}") for key, value in self._object(name).items()}

    def said_values(self, name: str) -> dict[str, str | int]:
        """Values of a line: text or whole numbers only, as nothing else can be spoken."""
        read: dict[str, str | int] = {}
        for key, value in self._object(name).items():
            if isinstance(value, bool) or not isinstance(value, (str, int)):
                self._refuse(f"{name}.{key}", "expected text or a whole number")
            read[key] = value
        return read

    def words(self, name: str) -> dict[str, str]:
        read: dict[str, str] = {}
        for key, value in self._object(name).items():
            read[key] = value if isinstance(value, str) else self._refuse(f"{name}.{key}", "expected text")
        return read

    def texts(self, name: str) -> tuple[str, ...]:
        found = self._list(name)
        return tuple(
            item if isinstance(item, str) else self._refuse(f"{name}.{index}", "expected text")
            for index, item in enumerate(found)
        )

    def each(self, name: str) -> Iterator["Fields"]:
        """The objects of a list, in order."""
        for index, item in enumerate(self._list(name)):
            yield Fields(item, f"{self._where}.{name}.{index}")

    def named(self, name: str) -> Iterator[tuple[str, "Fields"]]:
        """The objects of an object, with their names."""
        for key, item in self._object(name).items():
            yield key, Fields(item, f"{self._where}.{name}.{key}")

    def inside(self, name: str) -> "Fields":
        return Fields(self._take(name), f"{self._where}.{name}")

    def refuse(self, name: str, problem: str) -> NoReturn:
        self._refuse(name, problem)

    def done(self) -> None:
        """Refuses fields that were never asked for."""
        for name in self._found:
            if name not in self._asked:
                self._refuse(name, "unknown field")

    def _take(self, name: str) -> object:
        self._asked.add(name)
        if name not in self._found:
            self._refuse(name, "missing")
        return self._found[name]

    def _object(self, name: str) -> dict[str, object]:
        value = self._take(name)
        return value if isinstance(value, dict) else self._refuse(name, "expected an object")

    def _list(self, name: str) -> list[object]:
        value = self._take(name)
        return value if isinstance(value, list) else self._refuse(name, "expected a list")

    def _scalar(self, value: object, name: str) -> Value:
        if value is None or isinstance(value, (str, bool, int)):
            return value
        if isinstance(value, float) and math.isfinite(value):
            return value
        return self._refuse(name, "expected text, a number, true, false or null")

    def _refuse(self, name: str, problem: str) -> NoReturn:
        raise DialogueError(f"{self._where}.{name}", problem)


def parse(text: str, where: str) -> Fields:
    """The object in a JSON text; `where` begins the place named in errors."""
    try:
        found: object = json.loads(text)
    except (ValueError, TypeError, RecursionError):  # RecursionError: a text of a thousand brackets
        # `from None`: a JSONDecodeError carries the whole text, which may hold what a person said.
        raise DialogueError(where, "not JSON") from None
    return Fields(found, where)
