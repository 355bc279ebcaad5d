"""The indicators of the programme, each with its formula, numerator and denominator.

Only valid, current versions of reports count, and attendance is a sum of presences, never "people reached". What only a household
survey can measure is not here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from sqlalchemy import Select, SQLColumnExpression, func, select
from sqlalchemy.orm import Session

from campaigns.models import Answer
from clubs.models import Club, Member, Village
from clubs.records import Action, ExpectedReport, ExpectedState, Inquiry, Report, ReportState
from clubs.small import small
from messaging.models import Call, CallState, Contact, Direction, Kind, Message, MessageState, OptOut
from results.scope import Scope
from results.small import part_is_small

QUIZ_VOTERS_AT_LEAST = 10


@dataclass(frozen=True)
class Figure:
    """One indicator over one scope. `value` is None where nothing can be divided; `hidden` says a small cell keeps it back.

    `n` is how many it speaks of; `people` says they are people, `part` that the numerator is some of the denominator.
    """

    id: str
    label: str
    formula: str
    value: float | None
    unit: str
    numerator: float
    denominator: float | None
    n: int
    hidden: bool = False
    people: bool = True
    part: bool = False

    def kept_back(self) -> "Figure":
        """The figure as partners and exports get it: nothing at all when it, its part or the rest is fewer than five people."""
        few = small(self.n) or (self.part and part_is_small(self.numerator, self.denominator or 0))
        if not self.people or not few:
            return self
        return Figure(self.id, self.label, self.formula, None, self.unit, 0, None, 0, hidden=True)


Maker = Callable[[Session, Scope], Iterator[Figure]]


def figures(session: Session, scope: Scope, *, small_cells: bool = False) -> list[Figure]:
    """All indicators over a scope; small cells are kept back unless `small_cells`."""
    made = [figure for maker in MAKERS for figure in maker(session, scope)]
    return made if small_cells else [figure.kept_back() for figure in made]


def share(id_: str, label: str, formula: str, part: float, whole: float, *, people: bool = True) -> Figure:
    """A percentage; None when there is nothing to divide by."""
    value = round(100 * part / whole, 1) if whole else None
    return Figure(id_, label, formula, value, "%", part, whole, int(whole), people=people, part=True)


def total(id_: str, label: str, formula: str, value: float, *, people: bool = True) -> Figure:
    """A sum."""
    return Figure(id_, label, formula, value, "", value, None, int(value), people=people)


def valid_reports(scope: Scope, kind: str) -> Select[Report]:
    """The current valid reports of a kind, by session day."""
    here = select(Report).join(Club, Club.id == Report.club_id).join(Village, Village.id == Club.village_id)
    return here.where(
        Report.kind == kind,
        Report.state == ReportState.VALID,
        Report.session_date.between(scope.since, scope.until),
        scope.club(),
    )


def reported(name: str) -> SQLColumnExpression[int]:
    """A whole number among a report's values, NULL where it was not said."""
    number: SQLColumnExpression[int] = Report.values[name].as_integer()
    return number


def _count(
    session: Session, model: type[Message] | type[Call] | type[OptOut] | type[Answer], *where: SQLColumnExpression[bool]
) -> int:
    return session.scalar(select(func.count()).select_from(model).where(*where)) or 0


def _messages(session: Session, scope: Scope) -> Iterator[Figure]:
    sent = [Message.direction == Direction.OUT, Message.kind == Kind.PUSH, scope.within(Message.created_at)]
    if scope.narrowed:
        sent.append(Message.contact_id.in_(scope.contacts()))
    counted = select(Message.state, func.count()).where(*sent).group_by(Message.state)
    states = dict(session.execute(counted).all())
    delivered, failed = states.get(MessageState.DELIVERED, 0), states.get(MessageState.FAILED, 0)
    left = sum(states.get(state, 0) for state in (MessageState.WIRED, MessageState.SENT, MessageState.DELIVERED))
    yield total("sms_sent", "SMS de diffusion envoyés", "SMS partis (remis, transmis ou sans accusé)", left)
    yield share(
        "sms_delivered", "SMS remis", "remis / états finals (remis + échoués), inconnus à part", delivered, delivered + failed
    )
    yield total("sms_unknown", "SMS au sort inconnu", "SMS partis sans réponse du réseau", states.get(MessageState.UNKNOWN, 0))
    heard = [Message.direction == Direction.IN, scope.within(Message.created_at)]
    if scope.narrowed:
        heard.append(Message.contact_id.in_(scope.contacts()))
    yield total("sms_received", "SMS reçus", "tous les SMS reçus", _count(session, Message, *heard))


def _calls(session: Session, scope: Scope) -> Iterator[Figure]:
    here = [Call.direction == Direction.OUT, scope.within(Call.created_at)]
    if scope.narrowed:
        here.append(Call.contact_id.in_(scope.contacts()))
    ended = (CallState.COMPLETED, CallState.DROPPED)
    rows = session.execute(
        select(Call.contact_id, Call.state, Call.seconds_heard, Call.core_reached).where(*here, Call.dialling_at.is_not(None))
    ).all()
    answered = [row for row in rows if row.state in ended]
    called = {row.contact_id for row in rows}
    yield share(
        "calls_answered",
        "Numéros ayant décroché",
        "numéros ayant décroché / numéros appelés",
        len({row.contact_id for row in answered}),
        len(called),
    )
    seconds = [row.seconds_heard for row in answered if row.seconds_heard is not None]
    yield Figure(
        "seconds_heard",
        "Secondes écoutées (médiane)",
        "médiane des secondes écoutées des appels décrochés",
        round(median(seconds), 1) if seconds else None,
        "s",
        round(sum(seconds), 1),
        None,
        len(seconds),
    )
    core = sum(1 for row in answered if row.core_reached)
    yield share(
        "core_reached",
        "Message essentiel entendu",
        "appels ayant atteint la fin de l'essentiel / appels décrochés",
        core,
        len(answered),
    )


def _sessions(session: Session, scope: Scope) -> Iterator[Figure]:
    sums = ("women", "men", "youth", "mothers")
    rows = session.execute(valid_reports(scope, "CR").with_only_columns(Report.club_id, *(reported(name) for name in sums))).all()
    women, men = (sum(row[index] or 0 for row in rows) for index in (1, 2))
    present = women + men
    yield total("sessions", "Séances tenues", "comptes rendus CR valides", len(rows), people=False)
    yield total("attendances", "Présences", "somme des femmes et des hommes présents (présences, pas personnes)", present)
    yield Figure(
        "attendance_mean",
        "Présence moyenne",
        "présences / séances tenues",
        round(present / len(rows), 1) if rows else None,
        "",
        present,
        len(rows),
        present,
    )
    yield share("women", "Part des femmes", "somme F / somme (F + H)", women, present)
    known = [row for row in rows if row[3] is not None]
    here = sum((row[1] or 0) + (row[2] or 0) for row in known)
    yield share("youth", "Part des jeunes", "somme J / somme (F + H), là où J est connu", sum(row[3] for row in known), here)
    mothers = [row[4] for row in rows if row[4] is not None]
    yield Figure(
        "mothers",
        "Mères par séance",
        "somme M / séances où M est connu",
        round(sum(mothers) / len(mothers), 1) if mothers else None,
        "",
        sum(mothers),
        len(mothers),
        sum(mothers),
    )
    clubs = session.scalar(select(func.count()).select_from(Club).join(Village).where(Club.active, scope.club())) or 0
    yield share(
        "active_clubs",
        "Clubs actifs",
        "clubs ayant tenu au moins une séance / clubs inscrits",
        len({row[0] for row in rows}),
        clubs,
        people=False,
    )


def _expected(session: Session, scope: Scope) -> Iterator[Figure]:
    counted = (
        select(ExpectedReport.state, func.count())
        .join(Club, Club.id == ExpectedReport.club_id)
        .join(Village)
        .where(ExpectedReport.due_on.between(scope.since, scope.until), scope.club())
        .where(ExpectedReport.state != ExpectedState.EXCUSED)
        .group_by(ExpectedReport.state)
    )
    states = dict(session.execute(counted).all())
    due = sum(states.values())
    in_time, late = states.get(ExpectedState.ON_TIME, 0), states.get(ExpectedState.LATE, 0)
    yield share("completeness", "Complétude", "(CR + RAS) / rapports attendus", in_time + late, due, people=False)
    yield share("promptness", "Promptitude", "(CR + RAS) reçus à temps / rapports attendus", in_time, due, people=False)


def _quiz(session: Session, scope: Scope) -> Iterator[Figure]:
    columns = [func.sum(reported(name)) for name in ("before", "after", "voters")]
    before, after, voters = (
        int(value or 0) for value in session.execute(valid_reports(scope, "QZ").with_only_columns(*columns)).one()
    )
    yield Figure(
        "quiz_gain",
        "Gain au quiz des séances",
        "100 x (somme après - somme avant) / somme des votants ; caché sous 10 votants",
        round(100 * (after - before) / voters, 1) if voters >= QUIZ_VOTERS_AT_LEAST else None,
        "points",
        after - before,
        voters,
        voters,
    )
    here = [Answer.scored, scope.within(Answer.answered_at)]
    if scope.narrowed:
        here.append(Answer.contact_id.in_(scope.contacts()))
    answers, right = _count(session, Answer, *here), _count(session, Answer, *here, Answer.right)
    yield share("quiz_right", "Bonnes réponses par téléphone", "premières réponses justes / premières réponses", right, answers)


def _people(session: Session, scope: Scope) -> Iterator[Figure]:
    here = [Contact.created_at < scope.end]
    outs = [scope.within(OptOut.at)]
    if scope.narrowed:
        here.append(Contact.id.in_(scope.contacts()))
        outs.append(OptOut.contact_id.in_(scope.contacts()))
    numbers = session.scalar(select(func.count()).select_from(Contact).where(*here)) or 0
    stopped = session.scalar(select(func.count(OptOut.number_index.distinct())).where(*outs)) or 0
    yield share("opt_out", "Désinscriptions", "numéros désinscrits dans la période / numéros connus", stopped, numbers)
    members = select(func.count()).select_from(Member).outerjoin(Club, Club.id == Member.club_id)
    counted = members.outerjoin(Village, Village.id == Club.village_id).where(Member.left_at.is_(None), scope.member())
    yield total("members", "Membres inscrits", "membres présents dans les listes", session.scalar(counted) or 0)


def _actions_and_questions(session: Session, scope: Scope) -> Iterator[Figure]:
    due = (
        select(func.count(), func.count(Action.done_on))
        .select_from(Action)
        .join(Club, Club.id == Action.club_id)
        .join(Village)
        .where(Action.due_on.between(scope.since, scope.until), Action.cancelled.is_(False), scope.club())
    )
    decided, done = session.execute(due).one()
    yield share("actions", "Actions réalisées", "actions faites / actions arrivées à échéance", done, decided, people=False)
    asked = [scope.within(Inquiry.received_at)]
    if scope.narrowed:
        asked.append(Inquiry.contact_id.in_(scope.contacts()))
    times = session.execute(select(Inquiry.received_at, Inquiry.answered_at).where(*asked)).all()
    hours = [(answered - received).total_seconds() / 3600 for received, answered in times if answered is not None]
    yield share("questions", "Questions répondues", "questions répondues / questions reçues", len(hours), len(times))


MAKERS: tuple[Maker, ...] = (_messages, _calls, _sessions, _expected, _quiz, _people, _actions_and_questions)
