"""Broadcasts of the past: every fourth day an SMS, a call or a quiz question to each club, and the goodbyes they brought.

Endings follow what such a network really does: most arrive, some phones stay off, a few messages nobody can account for.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from campaigns.models import (
    Answer,
    Campaign,
    CampaignEvent,
    CampaignState,
    Occurrence,
    OccurrenceState,
    Question,
    Recipient,
    Repeat,
)
from demonstration.past import DAYS, Past
from demonstration.people import Group
from messaging.models import (
    Broadcast,
    BroadcastState,
    Call,
    CallState,
    Contact,
    ContactState,
    Direction,
    Kind,
    Listener,
    Message,
    MessageState,
    OptOut,
    Route,
)
from translations.library import sms_of
from translations.models import Content, ContentKind, Variant
from translations.sms import measure

SMS_ENDS = (
    (
        MessageState.DELIVERED,
        MessageState.WIRED,
        MessageState.SENT,
        MessageState.FAILED,
        MessageState.UNKNOWN,
        MessageState.EXPIRED,
    ),
    (84, 6, 3, 4, 1, 2),
)
CALL_ENDS = ((CallState.COMPLETED, CallState.DROPPED, CallState.NO_ANSWER, CallState.BUSY), (58, 16, 18, 8))
QUIZ_EVERY, VOICE_EVERY = 5, 3
GOODBYES = 26
SMS_PRICE, CALL_PRICE = 15, 108


def broadcast(past: Past, groups: Sequence[Group], staff_ids: tuple[int, int]) -> None:
    """One sending every third day or so, turning between messages by SMS, by voice, and quiz questions."""
    messages = _contents(past, ContentKind.MESSAGE)
    questions = _contents(past, ContentKind.QUESTION)
    for place, days_ago in enumerate(range(DAYS, 0, -4)):
        quiz = place % QUIZ_EVERY == QUIZ_EVERY - 1
        content = (questions if quiz else messages)[place % len(questions if quiz else messages)]
        route = Route.VOICE if not quiz and place % VOICE_EVERY == 1 else Route.SMS
        _one(past, groups, content, route, days_ago, staff_ids)
    past.write()


def say_goodbye(past: Past, contacts: Sequence[Contact]) -> None:
    """Numbers that said STOP over the time."""
    for contact in past.chance.sample(list(contacts), GOODBYES):
        at = past.moment(past.last - timedelta(days=past.chance.randrange(DAYS)), 12)
        contact.state = ContactState.STOPPED
        past.session.add(OptOut(number_index=contact.number_index, contact_id=contact.id, via="sms", at=at))
    past.session.flush()


def _contents(past: Past, kind: ContentKind) -> list[tuple[Content, Variant]]:
    query = select(Content, Variant).join(Variant).where(Content.kind == kind, Variant.language == "fr").order_by(Content.key)
    return [(content, variant) for content, variant in past.session.execute(query)]


def _one(
    past: Past,
    groups: Sequence[Group],
    piece: tuple[Content, Variant],
    route: Route,
    days_ago: int,
    staff_ids: tuple[int, int],
) -> None:
    content, variant = piece
    due = past.moment(past.last - timedelta(days=days_ago - 1), past.chance.choice((8.5, 9, 16.5, 17)))
    sending = Broadcast(
        title=content.title,
        content_id=content.id,
        route=route,
        audience={"one_phone_per_club": True},
        state=BroadcastState.FINISHED,
        due_at=due,
        not_before=due,
        expires_at=due + timedelta(hours=24),
        cursor=-1,
        planned_count=len(groups),
        estimated_cost=len(groups) * (CALL_PRICE if route is Route.VOICE else SMS_PRICE * measure(sms_of(variant)).parts),
        created_by=staff_ids[0],
        confirmed_by=staff_ids[1],
        created_at=due - timedelta(days=1),
        fanned_out_at=due,
        ended_at=due + timedelta(hours=24),
    )
    past.session.add(sending)
    past.session.flush()
    _campaign(past, sending, staff_ids[0])
    if route is Route.VOICE:
        _calls(past, sending, variant, groups)
    else:
        _messages(past, sending, variant, groups)


def _campaign(past: Past, sending: Broadcast, staff_id: int) -> None:
    campaign = Campaign(
        name=sending.title,
        audience=sending.audience,
        route=sending.route,
        state=CampaignState.FINISHED,
        step=5,
        created_at=sending.created_at,
        created_by=staff_id,
    )
    past.session.add(campaign)
    past.session.flush()
    event = CampaignEvent(campaign_id=campaign.id, content_id=sending.content_id, repeat=Repeat.ONCE, starts_at=sending.due_at)
    past.session.add(event)
    past.session.flush()
    past.session.add(
        Occurrence(
            event_id=event.id,
            due_at=sending.due_at,
            fired_at=sending.created_at,
            state=OccurrenceState.FIRED,
            broadcast_id=sending.id,
        )
    )


def _messages(past: Past, sending: Broadcast, variant: Variant, groups: Sequence[Group]) -> None:
    question = past.session.scalar(select(Question).where(Question.content_id == sending.content_id))
    text = sms_of(variant)
    size = measure(text)
    rows = []
    for group in groups:
        row = _message(past, sending, variant, group)
        row.text, row.encoding, row.parts, row.price = text, size.encoding.value, size.parts, row.price * size.parts
        rows.append(row)
        if question is not None and row.state is MessageState.DELIVERED and past.chance.random() < 0.55:
            _answer(past, question, group, sending)
    past.session.add_all(rows)
    past.session.flush()
    past.session.add_all(
        Recipient(broadcast_id=sending.id, member_id=group.facilitator_id, message_id=row.id, language="fr")
        for group, row in zip(groups, rows, strict=True)
    )


def _message(past: Past, sending: Broadcast, variant: Variant, group: Group) -> Message:
    state = past.chance.choices(*SMS_ENDS)[0]
    left = sending.due_at + timedelta(seconds=past.chance.randrange(1800))
    gone = state is not MessageState.EXPIRED
    arrived = left + timedelta(seconds=past.chance.randrange(5, 4000)) if state is MessageState.DELIVERED else None
    return Message(
        direction=Direction.OUT,
        channel_id=past.channel_id,
        contact_id=group.facilitator.id,
        broadcast_id=sending.id,
        variant_id=variant.id,
        kind=Kind.PUSH,
        state=state,
        error_code="undelivered" if state is MessageState.FAILED else None,
        price=SMS_PRICE if gone else 0,
        attempts=1 if gone else 0,
        not_before=sending.due_at,
        created_at=sending.created_at,
        sending_at=left if gone else None,
        wired_at=left if gone and state is not MessageState.UNKNOWN else None,
        delivered_at=arrived,
        ended_at=arrived,
    )


def _answer(past: Past, question: Question, group: Group, sending: Broadcast) -> None:
    key = question.right if past.chance.random() < 0.64 else past.chance.randint(1, question.options)
    moment = sending.due_at + timedelta(minutes=past.chance.randrange(5, 600))
    received = Message(
        direction=Direction.IN,
        channel_id=past.channel_id,
        contact_id=group.facilitator.id,
        state=MessageState.HANDLED,
        text=str(key),
        not_before=moment,
        created_at=moment,
        handled_at=moment,
        parse={"kind": "DIGIT", "outcome": "ACK"},
        reply_kind="ACK",
    )
    past.session.add(received)
    past.add_with(
        Answer(
            question_id=question.id,
            contact_id=group.facilitator.id,
            broadcast_id=sending.id,
            key=key,
            right=key == question.right,
            language="fr",
            answered_at=moment,
        ),
        "message_id",
        received,
    )


def _calls(past: Past, sending: Broadcast, variant: Variant, groups: Sequence[Group]) -> None:
    rows = [_call(past, sending, variant, group) for group in groups]
    past.session.add_all(rows)
    past.session.flush()
    past.session.add_all(
        Recipient(broadcast_id=sending.id, member_id=group.facilitator_id, call_id=row.id, language="fr")
        for group, row in zip(groups, rows, strict=True)
    )


def _call(past: Past, sending: Broadcast, variant: Variant, group: Group) -> Call:
    state = past.chance.choices(*CALL_ENDS)[0]
    began = sending.due_at + timedelta(seconds=past.chance.randrange(3000))
    answered = state in (CallState.COMPLETED, CallState.DROPPED)
    heard = past.chance.uniform(28, 44) if state is CallState.COMPLETED else past.chance.uniform(2, 24)
    attempts = past.chance.choice((1, 1, 1, 2, 3))
    listener = past.chance.choices((Listener.WOMAN, Listener.MAN, Listener.GROUP), (35, 25, 40))[0] if answered else None
    return Call(
        direction=Direction.OUT,
        channel_id=past.channel_id,
        contact_id=group.facilitator.id,
        broadcast_id=sending.id,
        variant_id=variant.id,
        kind=Kind.PUSH,
        state=state,
        attempts=attempts,
        not_before=sending.due_at,
        language="fr",
        listener=listener,
        seconds=round(heard) + 4 if answered else None,
        seconds_heard=round(heard, 1) if answered else None,
        core_reached=heard >= 15 if answered else None,
        price=CALL_PRICE if answered else 0,
        settled=CALL_PRICE if answered else 0,
        created_at=sending.created_at,
        dialling_at=began,
        ringing_at=began,
        answered_at=began + timedelta(seconds=9) if answered else None,
        ended_at=began + timedelta(seconds=60),
    )
