"""The words of local languages that reports may use: proposed, confirmed by a speaker, withdrawn, and read by the grammar.

Loaded with each text, because a row changes for every process at once; the vocabulary made of the same rows is made only once.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs.grammar import local
from clubs.grammar.local import LocalWord, Refusal, Why
from clubs.grammar.words import Vocabulary
from clubs.records import ReportWord
from translations.models import Language


class WordRefused(Exception):
    """A spelling that cannot be taken; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.why)
        self.refusal = refusal


def vocabulary(session: Session, *, training: bool, number_words: bool = False) -> Vocabulary:
    """The words reports may use: French and what speakers confirmed; in `training` also what nobody has confirmed yet."""
    query = select(ReportWord.word, ReportWord.means).where(ReportWord.withdrawn_at.is_(None))
    if not training:
        query = query.where(ReportWord.confirmed_at.is_not(None))
    rows = session.execute(query.order_by(ReportWord.word, ReportWord.means).distinct())
    return local.vocabulary(tuple(LocalWord(word, means) for word, means in rows), number_words)


def all_words(session: Session) -> list[tuple[ReportWord, str]]:
    """Every word not withdrawn, with its language's name: by language and meaning."""
    rows = select(ReportWord, Language.name).join(Language, Language.code == ReportWord.language)
    rows = rows.where(ReportWord.withdrawn_at.is_(None)).order_by(Language.menu_number, ReportWord.means, ReportWord.word)
    return [(row, name) for row, name in session.execute(rows)]


def propose(session: Session, language: str, written: str, means: str, staff_id: int, now: datetime) -> ReportWord:
    """Write a word down, to be confirmed by a speaker; WordRefused when it is in the way of another."""
    word = local.spelling(written)
    row = session.scalar(select(ReportWord).where(ReportWord.language == language, ReportWord.word == word))
    if row is not None and row.withdrawn_at is None:
        raise WordRefused(Refusal(Why.TAKEN, row.means))
    _check(session, word, means)
    if row is None:
        row = ReportWord(language=language, word=word)
        session.add(row)
    row.means, row.proposed_by, row.proposed_at = means, staff_id, now
    row.confirmed_by = row.confirmed_at = row.written_down_by = row.withdrawn_at = None
    session.flush()
    return row


def confirm(session: Session, row: ReportWord, speaker: str, staff_id: int, now: datetime) -> None:
    """Put a word in service: `speaker` is the name or role of who speaks the language. WordRefused when it conflicts by now."""
    session.refresh(row, with_for_update=True)
    if row.withdrawn_at is not None or row.confirmed_at is not None:
        return
    _check(session, row.word, row.means, but=row.id)
    row.confirmed_by, row.confirmed_at, row.written_down_by = speaker, now, staff_id
    session.flush()


def withdraw(session: Session, row: ReportWord, now: datetime) -> None:
    """Take a word out of service; reports that used it stay as they were read."""
    session.refresh(row, with_for_update=True)
    row.withdrawn_at = row.withdrawn_at or now
    session.flush()


def _check(session: Session, word: str, means: str, but: int = 0) -> None:
    rows = select(ReportWord.word, ReportWord.means).where(ReportWord.withdrawn_at.is_(None), ReportWord.id != but)
    found = local.refusal(word, means, [LocalWord(*row) for row in session.execute(rows)])
    if found is not None:
        raise WordRefused(found)
