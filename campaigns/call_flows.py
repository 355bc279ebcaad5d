"""Which flow a call plays: a pushed message's, a stranger's, the main menu, or a facilitator's report first.

An option is offered where there is something behind it and the caller's language has the sounds to speak of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from campaigns import answers, enrolments, keypad_reports, quizzes, recorders
from campaigns.models import CampaignEvent, Occurrence, Question, Quiz, Repeat
from campaigns.talk import Talk
from campaigns.voice import Voice, label_of
from clubs import feedback, people
from clubs.models import Sex
from clubs.month import before, met, month_of
from dialogue import facilitator, guided, recording
from dialogue.dictation import dictation_flow
from dialogue.flow import Flow
from dialogue.flows import LANGUAGES_AT_MOST, QuizScript, main_flow, outgoing_flow
from dialogue.nodes import Speak
from dialogue.stranger import stranger_flow
from dialogue.turns import turns_flow
from dialogue.values import Line
from messaging import contacts
from messaging.models import Broadcast, BroadcastState, Kind, Purpose
from runtime.database import Json
from translations.content_entries import Pack
from translations.models import Content, ContentKind, Language

NEWEST = 20
AROUND = timedelta(hours=2)
"""How far from a club's hour a bip is its meeting's."""
_AUDIENCES = {Sex.WOMAN.value: "woman", Sex.MAN.value: "man"}


@dataclass(frozen=True)
class _Phone:
    """What a call asks of its phone: does staff record from it, did somebody agree to calls, is a voice of it on air (which may
    be taken back), does a place in a series wait for its agreement."""

    records: bool
    agreed: bool
    airs: bool
    to_ask: bool


@dataclass(frozen=True)
class _Message:
    """A content that was sent, as much of it as a menu asks for."""

    id: int
    kind: ContentKind
    theme_code: int | None


_SENT = (
    select(Content.id, Content.kind, Content.theme_code)
    .join(Broadcast, Broadcast.content_id == Content.id)
    .where(
        Broadcast.state.in_((BroadcastState.RUNNING, BroadcastState.FINISHED)),
        Broadcast.not_before <= bindparam("now"),
        Content.kind == ContentKind.MESSAGE,
    )
    .order_by(Broadcast.not_before.desc(), Broadcast.id.desc())
    .limit(NEWEST)
)
_SAME_THEME = (
    select(Question)
    .join(Quiz, Quiz.id == Question.quiz_id)
    .where(Question.theme_code == bindparam("theme"), Question.options <= 3, Quiz.open)
    .order_by(Question.club_question.desc(), Question.id)
)
_PHONE = select(recorders.RECORDS, contacts.agreed(Purpose.CALL), contacts.agreed(Purpose.AIR), enrolments.TO_ASK)


def flow_of(talk: Talk) -> Flow:
    """The flow this call begins with."""
    with talk.session.no_autoflush:  # what the step has changed so far concerns its call, of which nothing here asks
        return _flow_of(talk)


def _flow_of(talk: Talk) -> Flow:
    voice, unasked = talk.voice, talk.call.broadcast_id is None
    phone = _Phone(*talk.session.execute(_PHONE, {"contact": talk.contact.id}).one())
    if unasked and phone.records:
        return dictation_flow()
    if unasked and not phone.agreed and voice.offers(Pack.A, "consent_ask"):
        return stranger_flow(languages=_spoken(talk.session, voice))
    if talk.call.kind is Kind.ANSWER:
        return answers.answer_flow(talk) or _menu(talk, phone, voice)
    broadcast = talk.session.get(Broadcast, talk.call.broadcast_id) if talk.call.broadcast_id is not None else None
    if broadcast is not None:
        content = talk.session.get_one(Content, broadcast.content_id)
        return pushed_flow(talk.session, voice, content, broadcast.audience, _of_series(talk.session, broadcast))
    return turns_flow() if _in_turn(talk, voice) else _menu(talk, phone, voice)


def _in_turn(talk: Talk, voice: Voice) -> bool:
    """Whether a club behind this phone is in its weekly hour."""
    local = talk.now.astimezone(ZoneInfo(talk.zone))
    now = any(people.talk_hour(club, local) for club in talk.behind.here)
    return now and voice.offers(Pack.B, *recording.LABELS)


def pushed_flow(session: Session, voice: Voice, brought: Content, wanted: Json, series: bool) -> Flow:
    """What a call plays that brings this content to the audience `wanted` (a filter's JSON)."""
    content = _Message(brought.id, brought.kind, brought.theme_code)
    question = _question(session, content, voice)
    script = _script(question, voice) if question else None
    audience = _audience(wanted)
    flow = outgoing_flow(
        label_of(content.id),
        quiz=script,
        languages=_languages(session, content, voice),
        audience=audience if audience and voice.offers(Pack.B, f"aud_{audience}") else "",
        declares=voice.offers(Pack.B, "who_listened"),
        asks=voice.offers(Pack.B, *recording.LABELS),
        series=series and voice.offers(Pack.SERIES, "series_key", "series_done"),
    )
    if content.kind is ContentKind.QUESTION and script is not None:
        # The question is the message: it is put at once, with every key of an outgoing call.
        nodes = {name: node for name, node in flow.nodes.items() if name != "who_listened" and not name.startswith("listener_")}
        flow = replace(flow, nodes={**nodes, "core": Speak((), "quiz")})
    return flow


def _menu(talk: Talk, phone: _Phone, voice: Voice) -> Flow:
    sent = _sent(talk.session, voice)
    content = next((one for one in sent if voice.can_say(one.id)), None)
    question = _question(talk.session, content, voice)
    reports = voice.offers(Pack.C, *facilitator.LABELS) and keypad_reports.may_report(talk)
    if content is not None and not reports and not voice.offers(Pack.B, "menu_main"):
        # No menu can be said: the latest message plays, with the keys of a message that we send.
        return outgoing_flow(label_of(content.id), languages=_languages(talk.session, content, voice))
    return main_flow(
        latest=(label_of(content.id),) if content else (),
        quiz=_script(question, voice) if question else None,
        themes=_themes(sent, voice),
        asks=voice.offers(Pack.B, *recording.LABELS),
        testifies=voice.offers(Pack.B, "option_testimony", *recording.LABELS),
        airs=phone.airs and voice.offers(Pack.B, "option_air", "air_ask", "air_no"),
        answers=answers.heard(talk),
        neighbour=answers.neighbour(talk, content.theme_code if content else None),
        summary=_summary(talk, voice),
        reports=reports,
        guided=_guided(talk, voice, content) if reports else None,
        series_asks=phone.to_ask and voice.offers(Pack.SERIES, "series_ask", "series_done"),
        first=facilitator.FIRST if reports else "opening",
    )


def _summary(talk: Talk, voice: Voice) -> list[Line]:
    """The last whole month of the caller's club, for whoever belongs to one that met."""
    if not talk.clubs or not voice.offers(Pack.C, "option_summary", "summary_intro", "summary_thanks"):
        return []
    club_id, month = talk.clubs[0].id, before(talk.today)
    figures = feedback.spoken(month_of(talk.session, club_id, month)) if met(talk.session, club_id, month) else []
    if not figures or not voice.has(*(unit for unit, _ in figures)):
        return []
    return [*(Line("count", {"n": n, "unit": unit}) for unit, n in figures), Line("summary_thanks")]


def _guided(talk: Talk, voice: Voice, content: _Message | None) -> tuple[int, list[str]] | None:
    """The message of the session that is meeting now, where its club's hour is known."""
    if content is None or content.theme_code is None or not voice.offers(Pack.C, *guided.LABELS):
        return None
    local = talk.now.astimezone(ZoneInfo(talk.zone))
    for club in talk.clubs:
        if club.weekday == local.weekday() and club.meets_at:
            hour, minute = club.meets_at.split(":")
            begins = local.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
            if begins - AROUND <= local <= begins + AROUND:
                return content.theme_code, [label_of(content.id)]
    return None


def _audience(wanted: Json) -> str:
    """The one audience a message was made for, empty for a general one."""
    sexes = wanted.get("sexes") or []
    return _AUDIENCES.get(sexes[0], "") if len(sexes) == 1 else ""


def _of_series(session: Session, broadcast: Broadcast) -> bool:
    event = select(CampaignEvent.repeat).join(Occurrence, Occurrence.event_id == CampaignEvent.id)
    return session.scalar(event.where(Occurrence.broadcast_id == broadcast.id)) is Repeat.STAGE


def _sent(session: Session, voice: Voice) -> list[_Message]:
    """The messages sent to anybody, the newest first."""
    found = [_Message(*row) for row in session.execute(_SENT, {"now": voice.now})]
    voice.learn(content.id for content in found)
    return found


def _themes(sent: Iterable[_Message], voice: Voice) -> dict[int, list[str]]:
    """The last message of each group of themes that can be said, where the group's name can be said, too."""
    found: dict[int, list[str]] = {}
    if not voice.offers(Pack.B, "theme_list", "option_themes"):
        return found
    for content in sent:
        group = (content.theme_code or 0) // 10
        if 1 <= group <= 8 and group not in found and voice.can_say(content.id) and voice.has(f"option_theme_{group}"):
            found[group] = [label_of(content.id)]
    return found if len(found) > 1 else {}


def _question(session: Session, content: _Message | None, voice: Voice) -> Question | None:
    """The content's own question, or one on the same theme: the club question first."""
    if content is None or not voice.offers(Pack.B):
        return None
    if content.kind is ContentKind.QUESTION:
        return quizzes.question_of(session, content.id)
    found = session.scalars(_SAME_THEME, {"theme": content.theme_code})
    return next((one for one in found if voice.can_say(one.content_id)), None)


def _script(question: Question, voice: Voice) -> QuizScript:
    keys = tuple(str(key) for key in range(1, question.options + 1))
    why = question.explanation_id
    told = (label_of(why),) if why is not None and voice.can_say(why) else ()
    return QuizScript(question.id, label_of(question.content_id), keys, str(question.right), told)


def _languages(session: Session, content: _Message, voice: Voice) -> list[str]:
    """The languages this content can be heard in, in the order of the menu."""
    return voice.speaks(label_of(content.id), _known(session))[:LANGUAGES_AT_MOST]


def _spoken(session: Session, voice: Voice) -> list[str]:
    """The languages that can name themselves, in the order of the menu."""
    return voice.speaks("lang_choose", _known(session))[:LANGUAGES_AT_MOST]


def _known(session: Session) -> list[str]:
    return list(session.scalars(select(Language.code).where(Language.active).order_by(Language.menu_number)))
