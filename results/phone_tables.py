"""What became of sendings and answers, by language, sex, operator, broadcast and listener."""

from collections import defaultdict
from typing import Any

from sqlalchemy import ColumnElement, Integer, SQLColumnExpression, String, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from campaigns.accounts import CALLS, MESSAGES, Fate
from campaigns.models import Answer, Question, Recipient
from clubs.models import Club, Member, Village
from messaging.broadcasts import came_to_nothing
from messaging.models import (
    Broadcast,
    Call,
    CallState,
    Contact,
    Direction,
    Kind,
    Listener,
    Message,
    MessageState,
)
from results.of_phones import ENDED, called
from results.scope import Scope
from results.small import People
from results.table import Cell, Table
from translations.models import Content, Language

REACHED = ("Prévus", "Remis", "Transmis", "Échoués", "En attente", "Inconnus", "Écartés")
REACHED_FORMULA = (
    "prévus = remis + transmis + échoués + en attente + inconnus + écartés, sans les diffusions annulées avant tout départ"
)
DUE = People(REACHED, sums=(REACHED,), totals=tuple((name, f"due:{name}") for name in REACHED))
FINAL = ("SMS remis", "SMS échoués", "États finals")
OPERATORS = People(
    FINAL,
    sums=(("États finals", "SMS remis", "SMS échoués"),),
    derived=("SMS remis (%)",),
    totals=(("SMS remis", "sms:delivered"), ("États finals", "sms:final")),
)
CALLED = People(
    ("Numéros appelés", "Ayant décroché"), within=(("Ayant décroché", "Numéros appelés"),), derived=("Ayant décroché (%)",)
)
ANSWERED = ("Premières réponses", "Justes")
PHONES = People(
    ANSWERED,
    within=(("Justes", "Premières réponses"),),
    derived=("Justes (%)",),
    totals=tuple(zip(ANSWERED, ("answers", "right"), strict=True)),
)
IVR = People(
    ANSWERED,
    within=(("Justes", "Premières réponses"),),
    derived=("Justes (%)",),
    totals=tuple(zip(ANSWERED, ("ivr", "ivr:right"), strict=True)),
)
SEXES = {"F": "Femmes", "H": "Hommes", "": "non dit"}
LISTENERS = {Listener.WOMAN: "Une femme", Listener.MAN: "Un homme", Listener.GROUP: "Un groupe"}
NO_LANGUAGE = "aucun message (écartés)"
NOT_SAID = "non dit"


def by_language(session: Session, scope: Scope) -> Table:
    """What became of each person due in a broadcast, by the language of the message or call made for them, a fallback included.

    For those left out none was made: under their own language they would read as people of whom nobody was reached."""
    names: dict[str, str] = dict(session.execute(select(Language.code, Language.name)).all())
    rows = _reached(session, scope, case((Recipient.skipped.is_(None), func.coalesce(Recipient.language, "")), else_=""))
    named = tuple((names.get(str(row[0]), row[0]) or NO_LANGUAGE, *row[1:]) for row in rows)
    return Table("languages", "Diffusions par langue", ("Langue du message", *REACHED), named, REACHED_FORMULA, DUE)


def by_sex(session: Session, scope: Scope) -> Table:
    """What became of each person due in a broadcast, by their declared sex."""
    rows = _reached(session, scope, func.coalesce(cast(Member.sex, String), ""))
    named = tuple((SEXES.get(str(row[0]), row[0]), *row[1:]) for row in rows)
    return Table("sexes", "Diffusions par sexe", ("Sexe", *REACHED), named, REACHED_FORMULA, DUE)


def by_operator(session: Session, scope: Scope) -> Table:
    """SMS of broadcasts delivered among those with a final status, by the operator that the number suggests."""
    counted = (
        select(Contact.operator, Message.state, func.count())
        .join(Contact, Contact.id == Message.contact_id)
        .where(Message.direction == Direction.OUT, Message.kind == Kind.PUSH, scope.within(Message.created_at))
        .where(Message.state.in_((MessageState.DELIVERED, MessageState.FAILED)), scope.phone(Message.contact_id))
        .group_by(Contact.operator, Message.state)
    )
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for operator, state, count in session.execute(counted):
        sums[operator or NOT_SAID][state is MessageState.FAILED] += count
    rows = tuple(
        (name, delivered, failed, delivered + failed, round(100 * delivered / (delivered + failed), 1))
        for name, (delivered, failed) in sorted(sums.items())
    )
    formula = "remis / états finals (remis + échoués), inconnus à part"
    return Table("operators", "SMS par opérateur", ("Opérateur", *FINAL, "SMS remis (%)"), rows, formula, OPERATORS)


def by_broadcast(session: Session, scope: Scope) -> Table:
    """Numbers that answered among numbers called, broadcast by broadcast."""
    sums: dict[int, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    calls: list[Any] = list(session.execute(called(scope).where(Call.broadcast_id.is_not(None))))
    for row in calls:
        sums[row.broadcast_id][0].add(row.contact_id)
        if row.state in ENDED:
            sums[row.broadcast_id][1].add(row.contact_id)
    sent = select(Broadcast.id, Broadcast.title, Broadcast.due_at).where(Broadcast.id.in_(sums)).order_by(Broadcast.due_at)
    rows = tuple(
        (title, due.date(), len(sums[id_][0]), len(sums[id_][1]), round(100 * len(sums[id_][1]) / len(sums[id_][0]), 1))
        for id_, title, due in session.execute(sent)
    )
    columns = ("Diffusion", "Jour", "Numéros appelés", "Ayant décroché", "Ayant décroché (%)")
    return Table("broadcasts", "Appels par diffusion", columns, rows, "numéros ayant décroché / numéros appelés", CALLED)


def quiz_by_phone(session: Session, scope: Scope) -> Table:
    """First answers by phone, question by question."""
    counted = select(Content.title, *_answers()).select_from(Question).join(Content, Content.id == Question.content_id)
    counted = counted.join(Answer, Answer.question_id == Question.id).where(*_scored(scope))
    rows = _rates(session.execute(counted.group_by(Question.id, Content.title).order_by(Question.id)))
    columns = ("Question", *ANSWERED, "Justes (%)")
    formula = "premières réponses justes / premières réponses"
    return Table("quiz_phones", "Quiz par téléphone", columns, rows, formula, PHONES)


def quiz_by_listener(session: Session, scope: Scope) -> Table:
    """First answers given in calls, by who said they listened."""
    counted = select(Answer.listener, *_answers()).where(*_scored(scope), Answer.call_id.is_not(None)).group_by(Answer.listener)
    found = sorted(session.execute(counted), key=lambda row: list(LISTENERS).index(row[0]) if row[0] else len(LISTENERS))
    rows = _rates([(LISTENERS[row[0]] if row[0] else NOT_SAID, *row[1:]) for row in found])
    columns = ("Public", *ANSWERED, "Justes (%)")
    formula = "premières réponses justes / premières réponses, au cours d'un appel"
    return Table("quiz_listeners", "Quiz vocal par public", columns, rows, formula, IVR)


def _answers() -> tuple[SQLColumnExpression[int], SQLColumnExpression[int]]:
    return func.count(), func.sum(case((Answer.right, 1), else_=0), type_=Integer)


def _scored(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    return (Answer.scored.is_(True), scope.within(Answer.answered_at), scope.phone(Answer.contact_id))


def _rates(found: Any) -> tuple[tuple[Cell, ...], ...]:
    return tuple((label, answers, int(good), round(100 * int(good) / answers, 1)) for label, answers, good in found)


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
        .where(scope.within(Broadcast.due_at), scope.member(), ~came_to_nothing())
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
    called_so = and_(Call.state.in_(call), Call.retry.is_(False))
    if fate is Fate.PENDING:
        called_so = or_(Call.state.in_(call), Call.retry.is_(True))  # busy, say, and to be called again
    either = or_(Message.state.in_(message), called_so)
    return or_(either, Recipient.skipped.is_not(None)) if fate is Fate.SKIPPED else either
