"""What the pages about texts share: an SMS counted and marked, sounds with their size, and the names of authors."""

from collections.abc import Iterable
from dataclasses import dataclass

from console import content_words
from console.edge import exchange
from console.staff import Staff
from console.words import _
from messaging.models import Channel, ChannelState
from runtime.database import Session
from translations import clips, contents, placeholders, review, sms, spellings
from translations.languages import SOURCE
from translations.library import sms_of
from translations.models import Clip, Content, Variant
from translations.placeholders import Misfit
from translations.sms import DearCharacter, Encoding, Offer, SmsSize


@dataclass(frozen=True)
class Count:
    """A text as an SMS. `size` is that of `longest`: the text with each {name} as long as it gets; `cost` is in FCFA a number.
    `runs`: the text's pieces, each with the dear character it is, or None. `folded` is its size with every offer taken,
    `stubborn` the signs that are dear even then: an emoji."""

    text: str
    longest: str
    size: SmsSize
    cost: int | None
    runs: tuple[tuple[str, DearCharacter | None], ...]
    offers: tuple[Offer, ...]
    agreed: frozenset[str]
    folded: SmsSize
    folded_cost: int | None
    misfit: Misfit
    stubborn: tuple[str, ...]

    @property
    def dear(self) -> bool:
        """Whether a letter made this 70 characters a part."""
        return self.size.encoding is Encoding.UCS2

    @property
    def saves(self) -> bool:
        """Whether the cheap spelling would send fewer SMS."""
        return self.folded.parts < self.size.parts


def count(session: Session, content: Content, language: str, text: str, options: Iterable[str] = ()) -> Count:
    """Count what would be sent of these words."""
    text = placeholders.as_known(content, sms.prepare(text))
    said = sms.prepare(sms_of(Variant(text=text, options=[one for one in options if one])))
    longest = placeholders.worst(said, placeholders.longest(content))
    size, agreed = sms.measure(longest), spellings.agreed(session, language)
    offers = placeholders.offers(said, agreed)
    written = placeholders.fold_around(longest, {one.character for one in offers}, agreed)
    folded = sms.measure(written)
    price = part_price(session)
    costs = [None if price is None else sms.price(one.parts, 1, price) for one in (size, folded)]
    french = contents.versions(session, content.id, SOURCE)[::-1]
    misfit = placeholders.misfit(content.kind, language, text, french)
    runs = _runs(said, [one for one in sms.measure(said).dear if not placeholders.named(said, one.index)])
    return Count(said, longest, size, costs[0], runs, offers, frozenset(agreed), folded, costs[1], misfit, sms.outsiders(written))


def part_price(session: Session) -> int | None:
    """The dearest part on a channel that carries SMS, in FCFA: what a forecast may count with; None without any."""
    rows = session.query(Channel).filter(Channel.state != ChannelState.REMOVED)
    return max((row.price_per_part for row in rows if "sms" in row.kinds), default=None)


@dataclass(frozen=True)
class Heard:
    """A sound a page offers to play: `words` hold its length and size."""

    id: int
    words: str
    synthetic: bool
    approved: bool
    uploaded_by: int | None


def sounds(variant: Variant | None) -> list[Heard]:
    """The newest human sound and, where there is none, the newest draft voice."""
    found = list(reversed(variant.clips)) if variant is not None else []
    chosen = next((clip for clip in found if not clip.synthetic), None) or next(iter(found), None)
    return [] if chosen is None else [heard(chosen)]


def heard(clip: Clip) -> Heard:
    """A sound in words; the size is that of the file a browser loads."""
    var = exchange().settings.var
    files = [clips.path_of(var, clip.sha256, suffix) for suffix in (".mp3", ".wav")]
    size = next((path.stat().st_size for path in files if path.exists()), clip.bytes)
    told = _("Écouter (%(length)s, %(size)s Ko)", length=content_words.length(clip.seconds), size=max(round(size / 1000), 1))
    return Heard(clip.id, told, clip.synthetic, clip.approved_at is not None, clip.uploaded_by)


def staff_names(session: Session) -> dict[int, str]:
    """The names of members of staff by id."""
    return {row.id: row.display_name for row in session.query(Staff)}


def sentence(error: review.ReviewError) -> str:
    """A refused step, in the language of the page, with the words between braces it is about."""
    told = [_(str(content_words.FAULTS[error.fault]))]
    if error.misfit and error.misfit.missing:
        told.append(_("Il manque : %(names)s.", names=_braced(error.misfit.missing)))
    if error.misfit and error.misfit.unknown:
        told.append(_("En trop ici : %(names)s.", names=_braced(error.misfit.unknown)))
    return " ".join(told)


def _braced(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


def _runs(said: str, guilty: Iterable[DearCharacter]) -> tuple[tuple[str, DearCharacter | None], ...]:
    found: list[tuple[str, DearCharacter | None]] = []
    begin = 0
    for dear in guilty:
        found += [(said[begin : dear.index], None), (dear.character, dear)]
        begin = dear.index + 1
    return tuple(run for run in [*found, (said[begin:], None)] if run[0])
