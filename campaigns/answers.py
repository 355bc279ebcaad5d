"""Answers to what listeners asked: brought by a call of their own, and heard in the menu by whoever asks for them there.

A recorded answer passes the same eyes as any other sound; once it is approved, the clock brings it. Nothing said in confidence, a
complaint or a disclosure, is ever heard in a menu: several people may hold the same phone.
"""

from datetime import datetime, timedelta

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, func, literal, or_, select, text, union_all
from sqlalchemy.orm import Session

from campaigns.replies import languages_of
from campaigns.talk import Talk
from campaigns.voice import label_of
from clubs import inquiries
from clubs.records import Inquiry, InquiryKind, InquiryState
from dialogue.flow import Flow
from dialogue.flows import outgoing_flow
from dialogue.recording import LABELS
from dialogue.values import Line
from messaging import channels, contacts, moderation
from messaging.exchange import DIAL, Exchange
from messaging.models import Call, Channel, Contact, ContactState, Kind, Purpose, Recording
from messaging.queue import queue_call
from runtime import audit
from translations import contents, library
from translations.content_entries import Pack
from translations.models import Content, ContentKind, Variant

OF_ONE = "answer:"
"""How the keys of recorded answers to one inquiry begin."""
OWN_AT_MOST = 3
SHARED_AT_MOST = 2
LIFE = timedelta(days=3)
"""How long a call with an answer is tried; it stays in the menu after that."""
CORE_S = 15.0
"""Whoever hung up before this second of a recorded answer is called once more."""
ALOUD = (InquiryKind.NUTRITION, InquiryKind.TESTIMONY)
_CALLER: BindParameter[int] = bindparam("contact")


def _newest(own: bool, *which: ColumnElement[bool]) -> Select[int | None, datetime | None, int, int]:
    rows = (
        select(Inquiry.answer_content_id.label("content"), Inquiry.answered_at, Inquiry.id, literal(int(own)).label("own"))
        .where(Inquiry.state == InquiryState.ANSWERED, Inquiry.kind.in_(ALOUD), Inquiry.answer_content_id.is_not(None), *which)
        .order_by(Inquiry.answered_at.desc(), Inquiry.id.desc())
        .limit(20)
        .subquery()
    )
    return select(rows.c.content, rows.c.answered_at, rows.c.id, rows.c.own)


_OTHERS = or_(Inquiry.contact_id.is_(None), Inquiry.contact_id != _CALLER)
_SAID = union_all(_newest(True, Inquiry.contact_id == _CALLER), _newest(False, Inquiry.shared_at.is_not(None), _OTHERS)).order_by(
    text("answered_at DESC"), text("id DESC")
)
"""The newest answers to this phone, and those that staff cleared for every club."""
_ELSEWHERE = (
    select(Recording.id, Inquiry.theme_code)
    .join(Inquiry, Inquiry.recording_id == Recording.id)
    .join(Call, Call.id == Recording.call_id)
    .where(Inquiry.neighbour_at.is_not(None), Inquiry.kind.in_(ALOUD), *moderation.may_leave())
    .where(Call.contact_id != _CALLER, Inquiry.club_id.is_not(None), Inquiry.club_id.not_in(bindparam("clubs", expanding=True)))
    .order_by(Inquiry.neighbour_at.desc(), Recording.id.desc())
    .limit(20)
)
"""What other clubs said and may be heard."""


def why_no_call(session: Session, contact: Contact | None) -> str | None:
    """Why no call can bring this number an answer, one of "number", "stopped", "no_consent", "no_channel"; None when one can."""
    if contact is None or not (contact.number or "").startswith("+"):
        return "number"
    if contact.state is not ContactState.ACTIVE:
        return "stopped"
    if not contacts.has_consent(session, contact.id, Purpose.CALL):
        return "no_consent"
    return None if _line(session, contact) else "no_channel"


def spoken(session: Session, contact: Contact, content: Content, now: datetime) -> Variant | None:
    """The approved sound of a content in this number's language, or one it falls back on."""
    return library.choose(session, content, languages_of(session, contact), library.Way.VOICE, now=now)


def content_of(session: Session, row: Inquiry) -> Content:
    """The content that holds the recorded answer to one inquiry: the one it has, or a new one."""
    found = session.get(Content, row.answer_content_id) if row.answer_content_id else None
    if found is not None and not for_all(found):
        return found
    # Not found by its key: the contents of a demonstration outlive its inquiries, whose numbers come back.
    key = f"{OF_ONE}{row.number}:"
    taken = session.scalar(select(func.count()).where(Content.key.startswith(key, autoescape=True))) or 0
    title = f"Réponse à la question {row.number}"
    return contents.create(session, ContentKind.ANSWER, title, theme_code=row.theme_code, key=f"{key}{taken + 1}")


def for_all(content: Content) -> bool:
    """Whether a content was written to answer anybody, and not one inquiry."""
    return not content.key.startswith(OF_ONE)


def call(session: Session, exchange: Exchange, row: Inquiry, content: Content, now: datetime) -> Call | None:
    """Queue the call that brings an answer; None where `why_no_call` has a reason, or no approved sound fits the number."""
    contact = session.get(Contact, row.contact_id) if row.contact_id else None
    if contact is None or why_no_call(session, contact):
        return None
    variant, channel = spoken(session, contact, content, now), _line(session, contact)
    if variant is None or channel is None:
        return None
    queued = queue_call(session, None, contact, variant, now, channel, Kind.ANSWER)
    queued.expires_at = now + LIFE
    session.flush()
    row.answer_content_id, row.answer_call_id = content.id, queued.id
    session.flush()
    exchange.work.nudge(session, DIAL, channel.id)
    return queued


def deliver(exchange: Exchange, now: datetime) -> int:
    """Bring every recorded answer that was approved meanwhile; how many. What cannot be brought stays open."""
    with exchange.database.writing() as session:
        waiting = select(Inquiry).where(Inquiry.state == InquiryState.OPEN, Inquiry.answer_content_id.is_not(None))
        return sum(
            _bring(session, exchange, row, now) for row in session.scalars(waiting.order_by(Inquiry.id).with_for_update()).all()
        )


def _bring(session: Session, exchange: Exchange, row: Inquiry, now: datetime) -> bool:
    content = session.get_one(Content, row.answer_content_id)
    contact = session.get(Contact, row.contact_id) if row.contact_id else None
    if contact is None or row.answered_by is None or spoken(session, contact, content, now) is None:
        return False
    if call(session, exchange, row, content, now) is None:
        return False  # its page says why: staff answer by SMS, or put it away
    inquiries.answered(session, row, row.answer, row.answered_by, now)
    audit.record(session, now, "bring_answer", "inquiry", row.id, actor_kind="service")
    return True


def answer_flow(talk: Talk) -> Flow | None:
    """What a call that brings an answer plays; None for one that was taken back."""
    row = talk.session.scalar(select(Inquiry).where(Inquiry.answer_call_id == talk.call.id))
    if row is None or row.answer_content_id is None or not talk.voice.can_say(row.answer_content_id):
        return None
    told = [Line("receipt"), Line("digits", {"n": row.number})] if row.kind is InquiryKind.COMPLAINT else []
    asks = talk.voice.offers(Pack.B, *LABELS)
    return outgoing_flow(label_of(row.answer_content_id), before=(*told, Line("answers_intro")), asks=asks)


def heard(talk: Talk) -> list[str]:
    """The labels of what choice 4 plays: the newest answers to this phone, then those staff cleared for every club."""
    voice = talk.voice
    if not voice.offers(Pack.B, "answers_intro", "option_answers"):
        return []
    said = [row for row in talk.session.execute(_SAID, {"contact": talk.contact.id}) if voice.can_say(row.content)]
    mine = dict.fromkeys(row.content for row in said if row.own)
    others = dict.fromkeys(row.content for row in said if not row.own)
    return [label_of(id_) for id_ in dict.fromkeys([*list(mine)[:OWN_AT_MOST], *list(others)[:SHARED_AT_MOST]])]


def neighbour(talk: Talk, theme_code: int | None) -> Line | None:
    """« La voix d'à côté »: what another club said on this theme, or the newest on any, by its own voice; no village is named."""
    if not talk.voice.offers(Pack.B, "neighbour_intro", "option_answers"):
        return None
    mine = [club.id for club in talk.clubs]
    found = talk.session.execute(_ELSEWHERE, {"contact": talk.contact.id, "clubs": mine}).all()
    same = [id_ for id_, theme in found if theme_code is not None and theme == theme_code]
    chosen = next(iter(same or [id_ for id_, _ in found]), None)
    return None if chosen is None else Line("recording", {"id": chosen})


def _line(session: Session, contact: Contact) -> Channel | None:
    return channels.choose(session, channels.VOICE, contact.language, contact.number or "")
