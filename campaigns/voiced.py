"""Questions asked and testimonies given by voice: each is an inquiry with its recording, for staff to hear, as soon as the
sound ends.

Whoever hangs up without choosing has asked; who deletes has not, and nothing of it stays.
"""

from datetime import datetime

from sqlalchemy import delete, select

from campaigns.keypad_reports import Answered
from campaigns.talk import Talk
from clubs import inquiries
from clubs.records import Inquiry, InquiryKind, InquiryState
from dialogue.recording import QUESTION, TESTIMONY
from messaging import contacts, recordings
from messaging.exchange import Exchange
from messaging.models import Purpose, Recording


def asked(talk: Talk, sound: str, what: str = QUESTION) -> Answered:
    """Make an inquiry of a recording; its number is told to the caller."""
    row = _recording(talk, sound)
    if row is None:
        return "lost", {}
    made = Inquiry(
        kind=InquiryKind.TESTIMONY if what == TESTIMONY else InquiryKind.UNSORTED,
        contact_id=talk.contact.id,
        club_id=talk.clubs[0].id if len(talk.clubs) == 1 else None,
        recording_id=row.id,
        received_at=talk.now,
    )
    return "kept", {"inquiry": inquiries.numbered(talk.session, made, talk.now).number}


def take_back(talk: Talk, sound: str) -> None:
    """Forget a question its speaker deleted or speaks again."""
    row = _recording(talk, sound)
    if row is not None:
        talk.session.execute(delete(Inquiry).where(Inquiry.recording_id == row.id))
        recordings.discard(talk.session, talk.exchange.settings.var, row)


def on_air(talk: Talk, sound: str, yes: bool) -> None:
    """Whether the radio may play it; a yes is a consent of its own, which can be taken back."""
    row = _recording(talk, sound)
    if row is None:
        return
    row.air_consent = yes
    if yes:
        voice = talk.voice
        version = f"voice-{voice.variant_of('air_ask') or 'shipped'}"
        contacts.consent(
            talk.session, talk.contact, Purpose.AIR, talk.now, via="voice", script_version=version, language=voice.language
        )


def fetch_recordings(exchange: Exchange, now: datetime) -> int:
    """Fetch what callers recorded; a question of which nothing can be heard is closed. How many were settled."""
    settled = recordings.fetch_due(exchange, now)
    if settled:
        with exchange.database.writing() as session:
            silent = select(Recording.id).where(Recording.id.in_(settled), Recording.refused == "too_short")
            rows = select(Inquiry).where(Inquiry.recording_id.in_(silent), Inquiry.state == InquiryState.OPEN)
            for row in session.scalars(rows):
                row.state = InquiryState.CLOSED
    return len(settled)


def _recording(talk: Talk, sound: str) -> Recording | None:
    """This very call's recording of that id."""
    row = talk.session.get(Recording, int(sound)) if sound.isdecimal() else None
    return row if row is not None and row.call_id == talk.call.id else None
