"""Sessions, quizzes, answers and sendings of a month, small enough to count by hand."""

from datetime import UTC, date, datetime

import pytest

from campaigns.models import Answer, Recipient
from clubs.records import Action, ExpectedReport, ExpectedState, Report, ReportState
from messaging.models import (
    Broadcast,
    BroadcastState,
    Call,
    CallState,
    Contact,
    Direction,
    Kind,
    Message,
    MessageState,
    OptOut,
    Route,
)
from runtime.crypto import blind
from runtime.database import Database
from tests.world import World

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
FIRST, SECOND = date(2026, 3, 4), date(2026, 3, 11)


@pytest.fixture
def month(database: Database, world: World) -> World:
    """March 2026: three sessions in two villages, one of them corrected, one excuse, one missing."""
    with database.writing() as session:
        one, two = world.clubs["1032"], world.clubs["2043"]

        def report(
            number: int, kind: str, club: int, day: date, state: ReportState = ReportState.VALID, **values: int | bool
        ) -> Report:
            row = Report(number=number, kind=kind, club_id=club, session_date=day, values=values, state=state, reported_at=AT)
            session.add(row)
            session.flush()
            return row

        report(1, "CR", one, FIRST, ReportState.REPLACED, theme=12, women=81, men=7)
        row = Report(
            number=1,
            version=2,
            kind="CR",
            club_id=one,
            session_date=FIRST,
            values={"theme": 12, "women": 18, "men": 7, "youth": 10, "mothers": 6, "radio": True},
            state=ReportState.VALID,
            reported_at=AT,
        )
        session.add(row)
        report(2, "CR", one, SECOND, theme=12, women=12, men=3)
        report(3, "CR", two, FIRST, theme=13, women=1, men=1)
        report(4, "CR", two, SECOND, ReportState.HELD, theme=13, women=90, men=50)
        report(5, "QZ", one, FIRST, theme=12, before=6, after=15, voters=24)
        report(6, "QZ", two, FIRST, theme=13, before=1, after=2, voters=4)
        for club, day, state in (
            (one, FIRST, ExpectedState.ON_TIME),
            (one, SECOND, ExpectedState.LATE),
            (two, FIRST, ExpectedState.ON_TIME),
            (two, SECOND, ExpectedState.MISSING),
            (two, date(2026, 3, 18), ExpectedState.EXCUSED),
        ):
            session.add(ExpectedReport(club_id=club, due_on=day, state=state))
        session.add(Action(club_id=one, number=1, type=2, decided_on=FIRST, due_on=SECOND, done_on=SECOND, quantity=40))
        session.add(Action(club_id=one, number=2, type=1, decided_on=FIRST, due_on=SECOND))
        for contact in session.query(Contact):
            contact.created_at = datetime(2026, 1, 5, tzinfo=UTC)
        _sending(session, world)
    return world


def _sending(session, world: World) -> None:  # type: ignore[no-untyped-def]
    contacts, members = world.contacts, world.members
    cast = Broadcast(
        title="Repas",
        content_id=world.contents["repas-en-plus"],
        route=Route.SMS,
        audience={},
        state=BroadcastState.FINISHED,
        due_at=AT,
        not_before=AT,
        expires_at=datetime(2026, 3, 11, tzinfo=UTC),
        created_at=AT,
    )
    session.add(cast)
    session.flush()

    def message(name: str, state: MessageState) -> Message:
        row = Message(
            direction=Direction.OUT,
            channel_id=world.channel,
            contact_id=contacts[name],
            broadcast_id=cast.id,
            kind=Kind.PUSH,
            state=state,
            not_before=AT,
            created_at=AT,
        )
        session.add(row)
        session.flush()
        return row

    shared = message("awa", MessageState.DELIVERED)
    for name, row in (
        ("awa", shared),
        ("kadia", shared),
        ("moussa", message("moussa", MessageState.FAILED)),
        ("sory", message("sory", MessageState.WIRED)),
        ("oumar", message("oumar", MessageState.UNKNOWN)),
    ):
        session.add(Recipient(broadcast_id=cast.id, member_id=members[name], message_id=row.id, language="fr"))
    session.add(Recipient(broadcast_id=cast.id, member_id=members["hawa"], skipped="no_phone"))
    reply = Message(
        direction=Direction.IN,
        channel_id=world.channel,
        contact_id=contacts["awa"],
        state=MessageState.HANDLED,
        not_before=AT,
        created_at=AT,
    )
    session.add(reply)
    call = Call(
        direction=Direction.OUT,
        channel_id=world.channel,
        contact_id=contacts["binta"],
        state=CallState.COMPLETED,
        not_before=AT,
        created_at=AT,
        dialling_at=AT,
        seconds_heard=31.0,
        core_reached=True,
    )
    missed = Call(
        direction=Direction.OUT,
        channel_id=world.channel,
        contact_id=contacts["fatou"],
        state=CallState.NO_ANSWER,
        not_before=AT,
        created_at=AT,
        dialling_at=AT,
    )
    session.add_all([call, missed])
    session.flush()
    for key, name, via in ((1, "awa", {"message_id": reply.id}), (2, "binta", {"call_id": call.id, "turn": 1})):
        session.add(
            Answer(
                question_id=world.question,
                contact_id=contacts[name],
                key=key,
                right=key == 1,
                answered_at=AT,
                language="fr",
                **via,
            )
        )
    session.add(OptOut(number_index=blind("stopped"), contact_id=contacts["oumar"], via="sms", at=AT))
