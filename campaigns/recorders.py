"""Prompts recorded by calling in: which phone and PIN is whose, what a number of the printed sheet means, the clips made of it.

What was kept enters like any recorded sound, unapproved: a second person hears it, and Validation approves it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import bindparam, exists, or_, select
from sqlalchemy.orm import Session

from campaigns.errors import CampaignError
from campaigns.keypad_reports import Answered
from campaigns.models import Dictation, Recorder
from campaigns.talk import Talk
from clubs import pins
from clubs.models import Member
from clubs.pins import LOCKED_FOR, TRIES, Pin
from dialogue.values import Value
from messaging import contacts, recordings
from messaging.exchange import Exchange
from messaging.models import Contact, Purpose, Recording
from messaging.numbers import is_malian_mobile, is_simulated, normalise
from runtime import audit
from translations import clips, packs
from translations.clips import PROMPT_SECONDS, ClipError
from translations.library import prompt_key
from translations.models import Content, Language
from translations.recordings import receive

AT_ONCE = 20
A_LANGUAGE = 1000
"""A prompt's number on the sheet of a language is the language's number in the menu times this, and its own place."""


def register(session: Session, staff_id: int, number: str, pin: str, now: datetime) -> Recorder:
    """Give a member of staff the phone and PIN she chose. CampaignError("number", "pin", "villager").

    Whoever types that PIN from that phone first proves that it is hers, and agrees to be called there.
    """
    whole = normalise(number)
    if whole is None or not (is_malian_mobile(whole) or is_simulated(whole)):
        raise CampaignError("number", staff_id)
    if pins.easy(pin):
        raise CampaignError("pin", staff_id)
    contact = contacts.find_or_create(session, whole, now)
    if session.scalar(select(Member.id).where(Member.contact_id == contact.id).limit(1)) is not None:
        raise CampaignError("villager", staff_id)
    row = session.get(Recorder, staff_id) or Recorder(staff_id=staff_id)
    row.contact_id, row.pin_hash, row.set_at = contact.id, pins.sealed(_owner(staff_id), pin), now
    row.pin_tries, row.pin_locked_until = 0, None
    session.add(row)
    session.flush()
    return row


def forget(session: Session, staff_id: int) -> bool:
    """Take phone and PIN back; whether there were any."""
    row = session.get(Recorder, staff_id)
    if row is not None:
        session.delete(row)
        session.flush()
    return row is not None


RECORDS = exists().where(Recorder.contact_id == bindparam("contact"))
"""Whether a member of staff records from the phone that is bound as "contact"."""


def _behind(session: Session, contact: Contact) -> list[Recorder]:
    """The members of staff who record from this phone."""
    return list(session.scalars(select(Recorder).where(Recorder.contact_id == contact.id).order_by(Recorder.staff_id)))


def numbers() -> dict[str, int]:
    """The place of each prompt on the sheets, by label, from 1."""
    return {label: place for place, label in enumerate(packs.prompts(), start=1)}


def answer(talk: Talk, kind: str, values: Mapping[str, Value]) -> Answered | None:
    """What the dictation flow's Consult is answered with, None where it is none of its own."""
    match kind:
        case "recorder":
            return _pin(talk, str(values["pin"] or ""))
        case "prompt":
            return _prompt(talk.session, str(values["number"] or ""))
        case "taken":
            return ("here" if _recording(talk, values) is not None else "lost"), {}
        case "dictated":
            return _keep(talk, values), {}
        case _:
            return None


def take_dictations(exchange: Exchange, now: datetime) -> int:
    """Make clips of what was kept and has come in; how many were settled. One that is no good says why, in French."""
    come = or_(Recording.fetched_at.is_not(None), Recording.refused.is_not(None))
    due = select(Dictation.id).join(Recording, Recording.id == Dictation.recording_id).where(Dictation.done_at.is_(None), come)
    with exchange.database.reading() as session:
        ids = list(session.scalars(due.order_by(Dictation.id).limit(AT_ONCE)))
    for id_ in ids:
        _settle(exchange, id_, now)
    return len(ids)


def _settle(exchange: Exchange, id_: int, now: datetime) -> None:
    var = exchange.settings.var
    with exchange.database.reading() as session:
        sha256 = session.get_one(Recording, session.get_one(Dictation, id_).recording_id).sha256
    sound, why = None, "L'enregistrement n'est pas arrivé. Recommencez."
    try:
        if sha256:
            sound = clips.accept(recordings.path_of(var, sha256).read_bytes(), var, most_seconds=PROMPT_SECONDS)
    except (ClipError, OSError) as error:
        why = str(error) if isinstance(error, ClipError) else why
    with exchange.database.writing() as session:
        row = session.get_one(Dictation, id_, with_for_update=True)
        if row.done_at is not None:
            return  # another worker was faster
        row.done_at = now
        if sound is None:
            row.refused = why[:120]
            return
        try:
            with session.begin_nested():
                clip = receive(session, row.content_id, row.language, sound, row.staff_id, now)
                audit.record(session, now, "clip.add", "clip", clip.id, staff_id=row.staff_id)
        except ClipError as error:
            row.refused = str(error)[:120]


def _pin(talk: Talk, typed: str) -> Answered:
    free = [
        row for row in _behind(talk.session, talk.contact) if row.pin_locked_until is None or row.pin_locked_until <= talk.now
    ]
    for row in free:
        if pins.opens(row.pin_hash, _owner(row.staff_id), typed):
            row.pin_tries, row.pin_locked_until = 0, None
            if not contacts.has_consent(talk.session, talk.contact.id, Purpose.CALL):
                contacts.consent(talk.session, talk.contact, Purpose.CALL, talk.now, via="voice", script_version="staff")
            return Pin.RIGHT.value, {"staff": row.staff_id}
    for row in free:  # nobody said who typed
        row.pin_tries += 1
        if row.pin_tries >= TRIES:
            row.pin_tries, row.pin_locked_until = 0, talk.now + LOCKED_FOR
    locked = all(row.pin_locked_until is not None and row.pin_locked_until > talk.now for row in free)
    return (Pin.LOCKED if locked else Pin.WRONG).value, {}


def _prompt(session: Session, typed: str) -> Answered:
    place, menu = (int(typed) % A_LANGUAGE, int(typed) // A_LANGUAGE) if typed.isdecimal() and len(typed) < 6 else (0, 0)
    label = next((label for label, number in numbers().items() if number == place), "")
    language = session.scalar(select(Language.code).where(Language.menu_number == menu, Language.active))
    content = session.scalar(select(Content.id).where(Content.key == prompt_key(label)))
    if language is None or content is None:
        return "bad", {}
    return "known", {"content": content, "tongue": language}


def _keep(talk: Talk, values: Mapping[str, Value]) -> str:
    row = _recording(talk, values)
    if row is None:
        return "lost"
    known = talk.session.scalar(select(Dictation.id).where(Dictation.recording_id == row.id))
    if known is None:
        talk.session.add(
            Dictation(
                recording_id=row.id,
                staff_id=int(str(values["staff"])),
                content_id=int(str(values["content"])),
                language=str(values["tongue"]),
                kept_at=talk.now,
            )
        )
        row.delete_after = talk.now + timedelta(days=1)  # the clip is what stays
        talk.session.flush()
    return "kept"


def _recording(talk: Talk, values: Mapping[str, Value]) -> Recording | None:
    sound = str(values["sound"] or "")
    row = talk.session.get(Recording, int(sound)) if sound.isdecimal() else None
    return row if row is not None and row.call_id == talk.call.id else None


def _owner(staff_id: int) -> str:
    return f"staff:{staff_id}"
