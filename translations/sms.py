"""How long a text is as an SMS, what makes it dear, and the cheaper spellings an author may accept.

One letter outside GSM-7 turns 160 characters a part into 70. Nothing here replaces a letter by itself: gateways that do so
silently leave a "?" in a mother's message, so every replacement is an offer with a person's consent.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import smsutil
from smsutil.codecs import GSM_BASIC_CHARSET, GSM_EXT_CHARSET

CHEAP = frozenset(GSM_BASIC_CHARSET)
DOUBLE = frozenset(GSM_EXT_CHARSET)
_ASCII_CHEAP = frozenset(c for c in CHEAP if c.isascii())
WIDE_ALONE, WIDE_IN_SERIES = 70, 67
"""UTF-16 units of a lone part in UCS-2, and of one of several."""
_JOINER, _SKINS = "\u200d", frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_FLAGS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
_NEW_LINE = re.compile(r"\r\n?|[\v\f\x85]")
_DROPPED = frozenset({"Cc", "Cs"})


class Encoding(StrEnum):
    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


class Folding(StrEnum):
    """Which alphabet the author wants: all of GSM-7, or ASCII alone for routes that lose accents."""

    GSM_SAFE = "gsm"
    ASCII = "ascii"


@dataclass(frozen=True)
class DearCharacter:
    """One occurrence. `index` counts code points in `prepare(text)`; `replacement` is None when we know none."""

    character: str
    index: int
    replacement: str | None


@dataclass(frozen=True)
class SmsSize:
    """`characters` are the units the encoding counts: septets (GSM-7) or UTF-16 units (UCS-2). An empty text has 0 parts."""

    encoding: Encoding
    characters: int
    parts: int
    dear: tuple[DearCharacter, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "encoding": self.encoding.value,
            "characters": self.characters,
            "parts": self.parts,
            "dear": [{"character": d.character, "index": d.index, "replacement": d.replacement} for d in self.dear],
        }


@dataclass(frozen=True)
class Offer:
    """A cheaper spelling of one letter. `loses_meaning`: another word may come out, so show it as a warning."""

    character: str
    replacement: str
    loses_meaning: bool
    count: int


# To be confirmed by the language editors. The letters are those of French, Bambara, Fulfulde, Dogon and Songhay, and what word
# processors put in by themselves.
_GSM_MAP: dict[str, str] = {
    **dict(zip("êëâîïôûçÿ", "eeaiioucy", strict=True)),
    **dict(zip("ÀÂÈÊËÎÏÔÙÛŸ", "AAEEEIIOUUY", strict=True)),
    **dict(zip("œŒ…½¼¾×‹›", ("oe", "OE", "...", "1/2", "1/4", "3/4", "x", "<", ">"), strict=True)),
    **dict(zip("ɛɔƐƆɲƝŋŊ", ("è", "ò", "E", "O", "ny", "Ny", "ng", "Ng"), strict=True)),
    **dict(zip("ɓƁɗƊƴƳ", "bBdDyY", strict=True)),
    **dict(zip("[]{}|\\~", "()()//-", strict=True)),
    **dict.fromkeys("’‘‛′ʼʹ`´", "'"),
    **dict.fromkeys("«»“”„″", '"'),
    **dict.fromkeys("‐‑‒–—―−•·", "-"),
    **dict.fromkeys("\u00a0\u2007\u2008\u2009\u200a\u2002\u2003\u202f\u3000", " "),
    **dict.fromkeys("\u00ad\u200b\u200e\u200f\u2060\ufeff", ""),
    **dict.fromkeys("\u2028\u2029", "\n"),
}
_LOSES = frozenset("ɓƁɗƊƴƳƐƆ")
# Bambara, for one, writes e and ɛ, o and ɔ for different words: with è and ò gone as well, they fall together.
_LOSES_IN_ASCII = _LOSES | frozenset("ɛɔ")


def prepare(text: str) -> str:
    """The text as it is counted, stored and sent: no control character but the new line, tabs as spaces, NFC.

    smsutil counts ESC, CR and form feed as letters of GSM-7; a phone would not show them.
    """
    text = _NEW_LINE.sub("\n", text).replace("\t", " ")
    kept = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in _DROPPED)
    return unicodedata.normalize("NFC", kept)


def measure(text: str) -> SmsSize:
    """Encoding, units, parts and dear characters of `prepare(text)`: in UCS-2 the letters that made it so, in GSM-7 those that
    count two. Never raises."""
    text = prepare(text)
    if not text:
        return SmsSize(Encoding.GSM7, 0, 0, ())
    outsiders = [(i, c) for i, c in enumerate(text) if c not in CHEAP and c not in DOUBLE]
    guilty = outsiders or [(i, c) for i, c in enumerate(text) if c in DOUBLE]
    dear = tuple(DearCharacter(c, i, replacement(c)) for i, c in guilty)
    if outsiders:
        return SmsSize(Encoding.UCS2, len(text.encode("utf-16-be")) // 2, _wide_parts(text), dear)
    split = smsutil.split(text)
    return SmsSize(Encoding.GSM7, split.total_bytes, len(split.parts), dear)


def replacement(character: str, folding: Folding = Folding.GSM_SAFE) -> str | None:
    """The cheap spelling of one character: "" to leave it out, None when it needs none or we know none."""
    cheap = CHEAP if folding is Folding.GSM_SAFE else _ASCII_CHEAP
    if character in cheap:
        return None
    spelling = _GSM_MAP.get(character)
    if spelling is None:
        spelling = _without_marks(character)
    if folding is Folding.ASCII:
        spelling = "".join(c if c in cheap else _without_marks(c) for c in spelling)
    return spelling if all(c in cheap for c in spelling) else None


def offers(text: str, folding: Folding = Folding.GSM_SAFE, agreed: Mapping[str, str] = MappingProxyType({})) -> tuple[Offer, ...]:
    """What the author may accept, one offer a distinct character, in order of first appearance. `agreed`: a language's own
    cheap spellings, which go before ours."""
    counts = Counter(prepare(text))
    spelled = ((c, agreed.get(c) or replacement(c, folding), n) for c, n in counts.items())
    return tuple(Offer(c, new, c not in agreed and _loses_meaning(c, folding), n) for c, new, n in spelled if new is not None)


def fold(
    text: str,
    accepted: Iterable[str],
    folding: Folding = Folding.GSM_SAFE,
    agreed: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """`prepare(text)` with the accepted characters, and no others, in their cheap spelling."""
    wanted = {c: agreed.get(c) or replacement(c, folding) for c in accepted}
    folded = "".join(new if (new := wanted.get(c)) is not None else c for c in prepare(text))
    return unicodedata.normalize("NFC", folded)


def outsiders(text: str) -> tuple[str, ...]:
    """The distinct signs that make a text dear, each whole: an emoji of several code points is one."""
    return tuple(dict.fromkeys(whole for whole in _wholes(prepare(text)) if not CHEAP.union(DOUBLE).issuperset(whole)))


def price(parts: int, recipients: int, tariff: int) -> int:
    """Whole FCFA; `tariff` is the price of one part to one number."""
    return parts * recipients * tariff


def _wide_parts(text: str) -> int:
    """Parts in UCS-2. A mark stays with its letter and a joined emoji in one piece, as the senders we know of do it; smsutil cuts
    between them and counts one part less where that saves one."""
    wholes = [len(whole.encode("utf-16-be")) // 2 for whole in _wholes(text)]
    if sum(wholes) <= WIDE_ALONE:
        return 1
    parts, room = 1, WIDE_IN_SERIES
    for units in wholes:
        if units > room:
            parts, room = parts + 1, WIDE_IN_SERIES
        room -= units
    return parts


def _wholes(text: str) -> list[str]:
    """The text in pieces that a reader takes for one sign."""
    wholes: list[str] = []
    for c in text:
        before = wholes[-1] if wholes else ""
        flag = c in _FLAGS and before in _FLAGS
        marks = unicodedata.category(c).startswith("M") or c == _JOINER or c in _SKINS
        if before not in ("", "\n") and (flag or marks or before.endswith(_JOINER)):
            wholes[-1] += c
        else:
            wholes.append(c)
    return wholes


def _without_marks(character: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", character) if not unicodedata.combining(c))


def _loses_meaning(character: str, folding: Folding) -> bool:
    # A letter that is not in the map (a tone mark, a foreign accent) may carry a meaning we do not know of.
    if character not in _GSM_MAP and character not in CHEAP:
        return True
    return character in (_LOSES_IN_ASCII if folding is Folding.ASCII else _LOSES)
