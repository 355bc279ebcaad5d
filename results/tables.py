"""The tables behind the charts: figures cut by week, village, language or sex.

A cell that counts fewer than five people is kept back from partners and from every export (results/small.py): None here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, SQLColumnExpression, and_, case, func, or_, select
from sqlalchemy.orm import Session

from campaigns.accounts import CALLS, MESSAGES, Fate
from campaigns.models import Answer, Question, Recipient
from clubs.models import Club, Member, Village
from clubs.records import Report
from messaging.models import Broadcast, Call, CallState, Message, MessageState
from results.indicators import QUIZ_VOTERS_AT_LEAST, reported, valid_reports
from results.scope import Scope
from results.small import NOBODY, People, keep_back
from translations.models import Content, Language, Theme

Cell = int | float | str | None


@dataclass(frozen=True)
class Table:
    """`columns` names the cells of each row; the first cell says what the row is about. None is a cell kept back.

    `people` says which columns count people.
    """

    id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    formula: str = ""
    people: People = NOBODY


def tables(session: Session, scope: Scope, *, small_cells: bool = False) -> list[Table]:
    """Every table over a scope, in the order of the page and the workbook."""
    made = [make(session, scope) for make in (by_week, by_village, by_language, by_sex, by_theme, quiz_by_theme, quiz_by_phone)]
    return made if small_cells else [keep_back(table) for table in made]


def by_week(session: Session, scope: Scope) -> Table:
    """Sessions and attendance by week, counted from Monday."""
    rows = _attendance(session, scope, lambda row: (row.session_date - timedelta(days=row.session_date.weekday())).isoformat())
    return _sessions("weeks", "Séances par semaine", "Semaine du", _filled(rows, _weeks(scope)))


def by_village(session: Session, scope: Scope) -> Table:
    """Sessions and attendance by village."""
    rows = _attendance(session, scope, lambda row: row.village)
    return _sessions("villages", "Séances par village", "Village", tuple(sorted(rows)))


def by_language(session: Session, scope: Scope) -> Table:
    """What became of each person due in a broadcast, by the language chosen for them."""
    names = dict(session.execute(select(Language.code, Language.name)).all())
    rows = _reached(session, scope, func.coalesce(Recipient.language, ""))
    named = tuple((names.get(str(row[0]), row[0]) or NO_LANGUAGE, *row[1:]) for row in rows)
    return Table("languages", "Diffusions par langue", ("Langue", *REACHED), named, REACHED_FORMULA, DUE)


def by_sex(session: Session, scope: Scope) -> Table:
    """What became of each person due in a broadcast, by their declared sex."""
    rows = _reached(session, scope, func.coalesce(Member.sex, ""))
    named = tuple((SEXES.get(str(row[0]), row[0]), *row[1:]) for row in rows)
    return Table("sexes", "Diffusions par sexe", ("Sexe", *REACHED), named, REACHED_FORMULA, DUE)


def by_theme(session: Session, scope: Scope) -> Table:
    """Sessions and attendance by theme; a session of two themes counts under its first."""
    names = dict(session.execute(select(Theme.code, Theme.name)).all())
    rows = _attendance(session, scope, lambda row: f"{row.theme} {names.get(row.theme, '')}".strip())
    return _sessions("themes", "Séances par thème", "Thème", tuple(sorted(rows)))


def quiz_by_theme(session: Session, scope: Scope) -> Table:
    """The raised-hands quiz by theme: right before, right after, voters, gain in points."""
    theme = reported("theme")
    sums = [func.sum(reported(name)) for name in ("before", "after", "voters")]
    counted = valid_reports(scope, "QZ").with_only_columns(theme, *sums).group_by(theme).order_by(theme)
    names = dict(session.execute(select(Theme.code, Theme.name)).all())
    rows = []
    counts: list[Any] = list(session.execute(counted))
    for code, before, after, voters in counts:
        gain = round(100 * (after - before) / voters, 1) if voters >= QUIZ_VOTERS_AT_LEAST else None
        rows.append((f"{code} {names.get(code, '')}".strip(), before, after, voters, gain))
    columns = ("Thème", "Justes avant", "Justes après", "Votants", "Gain (points)")
    formula = "100 x (après - avant) / votants ; caché sous 10 votants"
    return Table("quiz", "Quiz des séances", columns, tuple(rows), formula, VOTERS)


def quiz_by_phone(session: Session, scope: Scope) -> Table:
    """First answers by phone, question by question."""
    right = func.sum(case((Answer.right, 1), else_=0))
    counted = select(Content.title, func.count(), right).select_from(Question).join(Content, Content.id == Question.content_id)
    counted = counted.join(Answer, Answer.question_id == Question.id).where(Answer.scored, scope.within(Answer.answered_at))
    if scope.narrowed:
        counted = counted.where(Answer.contact_id.in_(scope.contacts()))
    rows = [
        (title, answers, int(good), round(100 * int(good) / answers, 1))
        for title, answers, good in session.execute(counted.group_by(Question.id, Content.title).order_by(Question.id))
    ]
    columns = ("Question", "Premières réponses", "Justes", "Justes (%)")
    formula = "premières réponses justes / premières réponses"
    return Table("quiz_phones", "Quiz par téléphone", columns, tuple(rows), formula, PHONES)


ATTENDANCE = ("Séances", "Femmes", "Hommes", "Présences", "Femmes (%)")
REACHED = ("Prévus", "Remis", "Transmis", "Échoués", "En attente", "Inconnus", "Écartés")
REACHED_FORMULA = "prévus = remis + transmis + échoués + en attente + inconnus + écartés"
PRESENT = People(ATTENDANCE[1:4], sums=(("Présences", "Femmes", "Hommes"),), derived=("Femmes (%)",))
DUE = People(REACHED, sums=(REACHED,))
VOTERS = People(
    ("Justes avant", "Justes après", "Votants"),
    within=(("Justes avant", "Votants"), ("Justes après", "Votants")),
    derived=("Gain (points)",),
)
PHONES = People(("Premières réponses", "Justes"), within=(("Justes", "Premières réponses"),), derived=("Justes (%)",))
SEXES = {"F": "Femmes", "H": "Hommes", "": "non dit"}
NO_LANGUAGE = "sans langue"


def _sessions(id_: str, title: str, first: str, rows: tuple[tuple[Cell, ...], ...]) -> Table:
    return Table(id_, title, (first, *ATTENDANCE), rows, "comptes rendus CR valides", PRESENT)


def _attendance(session: Session, scope: Scope, key: Callable[[Any], str]) -> tuple[tuple[Cell, ...], ...]:
    columns = (
        Report.session_date,
        Village.name.label("village"),
        *(reported(name).label(name) for name in ("theme", "women", "men")),
    )
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    read: list[Any] = list(session.execute(valid_reports(scope, "CR").with_only_columns(*columns)))
    for row in read:
        line = sums[key(row)]
        for index, amount in enumerate((1, row.women or 0, row.men or 0)):
            line[index] += amount
    return tuple(_line(label, *line) for label, line in sums.items())


def _line(label: str, held: int, women: int, men: int) -> tuple[Cell, ...]:
    present = women + men
    return (label, held, women, men, present, round(100 * women / present, 1) if present else 0)


def _weeks(scope: Scope) -> Iterable[str]:
    monday = scope.since - timedelta(days=scope.since.weekday())
    while monday <= scope.until:
        yield monday.isoformat()
        monday += timedelta(days=7)


def _filled(rows: Sequence[tuple[Cell, ...]], labels: Iterable[str]) -> tuple[tuple[Cell, ...], ...]:
    # A week without a session is a zero that must show, not a gap that the eye closes.
    known = {row[0]: row for row in rows}
    return tuple(known.get(label, _line(label, 0, 0, 0)) for label in labels)


def _reached(session: Session, scope: Scope, key: SQLColumnExpression[str]) -> tuple[tuple[Cell, ...], ...]:
    def tally(fate: Fate, *, heard: bool | None = None) -> SQLColumnExpression[int]:
        return func.sum(case((_stands(fate, heard), 1), else_=0), type_=Integer)

    counted = (
        select(
            key,
            func.count(),
            tally(Fate.SENT, heard=True),
            tally(Fate.SENT, heard=False),
            tally(Fate.FAILED),
            tally(Fate.PENDING),
            tally(Fate.UNKNOWN),
            tally(Fate.SKIPPED),
        )
        .select_from(Recipient)
        .join(Broadcast, Broadcast.id == Recipient.broadcast_id)
        .join(Member, Member.id == Recipient.member_id)
        .outerjoin(Club, Club.id == Member.club_id)
        .outerjoin(Village, Village.id == Club.village_id)
        .outerjoin(Message, Message.id == Recipient.message_id)
        .outerjoin(Call, Call.id == Recipient.call_id)
        .where(scope.within(Broadcast.due_at), scope.member())
        .group_by(key)
        .order_by(key)
    )
    return tuple(
        (str(row[0].value if hasattr(row[0], "value") else row[0]), *map(int, row[1:])) for row in session.execute(counted)
    )


def _stands(fate: Fate, heard: bool | None) -> ColumnElement[bool]:
    """The condition that a recipient stands in this line of the account (campaigns/accounts.py); `heard` parts the sent."""
    message = [state for state, its in MESSAGES.items() if its is fate and heard in (None, state is MessageState.DELIVERED)]
    call = [state for state, its in CALLS.items() if its is fate and heard in (None, state is CallState.COMPLETED)]
    called = and_(Call.state.in_(call), Call.retry.is_(False))
    if fate is Fate.PENDING:
        called = or_(Call.state.in_(call), Call.retry.is_(True))  # busy, say, and to be called again
    either = or_(Message.state.in_(message), called)
    return or_(either, Recipient.skipped.is_not(None)) if fate is Fate.SKIPPED else either
