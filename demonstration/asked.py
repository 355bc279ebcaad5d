"""A few questions asked aloud, so that the inbox of the demonstration has voices to hear, moderate and answer.

Spoken by espeak-ng like every draft voice: nobody's own voice is in a demonstration.
"""

from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from clubs.models import Member
from clubs.records import Inquiry, InquiryKind
from clubs.reports import ANSWER_WITHIN
from messaging import channels, contacts, recordings
from messaging.exchange import Exchange
from messaging.models import Call, CallState, Channel, Contact, Direction, Kind, Purpose
from messaging.recordings import SoundError, Stored
from runtime.installation import Installation, installation
from translations.clips import ToolMissing, draft_voice

ALOUD: tuple[tuple[str, InquiryKind, int | None, bool, int], ...] = (
    ("Mon enfant de huit mois refuse la bouillie. Que faire ?", InquiryKind.UNSORTED, None, False, 5),
    ("Peut-on donner un oeuf à un enfant de sept mois ?", InquiryKind.NUTRITION, 63, False, 200),
    ("Dans notre club, nous mettons du niébé écrasé dans la bouillie.", InquiryKind.TESTIMONY, 33, True, 30),
)
"""Words, kind, theme, whether the radio may have them, hours ago."""


def ask_aloud(exchange: Exchange, now: datetime) -> int:
    """Have some members ask by voice, once; how many. None where espeak-ng or ffmpeg is missing."""
    with exchange.database.reading() as session:
        if not _wanted(session):
            return 0
    try:
        sounds = [recordings.keep(exchange.settings.var, _spoken(exchange, words)) for words, *_ in ALOUD]
    except (ToolMissing, SoundError):
        return 0
    with exchange.database.writing() as session:
        session.refresh(installation(session), with_for_update=True)  # orders the numbers of inquiries
        if not _wanted(session):
            return 0
        behind = select(Member).where(Member.contact_id.is_not(None), Member.club_id.is_not(None)).order_by(Member.id)
        people = session.scalars(behind.limit(len(ALOUD))).all()
        for person, sound, (_, kind, theme, agrees, hours) in zip(people, sounds, ALOUD, strict=False):
            _ask(session, exchange, person, sound, (kind, theme, agrees), now - timedelta(hours=hours))
    return len(people)


def _spoken(exchange: Exchange, words: str) -> bytes:
    return draft_voice(words, exchange.settings.var).path.read_bytes()


def _wanted(session: Session) -> bool:
    aloud = session.scalar(select(exists().where(Inquiry.recording_id.is_not(None))))
    place = session.get(Installation, 1)
    return not aloud and place is not None and place.demonstration


def _ask(
    session: Session, exchange: Exchange, person: Member, sound: Stored, about: tuple[InquiryKind, int | None, bool], at: datetime
) -> None:
    kind, theme, agrees = about
    contact = session.get_one(Contact, person.contact_id)
    channel = session.scalars(select(Channel).where(Channel.gateway == channels.SIMULATOR).order_by(Channel.id)).first()
    if channel is None:
        return
    call = Call(direction=Direction.OUT, channel_id=channel.id, contact_id=contact.id, kind=Kind.REPLY, state=CallState.COMPLETED)
    call.not_before = call.created_at = call.answered_at = call.ended_at = at
    session.add(call)
    session.flush()
    row = recordings.announce(session, exchange.settings.var, call, sound.sha256, at)
    row.air_consent = agrees
    if agrees:
        contacts.consent(session, contact, Purpose.AIR, at, via="voice", script_version="voice-demo")
    number = (session.scalar(select(func.max(Inquiry.number))) or 0) + 1
    asked = Inquiry(number=number, kind=kind, contact_id=contact.id, club_id=person.club_id, recording_id=row.id)
    asked.theme_code, asked.received_at, asked.due_at = theme, at, at + ANSWER_WITHIN
    session.add(asked)
    session.flush()
