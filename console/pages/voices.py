"""The recorded voice of a question: heard, typed out, moderated, let out to the radio and to other clubs, taken back.

Each listening is written down, once for as long as it may take: a browser asks for the pieces of one sound many times.
"""

from datetime import timedelta

from flask import abort, request, send_file, url_for

from campaigns import answers
from clubs import inbox, inquiries
from clubs.inquiries import InboxError
from clubs.records import Inquiry, InquiryKind, InquiryState
from console.access import Answer, Pages, R, who
from console.answering import ANSWERS, eyes, open_to_me
from console.edge import exchange, now, writing
from console.forms import MOST, done
from console.pages.inbox import READERS
from console.words import _
from messaging import moderation
from messaging.models import Moderation, Recording
from messaging.moderation import ModerationError
from messaging.recordings import MEDIA_TYPE, path_of
from runtime import audit
from runtime.database import Session

pages = Pages("voices")
ONE_LISTENING = timedelta(minutes=10)
MODERATES = {
    "approve": "recording.approve",
    "refuse": "recording.refuse",
    "clear": "recording.clear",
    "take_back": "recording.take_back",
}
SHARES = {"share": "inquiry.share", "radio": "inquiry.radio", "neighbour": "inquiry.neighbour"}
LETS_OUT = {R.COMMUNICATION, R.VALIDATION}


@pages.page("/reception/question/<int:number>/son", roles=READERS)
def sound(number: int) -> Answer:
    """The recording, for those who may see its question; browsers may ask for a part of it and keep none."""
    with writing() as session:
        row = _recording(session, number)
        path = path_of(exchange().settings.var, row.sha256) if row.sha256 else None
        if path is None or not path.is_file():
            abort(404)
        _write_down(session, row)
    answer = send_file(path.resolve(), mimetype=MEDIA_TYPE, conditional=True, etag=False, last_modified=None, max_age=0)
    answer.headers["Cache-Control"] = "no-store, private"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@pages.page("/reception/question/<int:number>/transcrire", roles=READERS, post=True)
def transcribe(number: int) -> Answer:
    """Keep what somebody typed while listening."""
    text = request.form.get("transcript", "").strip()
    with writing() as session:
        row = _recording(session, number)
        row.transcript = text[:MOST] or None
        audit.record(session, now(session), "transcribe", "recording", row.id, staff_id=who().id)
    return done(url_for("inbox.question", number=number), _("Transcription gardée."))


@pages.page("/reception/question/<int:number>/moderer", roles=ANSWERS | LETS_OUT, post=True)
def moderate(number: int) -> Answer:
    """Approve or refuse a voice; let the radio have it, or take that back because its speaker said so."""
    act, reason = request.form.get("act", ""), request.form.get("reason", "").strip()[:200]
    words = {
        "approve": _("Voix approuvée."),
        "refuse": _("Voix refusée."),
        "clear": _("La radio et les autres clubs peuvent l'entendre."),
        "take_back": _("Accord retiré : cette voix ne sort plus du programme."),
    }
    if act not in words:
        abort(400)
    if not who().may(*(LETS_OUT if act == "clear" else ANSWERS)):
        abort(403)
    place = url_for("inbox.question", number=number)
    try:
        with writing() as session:
            row, at = _recording(session, number), now(session)
            _act(session, row, act, reason)
            audit.record(session, at, MODERATES[act], "recording", row.id, staff_id=who().id)
    except ModerationError as error:
        return done(place, refusal(error))
    return done(place, words[act])


@pages.page("/reception/question/<int:number>/regler", roles={R.PROTECTION}, post=True)
def settle(number: int) -> Answer:
    """The focal point says that a disclosure it answered is settled, or not yet: its voice is deleted a day later."""
    off = bool(request.form.get("off"))
    with writing() as session:
        row, at = open_to_me(session, number), now(session)
        inquiries.let_go(session, row, None if off else at)
        audit.record(session, at, "settle_disclosure", "inquiry", number, staff_id=who().id, off=off)
    said = _("La voix reste gardée.") if off else _("La voix sera effacée dans un jour.")
    return done(url_for("inbox.question", number=number), said)


@pages.page("/reception/question/<int:number>/partager", roles=LETS_OUT, post=True)
def share(number: int) -> Answer:
    """Let every club hear the answer, the radio take the question up, or other clubs hear the voice; or no longer."""
    act, off = request.form.get("act", ""), bool(request.form.get("off"))
    place = url_for("inbox.question", number=number)
    with writing() as session:
        row, at = open_to_me(session, number), now(session)
        if row.kind not in answers.ALOUD or act not in SHARES:
            abort(400)
        try:
            shared = _share(session, row, act, off)
        except InboxError:
            return done(place, _("Un collègue a déjà traité ce message."))
        if shared:
            audit.record(session, at, SHARES[act], "inquiry", number, staff_id=who().id, off=off)
    if not shared:
        return done(place, _("Il manque l'accord de la personne, ou l'approbation de sa voix."))
    return done(place, _("C'est retiré.") if off else _("C'est noté."))


def refusal(error: ModerationError) -> str:
    """Why a decision about a voice cannot stand, and what to do."""
    words = {
        "quarantined": _("Cette voix est mise à part. Seule la Protection en décide."),
        "no_consent": _("La personne n'a pas donné son accord pour la radio, ou l'a repris."),
        "not_approved": _("Approuvez d'abord cette voix."),
        "no_reason": _("Écrivez pourquoi vous refusez cette voix."),
    }
    return words[error.why]


def _recording(session: Session, number: int) -> Recording:
    """The recording of an inquiry that is for this person; a quarantined one is for Protection alone."""
    piece = inbox.inquiry(session, eyes(session), number)
    row = piece.recording if piece is not None else None
    if row is None or (row.moderation is Moderation.QUARANTINED and not who().may(R.PROTECTION)):
        abort(404)
    return row


def _write_down(session: Session, row: Recording) -> None:
    at, entry = now(session), audit.AuditEntry
    mine = session.query(entry.id).filter_by(action="recording.heard", subject_id=row.id, staff_id=who().id)
    if mine.filter(entry.at > at - ONE_LISTENING).first() is None:
        audit.record(session, at, "recording.heard", "recording", row.id, staff_id=who().id)


def _act(session: Session, row: Recording, act: str, reason: str) -> None:
    at = now(session)
    if act == "approve":
        moderation.approve(row, who().id, at)
    elif act == "refuse":
        moderation.refuse(row, who().id, reason, at)
    elif act == "clear":
        moderation.clear(session, row, at)
    else:
        moderation.take_back(session, row, at)


def _share(session: Session, row: Inquiry, act: str, off: bool) -> bool:
    at = now(session)
    if act == "share":
        if not off and (row.state is not InquiryState.ANSWERED or row.answer_content_id is None):
            return False
        row.shared_at = None if off else at
        return True
    voice = session.get(Recording, row.recording_id) if row.recording_id else None
    leaves = voice is None or (voice.cleared_at is not None and moderation.agreed(session, voice))
    if not off and (not leaves or (act == "neighbour" and (voice is None or row.kind is not InquiryKind.TESTIMONY))):
        return False
    if act == "neighbour":
        row.neighbour_at = None if off else at
    elif off and row.state is InquiryState.PASSED_ON:
        inquiries.reopen(session, row)
    elif off:
        row.radio_at = None
    elif row.state is InquiryState.OPEN:
        inquiries.pass_on(session, row, at)
    else:
        row.radio_at = at
    return True
