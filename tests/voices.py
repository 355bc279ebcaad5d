"""Recorded questions for tests: a voice on the disk, its inquiry, and who agreed to what."""

from datetime import datetime

from clubs.records import Inquiry, InquiryKind
from messaging import contacts, recordings
from messaging.exchange import Exchange
from messaging.models import Call, CallState, Contact, Direction, Kind, Purpose, Recording
from tests.calls import hum
from tests.world import World


def asked_aloud(
    exchange: Exchange,
    world: World,
    now: datetime,
    who: str = "awa",
    *,
    kind: InquiryKind = InquiryKind.UNSORTED,
    agrees: bool = False,
    club: str | None = "1032",
    theme: int | None = None,
    seconds: float = 2.5,
) -> int:
    """The inquiry's id."""
    stored = recordings.keep(exchange.settings.var, hum(seconds))
    with exchange.database.writing() as session:
        call = Call(
            direction=Direction.OUT,
            channel_id=world.channel,
            contact_id=world.contacts[who],
            kind=Kind.REPLY,
            state=CallState.COMPLETED,
            not_before=now,
            created_at=now,
            attempts=1,
            uncounted=0,
            retry=False,
            turn=0,
        )
        session.add(call)
        session.flush()
        sound = recordings.announce(session, exchange.settings.var, call, stored.sha256, now)
        sound.air_consent = agrees
        if agrees:
            person = session.get_one(Contact, world.contacts[who])
            contacts.consent(session, person, Purpose.AIR, now, via="voice", script_version="voice-1")
        row = Inquiry(
            number=sound.id,
            kind=kind,
            contact_id=world.contacts[who],
            club_id=world.clubs[club] if club else None,
            recording_id=sound.id,
            theme_code=theme,
            received_at=now,
            due_at=now,
        )
        session.add(row)
        session.flush()
        return row.id


def recording(exchange: Exchange, inquiry_id: int) -> Recording:
    """The recording of an inquiry, as it stands."""
    with exchange.database.reading() as session:
        return session.get_one(Recording, session.get_one(Inquiry, inquiry_id).recording_id)
