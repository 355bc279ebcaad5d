"""Rows of Awa's village that nobody elsewhere may see, each with a mark by which a leak is recognised.

They are added after everything else, so that whatever a stranger was shown before must be what they are shown afterwards.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from campaigns.models import Answer
from clubs.grammar.damm import check_digit
from clubs.models import Club, ClubKind, Member, Post, Role, Sex, Village
from clubs.records import Action, ExpectedReport, ExpectedState, Inquiry, InquiryKind, Report, ReportState, SpotCheck
from messaging.models import Call, CallState, Consent, Contact, Direction, Message, MessageState, Moderation, Purpose, Recording
from runtime.crypto import blind
from runtime.database import Database
from tests.world import World

MARK = "zanbalan"
WOMEN, MEN = 7919, 6007
CODE = "507" + check_digit("507")
NUMBER = "+22300018642"
MASKED = "00 •• •• 42"
# What gives the club away wherever it stands, spaces left out.
GIVEAWAYS = (MARK, CODE, str(WOMEN), str(MEN), str(WOMEN + MEN), NUMBER.removeprefix("+223"), MASKED.replace(" ", ""))
Ids = Mapping[str, int]


def leaks(text: str) -> list[str]:
    """Which of Awa's marks a page, an answer or a reply holds."""
    plain = re.sub(r"[\s\u00a0\u202f]+", "", text).casefold()
    return [word for word in GIVEAWAYS if word in plain]


def add(database: Database, world: World, now: datetime) -> Ids:
    """Write everything; an id of each kind of row, for addresses that take one."""
    return tell(database, world, found(database, world, now), now)


def found(database: Database, world: World, now: datetime) -> Ids:
    """The club and its people, of whom nothing is known yet."""
    with database.writing() as session:
        club, village, phone, member = _people(session, world, now)
        return {"club": club, "village": village, "contact": phone, "member": member, "facilitator": member - 1}


def tell(database: Database, world: World, people: Ids, now: datetime) -> Ids:
    """All that they said and that was said to them."""
    club, phone, member, ids = people["club"], people["contact"], people["member"], dict(people)
    with database.writing() as session:
        ids |= _messages(session, world, phone, now)
        ids |= _reports(session, club, phone, ids["message"], now)
        ids |= _inquiries(session, club, phone, ids, now)
        session.add(
            SpotCheck(report_id=ids["report"], supervisor_id=member, drawn_on=now.date(), women=WOMEN, men=MEN, seen_at=now)
        )
        answer = Answer(
            question_id=world.question,
            contact_id=phone,
            key=1,
            right=True,
            answered_at=now,
            message_id=ids["message"],
            language="fr",
        )
        session.add(answer)
        session.flush()
        ids["answer"] = answer.id
    return ids


def _people(session: Session, world: World, now: datetime) -> tuple[int, int, int, int]:
    near = session.get_one(Village, world.villages[0])
    village = Village(code="V09", name=f"Village {MARK}", area_id=near.area_id, language="bm")
    contact = Contact(number=NUMBER, number_index=blind(NUMBER), language="fr", operator="simulator", created_at=now)
    session.add_all([village, contact])
    session.flush()
    contact.doubt, contact.doubt_at, contact.last_heard_at = "stop", now, now
    club = Club(
        code=CODE, kind=ClubKind.ANJE, village_id=village.id, declared_women=WOMEN, declared_men=MEN, weekday=2, created_at=now
    )
    club.phone_id, club.next_expected = contact.id, now.date()
    session.add(club)
    session.flush()
    people = [
        Member(club_id=club.id, contact_id=contact.id, name=f"Awa {MARK}", role=role, sex=Sex.WOMAN, joined_at=now)
        for role in (Role.FACILITATOR, Role.MEMBER)
    ]
    session.add_all(people)
    session.flush()
    session.add(Post(member_id=people[0].id, club_id=club.id, since=now.date() - timedelta(days=90)))
    for purpose in (Purpose.PUSH, Purpose.CALL):
        session.add(Consent(contact_id=contact.id, purpose=purpose, via="register", script_version="1", given_at=now))
    return club.id, village.id, contact.id, people[1].id


def _messages(session: Session, world: World, phone: int, now: datetime) -> dict[str, int]:
    def message(direction: Direction, state: MessageState, **more: object) -> Message:
        row = Message(
            channel_id=world.channel, contact_id=phone, direction=direction, state=state, not_before=now, created_at=now
        )
        row.text = f"Bonjour {MARK}"
        for name, value in more.items():
            setattr(row, name, value)
        session.add(row)
        session.flush()
        return row

    heard = message(Direction.IN, MessageState.HANDLED, reply_kind="INFO", external_id=f"in-{MARK}", handled_at=now)
    message(Direction.OUT, MessageState.DELIVERED, answers_id=heard.id, external_id=f"out-{MARK}")
    message(Direction.OUT, MessageState.UNKNOWN, external_id=f"lost-{MARK}")
    unread = message(
        Direction.IN, MessageState.HANDLED, reply_kind="NONE", external_id=f"unread-{MARK}", reason="loop", handled_at=now
    )
    call = Call(direction=Direction.IN, channel_id=world.channel, contact_id=phone, state=CallState.COMPLETED, not_before=now)
    call.created_at = call.answered_at = call.ended_at = now
    session.add(call)
    session.flush()
    sound = Recording(call_id=call.id, sha256="a" * 64, media_type="audio/wav", bytes=4, seconds=7, recorded_at=now)
    sound.moderation, sound.delete_after = Moderation.NEW, now + timedelta(days=90)
    session.add(sound)
    session.flush()
    return {"message": heard.id, "unread": unread.id, "call": call.id, "recording": sound.id}


def _reports(session: Session, club: int, phone: int, message: int, now: datetime) -> dict[str, int]:
    day = now.date() - timedelta(days=1)
    values = {
        "CR": {"theme": 12, "women": WOMEN, "men": MEN, "youth": 3, "radio": True, "mothers": 5},
        "QZ": {"theme": 12, "before": 5, "after": 6007, "voters": WOMEN},
        "DC": {"recipe": 4, "women": WOMEN, "men": MEN},
        "EV": {"event_type": 1, "women": WOMEN, "men": MEN},
        "RAS": {"reason": 3},
    }
    states = {"CR": ReportState.VALID, "QZ": ReportState.VALID, "DC": ReportState.HELD, "EV": ReportState.UNVERIFIED}
    ids = {}
    for place, (kind, said) in enumerate(values.items()):
        row = Report(
            number=9001 + place, kind=kind, club_id=club, session_date=day, values=said, contact_id=phone, reported_at=now
        )
        row.state, row.note, row.message_id = states.get(kind, ReportState.VALID), f"Merci {MARK}", message
        session.add(row)
        session.flush()
        ids[kind] = row.id
    draft = Report(kind="CR", club_id=club, session_date=day, values={"women": WOMEN}, contact_id=phone, reported_at=now)
    draft.state, draft.note = ReportState.DRAFT, MARK
    action = Action(club_id=club, number=41, type=2, note=f"40 pieds {MARK}", decided_on=day, due_on=day + timedelta(days=1))
    waits = [
        ExpectedReport(club_id=club, due_on=day - timedelta(days=7 * week), state=state)
        for week, state in enumerate((ExpectedState.ON_TIME, ExpectedState.WAITING, ExpectedState.MISSING))
    ]
    session.add_all([draft, action, *waits])
    session.flush()
    return {
        "number": 9001,
        "held_number": 9003,
        "report": ids["CR"],
        "held": ids["DC"],
        "unverified": ids["EV"],
        "draft": draft.id,
        "action": action.id,
    }


def _inquiries(session: Session, club: int, phone: int, ids: Ids, now: datetime) -> dict[str, int]:
    def inquiry(number: int, kind: InquiryKind, **more: object) -> int:
        row = Inquiry(
            number=number, kind=kind, contact_id=phone, club_id=club, text=f"Question {MARK}", received_at=now, due_at=now
        )
        for name, value in more.items():
            setattr(row, name, value)
        session.add(row)
        session.flush()
        return row.id

    return {
        "inquiry": inquiry(901, InquiryKind.NUTRITION, message_id=ids["message"]),
        "complaint": inquiry(902, InquiryKind.COMPLAINT, receipt_number=f"P-{MARK}"),
        "spoken": inquiry(903, InquiryKind.UNSORTED, recording_id=ids["recording"], text=None),
    }
