"""Give the figures of a report their fields: by position, or by label as soon as one field label appears (rule 5).

Nothing is ever dropped or split: a figure without a place is a problem, and the report is asked back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from clubs.grammar import dates
from clubs.grammar.damm import is_club_code
from clubs.grammar.tokens import Item, ItemType
from clubs.grammar.values import Problem, ProblemId
from clubs.grammar.words import Shape

BY_LABEL_ONLY = frozenset({"mothers"})
"""A label that leaves the other figures positional."""
LONGEST_COUNT = 3


class Unreadable(Exception):
    """Carries the one problem that stops a reading, and what was certain before it."""

    def __init__(self, problem: ProblemId, word: str = "", certain: Mapping[str, Item] | None = None) -> None:
        super().__init__(problem)
        self.problem = Problem(problem, word)
        self.certain = dict(certain or {})


@dataclass
class Setting:
    """Club and day taken out of a report, and the items left."""

    items: list[Item]
    club: str | None = None
    day: date | None = None
    problem: Problem | None = None
    seen: set[str] = field(default_factory=set)


def take_setting(items: list[Item], today: date) -> Setting:
    """Take the context labels C and D out, wherever they stand."""
    found = Setting([])
    at = 0
    while at < len(items):
        used = take_one(found, items, at, today)
        if not used:
            found.items.append(items[at])
        at += used or 1
    return found


def take_bare_club(found: Setting, places: int) -> None:
    """Take four digits at the head for the club, though only C may say so: a right code, or one figure more than has a place."""
    head = found.items[0] if found.items else None
    if head is None or "club" in found.seen or head.plus or not re.fullmatch("[0-9]{4}", head.text) or not _figure(head):
        return
    right = is_club_code(head.text)
    if right or sum(item.type is ItemType.VALUE for item in found.items) > places:
        found.items = found.items[1:]
        found.problem = found.problem or Problem(ProblemId.CLUB_BARE if right else ProblemId.CLUB_BAD, head.text)


def take_one(found: Setting, items: list[Item], at: int, today: date) -> int:
    """Read a C or D at `at` into `found`; how many items it took, 0 when there is none with a value."""
    name = items[at].field
    if name not in {"club", "date"}:
        return 0
    used = _take_club(found, items, at) if name == "club" else _take_date(found, items, at, today)
    if used and name in found.seen:
        found.problem = Problem(ProblemId.REPEATED, name)
    if used:
        found.seen.add(name)
    return used


def _figure(item: Item) -> bool:
    return item.type is ItemType.VALUE and item.text.isdigit()


def _take_club(found: Setting, items: list[Item], at: int) -> int:
    item = items[at]
    used = 1 if item.type is ItemType.PAIR else 2
    source = items[at + used - 1] if at + used <= len(items) else item
    if used == 2 and not _figure(source):
        return 0
    if is_club_code(source.text) and not source.plus:
        found.club = source.text
    else:
        found.problem = found.problem or Problem(ProblemId.CLUB_BAD, source.text)
    return used


def _take_date(found: Setting, items: list[Item], at: int, today: date) -> int:
    first = at if items[at].type is ItemType.PAIR else at + 1
    source = items[first] if first < len(items) else None
    if source is None or not (source.text.isdigit() or source.text in dates.DATE_WORDS):
        return 0
    if source.text in dates.DATE_WORDS:
        found.day = dates.from_word(source.text, today)
        return first - at + 1
    chain = [source]
    while (after := first + len(chain)) < len(items) and _figure(items[after]) and items[after].gap.strip() == "/":
        chain.append(items[after])
    numbers = [item.text for item in chain]
    if not (len(numbers) <= 2 or (len(numbers) == 3 and len(numbers[2]) == 4)):
        numbers = numbers[:1]
    day = dates.from_numbers(numbers, today)
    if any(item.plus for item in chain[: len(numbers)]):
        day = dates.Found(problem=ProblemId.DATE_BAD)
    if len(chain) == 1 and _maybe_month(items, first, today):
        day = dates.Found(problem=ProblemId.DATE_UNCLEAR)
    found.day = day.day
    if day.problem is not None:
        found.problem = found.problem or Problem(day.problem, "/".join(numbers))
    return first - at + len(numbers)


def _maybe_month(items: list[Item], first: int, today: date) -> bool:
    """`D5-11 12 18 7`: the figure tied to the day could be a month, and a day like that has just been."""
    tied = [item for item in items[first + 1 : first + 3] if _figure(item) and item.gap in {"-", "."}]
    if len(tied) != 1 or tied[0] is not items[first + 1]:
        return False
    return dates.from_numbers([items[first].text, tied[0].text], today).day is not None


def split_note(items: list[Item]) -> tuple[list[Item], list[Item]]:
    """The items up to the last figure with the labels that follow at once, and those that begin the note."""
    last = max((at for at, item in enumerate(items) if item.solid), default=-1)
    end = last + 1
    while end < len(items) and items[end].type is not ItemType.WORD:
        end += 1
    return items[:end], items[end:]


def bind(items: list[Item], note: list[Item], shape: Shape) -> dict[str, Item]:
    """Field -> the item that holds its figure. Raises `Unreadable`."""
    bad = next((item for item in items if item.type in {ItemType.WORD, ItemType.LONE}), None)
    labelled = any(item.field and item.field not in BY_LABEL_ONLY for item in items)
    if bad is not None and bad.type is ItemType.LONE:
        before = items[: items.index(bad)]
        sure = {} if labelled or any(item.type is not ItemType.VALUE for item in before) else _by_position(before, shape)
        raise Unreadable(ProblemId.LONE_LETTER, bad.text, sure)
    if bad is not None:
        raise Unreadable(ProblemId.UNKNOWN_WORD, bad.text)
    if any(item.field in {"club", "date"} for item in items):
        raise Unreadable(ProblemId.UNPAIRED, items[-1].text)
    if not labelled:
        return _by_position(items, shape)
    if any(item.field for item in note) and any(item.type is ItemType.LABEL for item in items):
        raise Unreadable(ProblemId.UNPAIRED, note[0].text)
    return _by_label(items, shape)


def _put(bound: dict[str, Item], name: str, item: Item) -> None:
    if name in bound:
        raise Unreadable(ProblemId.REPEATED, name)
    bound[name] = item


def _by_position(items: list[Item], shape: Shape) -> dict[str, Item]:
    bound: dict[str, Item] = {}
    places = list(shape.positions)
    at = 0
    while at < len(items):
        item = items[at]
        if item.type is ItemType.PAIR:
            _put(bound, item.field, item)
        elif item.type is ItemType.LABEL:
            at += 1
            if at == len(items) or items[at].type is not ItemType.VALUE:
                raise Unreadable(ProblemId.UNPAIRED, item.text)
            _put(bound, item.field, items[at])
        elif places:
            _put(bound, places.pop(0), item)
        else:
            raise Unreadable(ProblemId.SURPLUS, item.text)
        at += 1
    return bound


def _by_label(items: list[Item], shape: Shape) -> dict[str, Item]:
    bound: dict[str, Item] = {}
    loose = [at for at, item in enumerate(items) if item.type is not ItemType.PAIR]
    for item in items:
        if item.type is ItemType.PAIR:
            _put(bound, item.field, item)
    step = -1 if loose and items[loose[-1]].type is ItemType.LABEL else 1
    free = {at for at in loose if items[at].type is ItemType.VALUE}
    for at in loose:
        if items[at].type is ItemType.LABEL:
            if at + step not in free:
                raise Unreadable(ProblemId.UNPAIRED, items[at].text)
            free.remove(at + step)
            _put(bound, items[at].field, items[at + step])
    if 0 in free and shape.positions[0] not in bound:
        free.remove(0)
        bound[shape.positions[0]] = items[0]
    if free:
        raise Unreadable(ProblemId.UNPAIRED, items[min(free)].text)
    return bound
