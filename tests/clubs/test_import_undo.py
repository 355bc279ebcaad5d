"""An import taken back within a day: what it made goes, whoever was used since stays and is counted."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.models import ListEntry, StaticList
from clubs import import_undo
from clubs.import_undo import NotUndone, Undone
from clubs.imports import carry_out, check
from clubs.models import LifeStage, Member, MemberImport, Post
from clubs.rows import HEADINGS
from clubs.sheets import read
from messaging import contacts
from messaging.models import Call, CallState, Consent, Contact, Direction, Message, MessageState, OptOut, Purpose
from runtime import audit
from runtime.audit import AuditEntry
from runtime.database import Database
from tests.world import World

FILE = """club;nom;sexe;numéro;accord messages;accord appels;date;témoin;étape de vie
1032;Aminata;F;76 12 34 56;oui;oui;15/03/2026;Issa;enceinte
1032;Oumou;F;76 12 34 57;oui;;15/03/2026;Issa;
1032;Sitan;F;;;;;;6-23 mois
1032;Ramata;F;00 01 00 04;oui;;15/03/2026;Issa;
"""
DAY = timedelta(days=1)


def brought(session: Session, now: datetime) -> MemberImport:
    plan = check(session, read(FILE.encode(), "membres.csv", HEADINGS), now.date())
    return session.get_one(MemberImport, carry_out(session, plan, now, 1).id)


def rows(session: Session) -> dict[str, int]:
    return {row.__tablename__: session.scalar(select(func.count()).select_from(row)) or 0 for row in (Member, Contact, Consent)}


def test_an_import_undone_leaves_everything_as_it_was(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        before = rows(session)
        made = brought(session, now)
        assert rows(session) == {
            "member": before["member"] + 4,
            "contact": before["contact"] + 2,
            "consent": before["consent"] + 4,
        }
        stages = select(Member.life_stage).where(Member.import_id == made.id).order_by(Member.id)
        assert list(session.scalars(stages)) == [LifeStage.PREGNANT, None, LifeStage.INFANT, None]
        assert import_undo.recent(session, now) == [made]
        assert import_undo.undo(session, made, now + timedelta(hours=23), 1) == Undone(members=4, contacts=2, kept=0)
        assert rows(session) == before
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        assert (entry.action, entry.subject_id, entry.details) == ("members.undo_import", made.id, {"members": 4, "kept": 0})


def test_the_same_file_can_then_be_imported_again(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        import_undo.undo(session, brought(session, now), now, 1)
        assert brought(session, now).members == 4


def phone(session: Session, world: World) -> Contact:
    found = contacts.find(session, "+22376123456")
    assert found is not None
    return found


def written_to(session: Session, world: World, member: Member, now: datetime) -> None:
    message = Message(direction=Direction.OUT, channel_id=world.channel, contact_id=member.contact_id, state=MessageState.QUEUED)
    message.not_before = message.created_at = now
    session.add(message)


def called(session: Session, world: World, member: Member, now: datetime) -> None:
    call = Call(direction=Direction.OUT, channel_id=world.channel, contact_id=member.contact_id, state=CallState.QUEUED)
    call.not_before = call.created_at = now
    session.add(call)


def heard_from(session: Session, world: World, member: Member, now: datetime) -> None:
    session.get_one(Contact, member.contact_id).last_heard_at = now


def posted(session: Session, world: World, member: Member, now: datetime) -> None:
    session.add(Post(member_id=member.id, club_id=world.clubs["1032"], since=now.date()))


def agreed_to_more(session: Session, world: World, member: Member, now: datetime) -> None:
    contact = session.get_one(Contact, member.contact_id)
    contacts.consent(session, contact, Purpose.SERIES, now, via="register", script_version="register", member_id=member.id)


def opted_out(session: Session, world: World, member: Member, now: datetime) -> None:
    session.add(OptOut(number_index=b"x" * 32, member_id=member.id, via="key", at=now))


def took_it_back(session: Session, world: World, member: Member, now: datetime) -> None:
    contacts.withdraw(session, session.get_one(Contact, member.contact_id), Purpose.CALL, now, member_id=member.id)


def corrected(session: Session, world: World, member: Member, now: datetime) -> None:
    audit.record(session, now, "correct_member", "member", member.id)


def language_corrected(session: Session, world: World, member: Member, now: datetime) -> None:
    audit.record(session, now, "correct_language", "contact", member.contact_id)


def stayed(
    session: Session, world: World, made: MemberImport, use: Callable[..., None], now: datetime
) -> tuple[Undone, list[str | None]]:
    aminata = session.scalars(select(Member).where(Member.import_id == made.id).order_by(Member.id)).first()
    assert aminata is not None
    use(session, world, aminata, now + timedelta(minutes=5))
    session.flush()
    undone = import_undo.undo(session, made, now + timedelta(hours=1), 1)
    left = list(session.scalars(select(Member.name).where(Member.import_id == made.id)))
    return undone, left


USES = (written_to, called, heard_from, posted, agreed_to_more, opted_out, took_it_back, corrected, language_corrected)


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__.replace("_", "-"))
def test_whoever_was_used_since_stays_with_number_and_agreements(
    database: Database, world: World, now: datetime, use: Callable[..., None]
) -> None:
    with database.writing() as session:
        undone, left = stayed(session, world, brought(session, now), use, now)
        assert (undone.members, undone.contacts, undone.kept, left) == (3, 1, 1, ["Aminata"])
        kept = select(Consent.purpose).where(Consent.contact_id == phone(session, world).id, Consent.via == "register")
        assert {Purpose.PUSH, Purpose.CALL} <= set(session.scalars(kept))


def test_a_number_that_a_list_names_stays_though_its_person_goes(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        made = brought(session, now)
        named = StaticList(name="Liste", created_at=now)
        session.add(named)
        session.flush()
        session.add(ListEntry(list_id=named.id, contact_id=phone(session, world).id))
        session.flush()
        assert import_undo.undo(session, made, now, 1) == Undone(members=4, contacts=1, kept=0)
        assert contacts.find(session, "+22376123456") is not None


def test_a_number_shown_is_no_use_of_it(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        made = brought(session, now)
        audit.record(session, now, "number_shown", "contact", phone(session, world).id)
        assert import_undo.undo(session, made, now, 1).kept == 0


def test_a_message_before_the_import_is_no_use_of_it(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        made = brought(session, now)
        ramata = session.scalars(select(Member).where(Member.import_id == made.id).order_by(Member.id.desc())).first()
        assert ramata is not None
        assert ramata.contact_id == world.contacts["binta"]
        written_to(session, world, ramata, now - DAY)
        session.flush()
        assert import_undo.undo(session, made, now, 1).kept == 0
        assert session.get(Contact, world.contacts["binta"]) is not None, "a number known before stays"


def test_it_is_undone_once_and_within_a_day(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        made = brought(session, now)
        with pytest.raises(NotUndone):
            import_undo.undo(session, made, now + DAY, 1)
        assert import_undo.recent(session, now + DAY) == []
        import_undo.undo(session, made, now + DAY - timedelta(seconds=1), 1)
        with pytest.raises(NotUndone):
            import_undo.undo(session, made, now, 1)
