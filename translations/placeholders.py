"""The words between braces: which a text may hold, and how long what takes their place can be.

A message may say the first name, the village, the club and the day; an automatic reply holds those that the program fills, as
its French does. Where a text counts as GSM-7, what takes a place is written in GSM-7 too: a name must not double the price.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from translations import content_files, sms
from translations.languages import SOURCE
from translations.library import reply_key, slots
from translations.models import Content, ContentKind, Variant

FIRST_NAME, VILLAGE, CLUB, DAY = "prenom", "village", "club", "date"
LONGEST: Mapping[str, str] = {
    FIRST_NAME: "Abdoul Kadiri",
    VILLAGE: "Kani-Gogouna Bandiagara",
    CLUB: "1032",
    DAY: "24/11",
}
"""As long as a name gets in practice: a longer one is sent whole, and counted whole before the sending."""
FILLED = (ContentKind.MESSAGE,)
BRACES = frozenset("{}")
_NAME = re.compile(r"(\{\w+\})")
_AS_TYPED = re.compile(r"\{ *(\w+) *\}")
_LEFT_OPEN = re.compile(r" *,? *\{\}(?=\s*(?:[,.;:!?]|$)| *\n)|\{\} *")


@dataclass(frozen=True)
class Misfit:
    """Names that a text should hold and does not, and those that it holds and nobody fills."""

    missing: tuple[str, ...]
    unknown: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.unknown)


def misfit(kind: ContentKind, language: str, text: str, french: Sequence[Variant]) -> Misfit:
    """Compare the names in an SMS with those they must hold; `french` are the versions in French, oldest first.

    A message in French holds what its author likes of those we fill, a reply those of its model; nothing else holds any.
    """
    held, unknown = slots(text), set[str]()
    if kind is not ContentKind.REPLY:
        model = french[-1:] if language != SOURCE else []
        unknown = held - set(LONGEST if kind in FILLED else ())
    else:
        # The program fills the {names} of the shipped words: a name lost or made up in an edit would reach people as it is.
        model = [one for one in french if one.author_id is None][-1:] or french[-1:]
    wanted = slots(model[0].text or "") if model and text else held
    return Misfit(tuple(sorted(wanted - held)), tuple(sorted(unknown | (held - wanted))))


def longest(content: Content) -> Mapping[str, str]:
    """The names a content may hold, each with words as long as it gets."""
    if content.kind in FILLED:
        return LONGEST
    return _samples().get(content.key, {})


def as_known(content: Content, text: str) -> str:
    """The text with its names as the program writes them: {Prénom} and { prenom } are {prenom}; others stay."""
    known = longest(content)

    def told(found: re.Match[str]) -> str:
        bare_name = "".join(sign for sign in unicodedata.normalize("NFD", found.group(1)) if not unicodedata.combining(sign))
        name = found.group(1) if found.group(1) in known else bare_name.casefold()
        return f"{{{name}}}" if name in known else found.group()

    return _AS_TYPED.sub(told, text)


def worst(text: str, known: Mapping[str, str]) -> str:
    """The text as long as it gets; a name nobody knows stays as it is."""
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found.group(1), found.group()), text)


def offers(text: str, agreed: Mapping[str, str]) -> tuple[sms.Offer, ...]:
    """`sms.offers` for all but the names, and never for a brace: one of a name that is not known yet would hide its fault."""
    return tuple(one for one in sms.offers(bare(text), agreed=agreed) if one.character not in BRACES)


def fold_around(text: str, accepted: Collection[str], agreed: Mapping[str, str]) -> str:
    """`sms.fold` of all but the names; braces stay, whatever was accepted."""
    wanted = set(accepted) - BRACES
    parts = _NAME.split(sms.prepare(text))
    return "".join(part if _NAME.fullmatch(part) else sms.fold(part, wanted, agreed=agreed) for part in parts)


def bare(text: str) -> str:
    """The text without its names."""
    return _NAME.sub("", text)


def named(text: str, index: int) -> bool:
    """Whether the character at `index` belongs to a name between braces."""
    return any(found.start() <= index < found.end() for found in _NAME.finditer(text))


def fill(text: str, values: Mapping[str, str | None]) -> str:
    """The text with its values. A name without one (None) goes with the blank before it: « Venez {prenom} ! » becomes
    « Venez ! »."""
    cheap = sms.measure(bare(text)).encoding is sms.Encoding.GSM7

    def said(found: re.Match[str]) -> str:
        if found.group(1) not in values:
            return found.group()
        value = values[found.group(1)]
        if not value:
            return "{}"
        return sms.fold(value, set(value)) if cheap else value

    filled = re.sub(r"\{(\w+)\}", said, text)
    if filled.startswith("{}"):
        filled = filled[2:].lstrip(" ,")
        filled = filled[:1].upper() + filled[1:]
    return _LEFT_OPEN.sub("", filled).strip()


@cache
def _samples() -> Mapping[str, Mapping[str, str]]:
    return {reply_key(reply.label): dict(reply.sample) for reply in content_files.read().replies}
