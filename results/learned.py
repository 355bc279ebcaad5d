"""What a quiz says was learned, by group and with how sure it is; fewer than five people are never told apart.

Answers are counted by phone. `By.LISTENER` is the sex that whoever listened declared: of an SMS nobody knows it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Integer, func, select
from sqlalchemy.orm import Session, aliased

from campaigns.models import Answer, Question
from campaigns.quiz_results import By, Line, of_villages, results
from campaigns.quizzes import Phase
from results.intervals import Interval, paired, wilson
from results.small import Kept, People, Sum, hidden_cells, kept
from results.table import Table

RATED = People(("answers", "right"), within=(("right", "answers"),))
TURNED = People(("pairs", "gained", "lost"), within=(("gained", "pairs"), ("lost", "pairs")))


@dataclass(frozen=True)
class Rate:
    """First answers in time of one group to one question in one phase."""

    question_id: int
    phase: str | None
    group: str
    answers: int | Kept
    right: int | Kept

    @property
    def share(self) -> Interval | None:
        """Right answers in percent."""
        return None if isinstance(self.answers, Kept) or isinstance(self.right, Kept) else wilson(self.right, self.answers)


@dataclass(frozen=True)
class Turn:
    """Phones that answered a question before and after: `gained` were wrong, then right."""

    question_id: int
    pairs: int | Kept
    gained: int | Kept
    lost: int | Kept

    @property
    def points(self) -> Interval | None:
        """Points between before and after."""
        if isinstance(self.pairs, Kept) or isinstance(self.gained, Kept) or isinstance(self.lost, Kept):
            return None
        return paired(self.gained, self.lost, self.pairs)


def rates(session: Session, quiz_id: int, by: By, villages: Collection[int] | None = None) -> list[Rate]:
    """Of each question and phase, group by group."""
    found = results(session, quiz_id, by, villages)
    tables = [_table(list(lines)) for _key, lines in groupby(found, key=_id)]
    # The answers of all groups together stand in another tab of the page.
    known = [Sum(None, tuple((one.id, at, name) for at in range(len(one.rows)))) for one in tables for name in RATED.counts]
    gone = hidden_cells(tables, {}, known)
    return [
        Rate(
            line.question_id,
            line.phase,
            line.group,
            kept(line.answers) if (table.id, at, "answers") in gone else line.answers,
            kept(line.right) if (table.id, at, "right") in gone else line.right,
        )
        for table in tables
        for at, line in enumerate(one for one in found if _id(one) == table.id)
    ]


def turns(session: Session, quiz_id: int, villages: Collection[int] | None = None) -> list[Turn]:
    """Of each question that the same phones answered before and after."""
    before, after = aliased(Answer), aliased(Answer)
    same = (before.contact_id == after.contact_id) & (before.question_id == after.question_id)
    asked = before.question_id.in_(select(Question.id).where(Question.quiz_id == quiz_id))
    here = before.id.in_(select(Answer.id).where(of_villages(villages)))
    phases = (before.phase == Phase.BEFORE, after.phase == Phase.AFTER, before.scored, after.scored)
    query = (
        select(
            before.question_id,
            func.count(),
            func.sum(func.cast(after.right & ~before.right, Integer)),
            func.sum(func.cast(before.right & ~after.right, Integer)),
        )
        .join(after, same)
        .where(asked, here, *phases)
        .group_by(before.question_id)
        .order_by(before.question_id)
    )
    rows = [(id_, pairs, int(gained), int(lost)) for id_, pairs, gained, lost in session.execute(query)]
    names = ("question", "pairs", "gained", "lost")
    gone = hidden_cells([Table("turns", "", names, tuple(rows), people=TURNED)], {}, [])
    return [
        Turn(row[0], *(kept(row[n]) if ("turns", at, name) in gone else row[n] for n, name in enumerate(names) if n))
        for at, row in enumerate(rows)
    ]


def _id(line: Line) -> str:
    return f"{line.question_id}:{line.phase or ''}"


def _table(lines: list[Line]) -> Table:
    rows = tuple((line.group, line.answers, line.right) for line in lines)
    return Table(_id(lines[0]), "", ("group", "answers", "right"), rows, people=RATED)
