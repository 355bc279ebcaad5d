"""The cheap spelling of each language's letters, as its own editors confirmed it.

What nobody has confirmed is only a proposal: è for ɛ is old Malian spelling, b for ɓ makes another word. Confirmed or not, no
letter is replaced by itself: an author accepts it text by text, with both prices in sight.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from runtime import audit
from translations import sms
from translations.errors import TranslationError
from translations.languages import SEED
from translations.models import Spelling

LONGEST = 4
COMMON = "’êâîôûëïçœ"
"""Letters outside GSM-7 that any of the languages may borrow from French."""


class SpellingFault(StrEnum):
    """Why a spelling is refused."""

    NOT_DEAR = "not_dear"
    DEAR = "dear"
    LONG = "long"


class SpellingError(TranslationError):
    """A spelling that would make no SMS cheaper; `fault` says why."""

    def __init__(self, fault: SpellingFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True)
class Letter:
    """A letter of a language that makes its SMS dear. `replacement` is None where nothing is proposed; `confirmed_at` None while
    it is ours and nobody's; `loses_meaning`: another word may come out."""

    letter: str
    replacement: str | None
    loses_meaning: bool
    confirmed_by: int | None
    confirmed_at: datetime | None


def letters(session: Session, language: str) -> list[Letter]:
    """The dear letters of a language: its alphabet's, small and capital, those borrowed from French, and others confirmed."""
    known = {row.letter: row for row in session.scalars(select(Spelling).where(Spelling.language == language))}
    own = next((one.letters for one in SEED if one.code == language), "")
    wanted = dict.fromkeys([*own, *own.upper(), *COMMON, *sorted(known)])
    return [_letter(letter, known.get(letter)) for letter in wanted if letter not in sms.CHEAP]


def agreed(session: Session, language: str) -> dict[str, str]:
    """The confirmed spellings of a language."""
    rows = select(Spelling.letter, Spelling.replacement).where(Spelling.language == language, Spelling.confirmed_at.is_not(None))
    return dict(session.execute(rows).all())


def written(session: Session, language: str) -> set[str]:
    """The letters for which somebody here, or a pack, has said anything."""
    return set(session.scalars(select(Spelling.letter).where(Spelling.language == language)))


def propose(session: Session, language: str, letter: str, replacement: str) -> bool:
    """Keep a spelling that another programme agreed on, for our editors to confirm; False where one is written or it is none."""
    good = len(letter) == 1 and letter not in sms.CHEAP and 0 < len(replacement) <= LONGEST and set(replacement) <= sms.CHEAP
    if not good or session.get(Spelling, (language, letter)) is not None:
        return False
    session.add(Spelling(language=language, letter=letter, replacement=replacement))
    session.flush()
    return True


def confirm(session: Session, language: str, letter: str, replacement: str, staff_id: int | None, now: datetime) -> Spelling:
    """Write down that this person answers for a spelling; SpellingError where it is not one of GSM-7."""
    letter, replacement = sms.prepare(letter).strip(), sms.prepare(replacement).strip()
    if len(letter) != 1 or letter in sms.CHEAP:
        raise SpellingError(SpellingFault.NOT_DEAR)
    if not replacement or any(c not in sms.CHEAP for c in replacement):
        raise SpellingError(SpellingFault.DEAR)
    if len(replacement) > LONGEST:
        raise SpellingError(SpellingFault.LONG)
    row = session.get(Spelling, (language, letter)) or Spelling(language=language, letter=letter)
    session.add(row)
    row.replacement, row.confirmed_by, row.confirmed_at = replacement, staff_id, now
    session.flush()
    audit.record(session, now, "spelling.confirm", "language", staff_id=staff_id, language=language, letter=letter)
    return row


def withdraw(session: Session, language: str, letter: str, staff_id: int, now: datetime) -> bool:
    """Nobody answers for that spelling any more; whether somebody did."""
    row = session.get(Spelling, (language, letter))
    if row is None:
        return False
    session.delete(row)
    audit.record(session, now, "spelling.withdraw", "language", staff_id=staff_id, language=language, letter=letter)
    return True


def _letter(letter: str, row: Spelling | None) -> Letter:
    ours = sms.offers(letter)
    proposed = ours[0].replacement if ours else None
    loses = ours[0].loses_meaning if ours else False
    if row is None:
        return Letter(letter, proposed, loses, None, None)
    return Letter(letter, row.replacement, loses and row.replacement == proposed, row.confirmed_by, row.confirmed_at)
