"""Cut a cleaned text into figures, labels and words (field.md 2.2, rules 2-6), without giving them a meaning.

All separators but `/` and `+` become spaces of the same length, so every item still points at the words as written.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from clubs.grammar.dates import DATE_WORDS
from clubs.grammar.numberwords import to_digits
from clubs.grammar.words import NOT_SKIPPED_BEFORE_FIGURE
from messaging.cleaning import UNREADABLE, Cleaned

NUMBER = r"[OIL]*[0-9][0-9OIL]*"
_REPAIR = str.maketrans("OIL", "011")
_TIME = re.compile(r"([0-9]{1,2})H([0-9]{2})")
_BEFORE_TIME = frozenset({"A", "VERS"})
_KEPT_SIGNS = frozenset("/+?%@")
_MORE_SEPARATORS = frozenset("=|°`")


class ItemType(StrEnum):
    """VALUE a figure, X, OUI or NON; PAIR a label glued to one; LONE a single I or L; WORD anything else."""

    VALUE = "value"
    LABEL = "label"
    PAIR = "pair"
    LONE = "lone"
    WORD = "word"


@dataclass(frozen=True)
class Item:
    """`text` is the figure or the word, `field` what a label names, `gap` the separators just before, `plus` figures
    joined by +, `solid` whether a digit was written."""

    type: ItemType
    text: str
    start: int
    end: int
    gap: str = " "
    field: str = ""
    plus: tuple[str, ...] = ()
    solid: bool = True


@lru_cache(maxsize=2048)
def _spaced(char: str) -> str:
    if char.isalnum() or char in _KEPT_SIGNS:
        return char
    separates = char in _MORE_SEPARATORS or unicodedata.category(char)[0] in "PZ"
    return " " if separates else char


def spaced(cleaned: Cleaned) -> str:
    """The text with separators as spaces, length kept."""
    text = re.sub(r"AUJOURD['’]HUI", "AUJOURDHUI ", cleaned.text)
    text = re.sub(r"\b[LD]['’](?=[A-Z])", "  ", text)
    kept = {match.start(1) for match in re.finditer(r"\b(?:[CJSNMT]|QU)(['’])(?=[A-Z]{2})", text)}
    return "".join("'" if at in kept else _spaced(char) for at, char in enumerate(text))


def repaired(digits: str) -> str:
    """O, I and L written for 0, 1 and 1."""
    return digits.translate(_REPAIR)


def _is_time(chunk: str) -> bool:
    match = _TIME.fullmatch(chunk)
    return match is not None and int(match[1]) < 24 and int(match[2]) < 60


@lru_cache(maxsize=64)
def _pieces(labels: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = "|".join(sorted(labels, key=len, reverse=True)) or r"(?!)"
    return re.compile(rf"(?P<label>{longest_first})|(?P<value>{NUMBER}|X|(?<=R|O)(?:OUI|NON)$)")


def _cut(chunk: str, labels: Mapping[str, str]) -> list[re.Match[str]] | None:
    """The labels and figures that fill the whole chunk, or None; at least one of each, or a single figure."""
    found: list[re.Match[str]] = []
    at = 0
    while at < len(chunk):
        match = _pieces(tuple(labels)).match(chunk, at)
        if match is None:
            return None
        found.append(match)
        at = match.end()
    return found if any(match["value"] for match in found) else None


def _glued(chunk: str, start: int, gap: str, labels: Mapping[str, str]) -> list[Item] | None:
    """Rule 5's glued pairs: `F18H7` by label first, `18F7H` by figure first, one leading figure alone."""
    pieces = _cut(chunk, labels)
    if pieces is None:
        return None
    figure_first = bool(pieces[0]["value"]) and bool(pieces[-1]["label"])
    items: list[Item] = []
    at = 0
    while at < len(pieces):
        pair = pieces[at : at + 2]
        kinds = [bool(piece["label"]) for piece in pair]
        size = 2 if kinds == ([False, True] if figure_first else [True, False]) else 1
        place = (start + pair[0].start(), start + pair[size - 1].end(), gap if at == 0 else "")
        written = next((piece["value"] for piece in pair[:size] if piece["value"]), "")
        label = next((labels[piece["label"]] for piece in pair[:size] if piece["label"]), "")
        kind = ItemType.PAIR if size == 2 else ItemType.LABEL if label else ItemType.VALUE
        figure = repaired(written) if re.search("[0-9]", written) else written
        items.append(Item(kind, figure or pair[0].group(), *place, field=label, solid=figure[:1].isdigit()))
        at += size
    return items


def _holds_figure(chunk: str) -> bool:
    """A figure inside a word we cannot read (50%, 18²) must never pass for a note."""
    return UNREADABLE in chunk or re.search("[0-9]", chunk) is not None


def _one(chunk: str, start: int, gap: str, labels: Mapping[str, str]) -> list[Item]:
    place = (start, start + len(chunk), gap)
    if chunk in {"X", "O", "OUI", "NON"}:
        return [Item(ItemType.VALUE, "0" if chunk == "O" else chunk, *place, solid=False)]
    if chunk in labels:
        return [Item(ItemType.LABEL, chunk, *place, field=labels[chunk], solid=False)]
    if chunk in {"I", "L"}:
        return [Item(ItemType.LONE, chunk, *place, solid=False)]
    for label in ("DATE", "D"):
        if labels.get(label) == "date" and chunk.startswith(label) and chunk[len(label) :] in DATE_WORDS:
            return [Item(ItemType.PAIR, chunk[len(label) :], *place, field="date", solid=False)]
    return _glued(chunk, start, gap, labels) or [Item(ItemType.WORD, chunk, *place, solid=_holds_figure(chunk))]


def _join_plus(items: list[Item]) -> list[Item]:
    joined: list[Item] = []
    for item in items:
        if "=" in item.gap and item.type is ItemType.VALUE and joined and joined[-1].type in {ItemType.VALUE, ItemType.PAIR}:
            # A sum, not a separator: `18 7 = 25` must not make 25 the youth.
            joined += [Item(ItemType.WORD, "=", item.start, item.start, solid=False), item]
        elif "+" not in item.gap:
            joined.append(item)
        elif joined and item.type is ItemType.VALUE and joined[-1].type in {ItemType.VALUE, ItemType.PAIR}:
            joined[-1] = replace(joined[-1], plus=(*joined[-1].plus, item.text), end=item.end)
        else:
            joined += [Item(ItemType.WORD, "+", item.start, item.start, solid=False), item]
    return joined


def lex(
    cleaned: Cleaned, start: int, labels: Mapping[str, str], skipped: frozenset[str], number_words: bool = False
) -> tuple[list[Item], bool]:
    """The items of `cleaned.text[start:]`, skipped words and times left out, and whether number words were read."""
    text = spaced(cleaned)
    worded = False
    if number_words:
        text, worded = to_digits(text, start)
    items: list[Item] = []
    end = start
    for match in re.finditer(r"[^ /+]+", text[start:]):
        chunk, at = match.group(), start + match.start()
        gap = "".join(sign if sign in "/+" else raw for sign, raw in zip(text[end:at], cleaned.text[end:at], strict=True))
        end = start + match.end()
        if _is_time(chunk):
            if items and items[-1].text in _BEFORE_TIME:
                items.pop()
        elif chunk not in skipped or (chunk in NOT_SKIPPED_BEFORE_FIGURE and re.match(" *[0-9]", text[end:])):
            items += _one(chunk, at, gap, labels)
    return _join_plus(items), worded
