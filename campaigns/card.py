"""What a facilitator's printed card says: numbers by operator, themes of the quarter with the club question, right examples.

In French and in the club's language, as far as its words are approved; a simulation may print French drafts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.models import Question, Quiz
from campaigns.quarter_themes import themes_of
from clubs.models import Club, Village
from clubs.month import quarter
from messaging.channels import OPERATORS, SIMULATOR, SMS
from messaging.models import Channel, ChannelState
from runtime.installation import installation
from translations import content_files, library
from translations.languages import SOURCE
from translations.library import Way
from translations.models import Content, Theme

INSTRUCTIONS = ("card_cr", "card_qz", "card_ac", "card_ras")
THEMES_AT_MOST = 12
OTHER = 91
"""The theme of examples where the quarter has none yet."""


@dataclass(frozen=True)
class Said:
    """Words in French and, where they are approved, in the club's language."""

    french: str
    own: str | None = None


@dataclass(frozen=True)
class QuarterTheme:
    """A theme with its club question, the answers in their order and the right one, from 1."""

    code: int
    name: str
    question: Said | None = None
    options: tuple[str, ...] = ()
    right: int = 0


@dataclass(frozen=True)
class Card:
    """`numbers` by operator, or by "" where one serves all; `examples` by keyword, as the service understands them."""

    language: str | None
    numbers: Mapping[str, str]
    themes: tuple[QuarterTheme, ...]
    instructions: Mapping[str, Said]
    examples: Mapping[str, str]


def card_of(session: Session, club: Club, village: Village, now: datetime) -> Card:
    """The card of a club for the quarter of `now`."""
    language = club.language or village.language
    own = language if language != SOURCE else None
    drafts = installation(session).simulation
    themes = tuple(_theme(session, code, own, now, drafts) for code in printed_themes(session, now.date()))
    told = {label: _said(session, library.reply_key(label), own, now, drafts) for label in INSTRUCTIONS}
    instructions = {label: said for label, said in told.items() if said is not None}
    return Card(own, numbers(session), themes, instructions, examples(themes[0].code if themes else OTHER))


def examples(theme: int) -> dict[str, str]:
    """One right text of each kind."""
    return {
        "card_cr": f"CR {theme} 18 7 9 1",
        "card_qz": f"QZ {theme} 6 15 24",
        "card_ac": "AC 2 40 pieds de moringa",
        "card_ras": "RAS 1",
    }


def printed_themes(session: Session, day: date) -> list[int]:
    """The themes of the quarter; where there is none yet, those with a club question still open."""
    asked = select(Question.theme_code).join(Quiz, Quiz.id == Question.quiz_id).where(Question.club_question, Quiz.open)
    found = themes_of(session, quarter(day)) or sorted({code for code in session.scalars(asked) if code is not None})
    return found[:THEMES_AT_MOST]


def numbers(session: Session) -> dict[str, str]:
    """The number to write to from each operator; one entry under "" where it is the same for all."""
    usable = select(Channel).where(Channel.state == ChannelState.ACTIVE).order_by(Channel.id)
    if not installation(session).simulation:
        usable = usable.where(Channel.gateway != SIMULATOR)
    channels = [channel for channel in session.scalars(usable) if SMS in channel.kinds and channel.number]
    if not channels:
        return {}
    found = {}
    for operator in OPERATORS:
        own = [channel for channel in channels if operator in channel.default_for]
        found[operator] = (own or channels)[0].number
    return {"": channels[0].number} if len(set(found.values())) == 1 else found


def consent_script(session: Session, now: datetime) -> Said | None:
    """The words people agree to, for the head of the register."""
    return _said(session, library.reply_key("consent_ask"), None, now, installation(session).simulation)


def consent_version() -> int:
    """The version of the words people agree to, which a proof of consent keeps."""
    versions = (reply.version for reply in content_files.read().replies if reply.label == "consent_ask")
    return next(versions, None) or 1


def _theme(session: Session, code: int, own: str | None, now: datetime, drafts: bool) -> QuarterTheme:
    name = session.get_one(Theme, code).name
    question = session.scalars(
        select(Question)
        .join(Quiz, Quiz.id == Question.quiz_id)
        .where(Question.theme_code == code, Question.club_question, Quiz.open)
        .order_by(Question.id.desc())
        .limit(1)
    ).first()
    content = session.get(Content, question.content_id) if question is not None else None
    french = library.choose(session, content, (SOURCE,), Way.SMS, now=now, allow_french_drafts=drafts) if content else None
    if question is None or content is None or french is None:
        return QuarterTheme(code, name)
    said = _said(session, content.key, own, now, drafts)
    return QuarterTheme(code, name, said, tuple(french.options), question.right)


def _said(session: Session, key: str, own: str | None, now: datetime, drafts: bool) -> Said | None:
    content = session.scalar(select(Content).where(Content.key == key))
    if content is None:
        return None
    french = library.choose(session, content, (SOURCE,), Way.SMS, now=now, allow_french_drafts=drafts)
    other = library.choose(session, content, (own,), Way.SMS, now=now) if own else None
    return Said(french.text, other.text if other else None) if french is not None and french.text else None
