"""Indicators of what left for phones, what was heard there and what came back."""

from collections.abc import Iterator
from statistics import median
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from campaigns.models import Answer
from clubs import delays
from clubs.models import Club, Member, Village
from clubs.records import Inquiry
from messaging.models import Call, CallState, Contact, Direction, Kind, Message, MessageState, OptOut
from results.figure import Figure, Maker, mean, share, total
from results.scope import Scope
from translations.models import Clip

HEARD_WHOLE = 0.9
ENDED = (CallState.COMPLETED, CallState.DROPPED)
LEFT = (MessageState.WIRED, MessageState.SENT, MessageState.DELIVERED)


def _messages(session: Session, scope: Scope) -> Iterator[Figure]:
    sent = (Message.direction == Direction.OUT, Message.kind == Kind.PUSH, scope.within(Message.created_at))
    counted = select(Message.state, func.count()).where(*sent, scope.phone(Message.contact_id)).group_by(Message.state)
    states: dict[MessageState, int] = dict(session.execute(counted).all())
    delivered, failed = states.get(MessageState.DELIVERED, 0), states.get(MessageState.FAILED, 0)
    left = sum(states.get(state, 0) for state in LEFT)
    yield total("sms_sent", "SMS de diffusion envoyés", "SMS partis (remis, transmis ou sans accusé)", left)
    yield share(
        "sms_delivered",
        "SMS remis",
        "remis / états finals (remis + échoués), inconnus à part",
        delivered,
        delivered + failed,
        totals=(("sms:delivered", delivered), ("sms:final", delivered + failed)),
    )
    unknown = states.get(MessageState.UNKNOWN, 0)
    yield total("sms_unknown", "SMS au sort inconnu", "SMS partis sans réponse du réseau", unknown)
    heard = (Message.direction == Direction.IN, scope.within(Message.created_at), scope.phone(Message.contact_id))
    received = session.scalar(select(func.count()).select_from(Message).where(*heard)) or 0
    yield total("sms_received", "SMS reçus", "tous les SMS reçus", received)


def called(scope: Scope) -> Select[Any]:
    """The outbound calls of the scope that were dialled, with the length of the clip last approved or made for their variant."""
    length = (
        select(Clip.seconds)
        .where(Clip.variant_id == Call.variant_id)
        .order_by(Clip.approved_at.is_(None), Clip.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    # What is only set aside for the next try is no cost yet, and the tries before the last one are.
    cost = Call.spent + func.coalesce(Call.settled, 0)
    return select(
        Call.broadcast_id,
        Call.contact_id,
        Call.state,
        Call.seconds_heard,
        Call.core_reached,
        cost.label("cost"),
        length.label("length"),
    ).where(
        Call.direction == Direction.OUT,
        Call.dialling_at.is_not(None),
        scope.within(Call.created_at),
        scope.phone(Call.contact_id),
    )


def _calls(session: Session, scope: Scope) -> Iterator[Figure]:
    rows: list[Any] = list(session.execute(called(scope)))
    answered = [row for row in rows if row.state in ENDED]
    yield share(
        "calls_answered",
        "Numéros ayant décroché",
        "numéros ayant décroché / numéros appelés, diffusion par diffusion",
        len({(row.broadcast_id, row.contact_id) for row in answered}),
        len({(row.broadcast_id, row.contact_id) for row in rows}),
    )
    seconds = [row.seconds_heard for row in answered if row.seconds_heard is not None]
    middle = round(median(seconds), 1) if seconds else None
    yield Figure(
        "seconds_heard",
        "Secondes écoutées (médiane)",
        "médiane des secondes écoutées des appels décrochés",
        middle,
        "s",
        round(sum(seconds), 1),
        None,
        len(seconds),
    )
    measured = [row for row in answered if row.length and row.seconds_heard is not None]
    yield share(
        "heard_whole",
        "Messages écoutés jusqu'au bout",
        "appels ayant entendu 90 % du son ou plus / appels décrochés dont la durée du son est connue",
        sum(1 for row in measured if row.seconds_heard >= HEARD_WHOLE * row.length),
        len(measured),
    )
    core = sum(1 for row in answered if row.core_reached)
    formula = "appels ayant atteint la fin de l'essentiel / appels décrochés"
    yield share("core_reached", "Message essentiel entendu", formula, core, len(answered))
    cost = sum(row.cost for row in rows)
    formula = "coût des appels / appels ayant atteint la fin de l'essentiel"
    yield mean("core_cost", "Coût par message essentiel entendu", formula, cost, core, unit="FCFA")


def _answers(session: Session, scope: Scope) -> Iterator[Figure]:
    here = (Answer.scored, scope.within(Answer.answered_at), scope.phone(Answer.contact_id))
    rows: list[Any] = list(session.execute(select(Answer.right, Answer.call_id).where(*here)))
    right, formula = sum(1 for row in rows if row.right), "premières réponses justes / premières réponses"
    totals = (("answers", len(rows)), ("right", right))
    yield share("quiz_right", "Bonnes réponses par téléphone", formula, right, len(rows), totals=totals)
    spoken = [row for row in rows if row.call_id is not None]
    right = sum(1 for row in spoken if row.right)
    formula = "premières réponses justes / premières réponses, au cours d'un appel"
    totals = (("ivr", len(spoken)), ("ivr:right", right))
    yield share("ivr_right", "Bonnes réponses au serveur vocal", formula, right, len(spoken), totals=totals)


def _people(session: Session, scope: Scope) -> Iterator[Figure]:
    still = or_(OptOut.ended_at.is_(None), OptOut.ended_at >= scope.start)
    already = select(OptOut.contact_id).where(OptOut.at < scope.start, still, OptOut.contact_id.is_not(None))
    active = (Contact.created_at < scope.start, Contact.id.not_in(already), scope.phone(Contact.id))
    numbers = session.scalar(select(func.count()).select_from(Contact).where(*active)) or 0
    outs = (scope.within(OptOut.at), OptOut.contact_id.in_(select(Contact.id).where(*active)))
    stopped = session.scalar(select(func.count(OptOut.contact_id.distinct())).where(*outs)) or 0
    formula = "numéros désinscrits dans la période / numéros actifs à son début"
    yield share("opt_out", "Désinscriptions", formula, stopped, numbers)
    present = and_(Member.joined_at < scope.end, or_(Member.left_at.is_(None), Member.left_at >= scope.end))
    members = select(func.count()).select_from(Member).outerjoin(Club, Club.id == Member.club_id)
    counted = members.outerjoin(Village, Village.id == Club.village_id).where(present, scope.member())
    yield total("members", "Membres inscrits", "membres présents dans les listes", session.scalar(counted) or 0)


def _questions(session: Session, scope: Scope) -> Iterator[Figure]:
    """As the inbox counts."""
    found = delays.answering(session, scope.start, scope.end, scope.end, scope.phone(Inquiry.contact_id))
    yield share("questions", "Questions répondues", "questions répondues / questions reçues", found.answered, found.received)
    formula = "médiane des heures entre la question et sa réponse"
    middle = found.median_hours
    yield Figure("answer_hours", "Délai de réponse (médiane)", formula, middle, "h", found.hours, None, found.answered)
    yield total("questions_open", "Questions en attente", "questions reçues sans réponse", found.open)


MAKERS: tuple[Maker, ...] = (_messages, _calls, _answers, _people, _questions)
