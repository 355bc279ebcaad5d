"""What staff do with a question: sort it, propose and write down its answer, pass it on, put it away.

Each takes the inquiry for its transaction first: a colleague may be settling it at this moment.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from clubs.grammar.values import Kind
from clubs.records import Inquiry, InquiryKind, InquiryState, RadioEpisode
from clubs.reports import ANSWER_WITHIN
from messaging import contacts, moderation
from messaging.models import Contact, Message, Moderation, Purpose, Recording
from runtime import journal
from runtime.installation import installation

VALIDATION = "validation"
ANSWERED_BY: Mapping[InquiryKind, str | None] = {
    InquiryKind.UNSORTED: None,
    InquiryKind.NUTRITION: "communication",
    InquiryKind.COMPLAINT: "communication",
    InquiryKind.TESTIMONY: "communication",
    InquiryKind.PROTECTION: "protection",
}
"""Whose turn it is once a kind is known; a proposed health answer is Validation's."""
AT_ONCE = timedelta(days=1)
"""How soon the focal point should have looked at a disclosure."""


class InboxError(Exception):
    """Something that can no longer be done; `why` is one of "done", "quarantined", "number"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def sort(
    session: Session,
    row: Inquiry,
    kind: InquiryKind,
    now: datetime,
    staff_id: int | None = None,
    *,
    within: timedelta = ANSWER_WITHIN,
) -> bool:
    """Say what an inquiry is, and by when it wants an answer; True when a complaint got its receipt number, which it does once.

    A disclosure's recording is put apart with it. InboxError "done" when it is no longer open.
    """
    still_open(session, row)
    before, row.kind = row.kind, kind
    numbered = kind is InquiryKind.COMPLAINT and row.receipt_number is None
    if numbered:
        # Made of the inquiry's own number, which is unique, and which a caller has already heard: never two for one receipt.
        row.receipt_number = f"P{now:%y}-{row.number:04}"
    if kind is not InquiryKind.NUTRITION or row.role != VALIDATION:
        row.role = ANSWERED_BY[kind]
    row.due_at = row.received_at + (AT_ONCE if kind is InquiryKind.PROTECTION else within)
    if kind is InquiryKind.PROTECTION:
        row.shared_at = row.neighbour_at = row.answer_content_id = None
        _off_air(row)
    sound = session.get(Recording, row.recording_id) if row.recording_id else None
    if sound is not None and staff_id is not None:
        if kind is InquiryKind.PROTECTION:
            moderation.quarantine(sound, staff_id, now)
        elif before is InquiryKind.PROTECTION:
            moderation.release(sound, staff_id, now)
    session.flush()
    return numbered


def propose(session: Session, row: Inquiry, text: str | None, staff_id: int, content_id: int | None = None) -> None:
    """Keep an answer, typed or recorded, until somebody else lets it go: a typed one goes when Validation sends it."""
    still_open(session, row)
    row.answer, row.answered_by, row.role = text, staff_id, VALIDATION
    row.answer_content_id = content_id
    session.flush()


def answered(session: Session, row: Inquiry, text: str | None, staff_id: int, now: datetime) -> None:
    """Write down the answer that was queued in this transaction."""
    still_open(session, row)
    row.answer, row.answered_by, row.answered_at, row.state = text, staff_id, now, InquiryState.ANSWERED


def pass_on(session: Session, row: Inquiry, now: datetime) -> None:
    """The radio answers it: it leaves what waits, and nothing is claimed to be answered yet."""
    still_open(session, row)
    row.state, row.radio_at = InquiryState.PASSED_ON, now


def close(session: Session, row: Inquiry, now: datetime | None = None) -> None:
    """Put an inquiry away without an answer; a disclosure's voice is then kept no longer."""
    still_open(session, row)
    row.state = InquiryState.CLOSED
    let_go(session, row, now)


def reopen(session: Session, row: Inquiry) -> None:
    """Take an inquiry back that was put away or passed on."""
    session.refresh(row, with_for_update=True)
    if row.state not in (InquiryState.CLOSED, InquiryState.PASSED_ON):
        raise InboxError("done")
    row.state = InquiryState.OPEN
    _off_air(row)
    let_go(session, row, None)


def off_air(session: Session, contact: Contact, now: datetime) -> int:
    """Somebody takes back what they let the radio and other clubs have: their voices, and words not yet on air; how many.

    What waited for the radio to answer waits for us again.
    """
    done = contacts.withdraw(session, contact, Purpose.AIR, now)
    if not done:  # words are taken back, too, of which no consent tells
        journal.note(session, journal.No.WITHDRAW, contact.number_index, Purpose.AIR)
    aired = select(RadioEpisode.id).where(RadioEpisode.airs_at <= now)
    given = or_(Inquiry.radio_at.is_not(None), Inquiry.episode_id.is_not(None), Inquiry.neighbour_at.is_not(None))
    mine = select(Inquiry).where(Inquiry.contact_id == contact.id, given)
    coming = or_(Inquiry.episode_id.is_(None), Inquiry.episode_id.not_in(aired))
    for row in session.scalars(mine.where(coming).with_for_update()):
        row.neighbour_at = None
        _off_air(row)
        if row.state is InquiryState.PASSED_ON:
            row.state = InquiryState.OPEN
        done += 1
    return done


def _off_air(row: Inquiry) -> None:
    """It is not for the radio: neither its episode nor what was written of it for the station stays."""
    row.radio_at = row.episode_id = row.air_text = None


def take_up(session: Session, row: Message, now: datetime, club_id: int | None) -> Inquiry:
    """Make an inquiry of a message nobody answered; InboxError "done" when a colleague did so first."""
    _in_order(session)
    if session.scalar(select(Inquiry.id).where(Inquiry.message_id == row.id)) is not None:
        raise InboxError("done")
    made = Inquiry(contact_id=row.contact_id, club_id=club_id, message_id=row.id, text=row.text, received_at=row.created_at)
    return numbered(session, made, now)


def write_down(session: Session, text: str, now: datetime, *, contact_id: int | None, club_id: int | None) -> Inquiry:
    """Make an inquiry of what somebody said or wrote on paper; without a number it is answered by word of mouth."""
    return numbered(session, Inquiry(contact_id=contact_id, club_id=club_id, text=text, received_at=now), now)


def numbered(session: Session, made: Inquiry, now: datetime) -> Inquiry:
    """Add an inquiry under the next number, to be answered within the days of all."""
    _in_order(session)
    made.number, made.due_at = (session.scalar(select(func.max(Inquiry.number))) or 0) + 1, now + ANSWER_WITHIN
    session.add(made)
    session.flush()
    return made


def to_call_back(session: Session, contact: Contact) -> Inquiry | None:
    """The open request for a call that this phone's AIDE made."""
    by_help = Message.parse["kind"].as_string() == Kind.AIDE.value
    mine = select(Inquiry).join(Message, Message.id == Inquiry.message_id).where(Inquiry.contact_id == contact.id, by_help)
    return session.scalars(mine.where(Inquiry.state == InquiryState.OPEN).limit(1)).first()


def _in_order(session: Session) -> None:
    session.refresh(installation(session), with_for_update=True)  # orders the numbers of inquiries


def still_open(session: Session, row: Inquiry) -> None:
    """Take the inquiry for this transaction; InboxError "done" when a colleague settled it."""
    session.refresh(row, with_for_update=True)
    if row.state is not InquiryState.OPEN:
        raise InboxError("done")


def let_go(session: Session, row: Inquiry, now: datetime | None) -> None:
    """The focal point is done with a disclosure's voice (None: not yet): an answer alone does not end the matter."""
    sound = session.get(Recording, row.recording_id) if row.recording_id else None
    if sound is not None and sound.moderation is Moderation.QUARANTINED:
        moderation.close(sound, now)
