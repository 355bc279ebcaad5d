"""What a language's translators agreed to write for a French term, and which terms a text holds.

A term is found whatever its accents, capitals or final s, as a whole word: « bouillies » holds « bouillie ».
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from runtime import audit
from translations.errors import TranslationError
from translations.models import GlossaryTerm, Language
from translations.sms import prepare

TERM, TRANSLATION, NOTE = 80, 120, 200


class GlossaryError(TranslationError):
    """A term without words, too long, or agreed on already; the text is the French sentence."""


def terms(session: Session, language: str) -> list[GlossaryTerm]:
    """The glossary of a language, in the order of its terms."""
    rows = session.scalars(select(GlossaryTerm).where(GlossaryTerm.language == language))
    return sorted(rows, key=lambda one: _folded(one.term))


def counts(session: Session) -> dict[str, int]:
    """How many terms each language has."""
    rows = select(Language.code, func.count(GlossaryTerm.id)).outerjoin(GlossaryTerm, GlossaryTerm.language == Language.code)
    return {code: int(number) for code, number in session.execute(rows.group_by(Language.code))}


def within(known: Iterable[GlossaryTerm], *texts: str | None) -> list[GlossaryTerm]:
    """Those of the terms that the texts hold."""
    said = f" {' '.join(_folded(text or '') for text in texts)} "
    return [one for one in known if re.search(rf"(?<= ){re.escape(_folded(one.term))}(?:s|x)?(?= )", said)]


def save(
    session: Session,
    language: str,
    term: str,
    translation: str,
    note: str,
    staff_id: int | None,
    now: datetime,
    id_: int | None = None,
) -> GlossaryTerm:
    """Add a term, or change the one of that id; GlossaryError says in French what is wrong."""
    term, translation, note = (" ".join(prepare(one).split()) for one in (term, translation, note))
    if not _folded(term) or not translation:
        raise GlossaryError("Écrivez le terme et sa traduction.")
    if len(term) > TERM or len(translation) > TRANSLATION or len(note) > NOTE:
        raise GlossaryError("C'est trop long : 80 signes pour le terme, 120 pour la traduction, 200 pour la note.")
    others = {_folded(one.term): one for one in terms(session, language) if one.id != id_}
    if _folded(term) in others:
        raise GlossaryError("Ce terme est déjà dans le glossaire. Changez sa ligne.")
    row = session.get_one(GlossaryTerm, id_) if id_ is not None else GlossaryTerm(language=language)
    row.term, row.translation, row.note, row.written_by, row.written_at = term, translation, note, staff_id, now
    session.add(row)
    session.flush()
    audit.record(session, now, "glossary.save", "glossary_term", row.id, staff_id=staff_id, language=language)
    return row


def remove(session: Session, row: GlossaryTerm, staff_id: int, now: datetime) -> None:
    """Take a term out."""
    audit.record(session, now, "glossary.remove", "glossary_term", row.id, staff_id=staff_id, language=row.language)
    session.delete(row)


def _folded(text: str) -> str:
    letters = (c for c in unicodedata.normalize("NFKD", text.replace("œ", "oe")).lower() if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in letters).split())
