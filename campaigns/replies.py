"""What a verdict of the grammar means beyond the clubs: quiz answers, languages, consents, stops, the staff's inbox.

Each returns the words of the reply where these differ from the grammar's own: they are contents, approved in each language.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns import enrolments, quizzes
from campaigns.agreements import agree, to_series
from campaigns.models import Question
from campaigns.wording import fallbacks
from clubs import inquiries, people
from clubs.grammar.context import Asked, Context, Prompt, Sender
from clubs.grammar.values import Kind
from clubs.grammar.verdict import Do, Verdict
from clubs.records import Inquiry
from messaging import channels, contacts
from messaging.models import Channel, Contact, ContactState, Message, OpenPrompt, PromptKind
from translations import library
from translations.languages import SOURCE, chain
from translations.models import Content, Language
from translations.sms import fold

JOIN_WITHIN = timedelta(hours=48)
ANSWER_WITHIN = timedelta(days=7)


@dataclass(frozen=True)
class Words:
    """A reply: its text, and the variant it was taken from."""

    text: str
    variant_id: int | None = None


def offer_to_join(session: Session, contact: Contact, now: datetime) -> None:
    """A number that a facilitator announced is asked by its own first words: OUI makes it active."""
    mine = select(OpenPrompt.id).where(OpenPrompt.contact_id == contact.id, OpenPrompt.kind == PromptKind.JOIN)
    if contact.state is not ContactState.ANNOUNCED or session.scalar(mine) is not None:
        return
    join = OpenPrompt(contact_id=contact.id, kind=PromptKind.JOIN, subject_id=0, opened_at=now, expires_at=now + JOIN_WITHIN)
    session.add(join)
    session.flush()


def languages_of(session: Session, contact: Contact) -> tuple[str, ...]:
    """The languages to try for a number, its own first."""
    return chain(people.heard_by(session, contact) or SOURCE, fallbacks(session))


class Replies:
    """One inbound message, its verdict, and what the campaigns make of it."""

    def __init__(self, session: Session, message: Message, contact: Contact, context: Context, now: datetime) -> None:
        self._session = session
        self._message = message
        self._contact = contact
        self._context = context
        self._now = now

    def carry_out(self, verdict: Verdict) -> Words:
        """Apply the campaigns' part of a verdict and give the reply; an empty text is silence."""
        digit = verdict.values.digit or 0
        match verdict.effect.do:
            case Do.ANSWER | Do.LATE_ANSWER:
                return self._answered(verdict, verdict.effect.closes[0], digit)
            case Do.NOTHING if verdict.heard is Kind.DIGIT and verdict.problem is None:
                return self._unasked(verdict, digit)
            case Do.LANGUAGE:
                return self._speak(verdict.values.language or SOURCE)
            case Do.YES:
                return self._agree(verdict.effect.closes[0])
            case Do.NO:
                return self._say("consent_no")
            case Do.ASK_CONSENT:
                return self._say("consent_ask")
            case Do.OPT_OUT:
                # Read as a STOP by the grammar alone: the reception obeys the clear ones before this.
                contacts.stop(self._session, self._contact, self._now, "sms")
                return self._say("stop_done") if verdict.reply else Words("")
            case Do.INBOX | Do.TICKET:
                return self._for_staff(verdict)
            case Do.END_SERIES:
                # Said once: a second FIN finds nothing that could end.
                ended = enrolments.end_all(self._session, self._contact, self._now)
                return Words(verdict.reply) if ended else self._say("nothing_open")
            case Do.OFF_AIR:
                inquiries.off_air(self._session, self._contact, self._now)
                return Words(verdict.reply)
            case Do.HELP if self._context.sender in (Sender.MEMBER, Sender.UNKNOWN) and verdict.values.note is None:
                return self._say("help_general")
            case _:
                return Words(verdict.reply)

    def _say(self, label: str, **values: object) -> Words:
        languages = languages_of(self._session, self._contact)
        found = library.reply_text(self._session, label, languages, now=self._now, **values)
        return Words(found.text, found.variant_id)

    def _answered(self, verdict: Verdict, prompt: Prompt, digit: int) -> Words:
        if prompt.asked is Asked.LANGUAGE:
            return self._speak(prompt.options[digit - 1])
        if prompt.asked is not Asked.QUIZ:
            return Words(verdict.reply)
        return self._quiz(self._session.get_one(OpenPrompt, int(prompt.ref)), digit)

    def _unasked(self, verdict: Verdict, digit: int) -> Words:
        """A digit after the question was closed: late, or a second thought; kept either way."""
        prompt = quizzes.latest_prompt(self._session, self._contact, self._now)
        if prompt is None or not 1 <= digit <= int(prompt.details["options"]):
            return self._say("nothing_open")
        return self._quiz(prompt, digit)

    def _quiz(self, prompt: OpenPrompt, digit: int) -> Words:
        question = self._session.get_one(Question, prompt.subject_id)
        late = prompt.expires_at < self._now
        kept = quizzes.answer(
            self._session,
            question,
            self._contact,
            digit,
            self._now,
            message=self._message,
            phase=prompt.details.get("phase"),
            broadcast_id=prompt.details.get("broadcast_id"),
            language=languages_of(self._session, self._contact)[0],
            late=late,
        )
        if late:
            return self._say("quiz_late")
        why = self._explanation(question)
        if kept.scored:
            verdict = self._say("quiz_right" if kept.right else "quiz_wrong")
            return Words(f"{verdict.text} {why}".strip(), verdict.variant_id)
        return self._say("quiz_already", explication=why) if question.quiz.open else self._say("quiz_closed")

    def _explanation(self, question: Question) -> str:
        content = self._session.get(Content, question.explanation_id) if question.explanation_id else None
        if content is None:
            return ""
        channel = self._session.get_one(Channel, self._message.channel_id)
        languages = languages_of(self._session, self._contact)
        drafts = channels.trains(channel)
        variant = library.choose(self._session, content, languages, library.Way.SMS, now=self._now, allow_french_drafts=drafts)
        return (variant.text or "") if variant else ""

    def _speak(self, code: str) -> Words:
        language = self._session.get_one(Language, code)
        self._contact.language = code
        self._session.flush()
        # One ç would cost the whole reply a second part.
        return self._say("language_set", langue=fold(language.name, language.name))

    def _agree(self, prompt: Prompt) -> Words:
        languages = languages_of(self._session, self._contact)
        script = library.reply_text(self._session, "consent_ask", languages, now=self._now)
        agree(self._session, self._contact, self._now, via="sms", script=script.variant_id, language=script.language)
        asked = self._session.get(OpenPrompt, int(prompt.ref)) if prompt.ref else None
        if asked is not None and enrolments.agreed_again(self._session, asked, self._now, ZoneInfo(self._context.zone)):
            label = asked.details.get("asked", "series_ask_again")
            script = library.reply_text(self._session, label, languages, now=self._now)
            to_series(self._session, self._contact, self._now, script=script.variant_id, language=script.language)
        return self._say("consent_yes" if prompt.asked is Asked.CONSENT else "welcome")

    def _for_staff(self, verdict: Verdict) -> Words:
        """A text nobody could read, or a second AIDE: somebody of the programme answers. One call is asked for at a time."""
        ticket = verdict.effect.do is Do.TICKET
        waiting = inquiries.to_call_back(self._session, self._contact) if ticket else None
        if waiting is not None:
            return self._say("help_ticket", numero=waiting.number)
        self._session.add(
            Inquiry(
                number=self._context.next_inquiry,
                contact_id=self._contact.id,
                message_id=self._message.id,
                text=self._message.text,
                received_at=self._now,
                due_at=self._now + ANSWER_WITHIN,
            )
        )
        if ticket:
            return self._say("help_ticket", numero=self._context.next_inquiry)
        return self._say("stranger_hello" if self._context.sender is Sender.UNKNOWN else "inbox_received")
