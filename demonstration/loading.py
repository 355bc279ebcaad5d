"""Load the demonstration into an empty installation, and empty it again.

Its two approvers approve every shipped French text here and nowhere else: in a real installation the programme's own Validation
does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from clubs.models import Club, Member, Role
from clubs.records import Report
from demonstration import aims, chosen, follow_up, history, people, sendings
from demonstration.errors import DemonstrationError
from demonstration.past import DAYS, Past
from messaging.models import Channel, Contact, ContactState, Message
from messaging.numbers import is_simulated
from runtime.database import Base
from runtime.installation import installation
from translations import glossary, spellings
from translations.models import GlossaryTerm, Spelling, Variant, VariantState

TERMS = (("lait maternel", "sinji", "démonstration"), ("bouillie", "moni", "démonstration"), ("eau", "ji", "démonstration"))
SEED = 20150201  # the day the real programme began
# What an installation keeps when the demonstration goes: who works here, what can be said, our numbers, what was done.
KEPT = frozenset(
    (
        *("alembic_version", "installation", "clock_lease", "audit_entry", "staff", "role", "staff_role", "staff_session"),
        *(
            "sign_in_link",
            "wrong_sign_in",
            "api_token",
            "language",
            "theme",
            "content",
            "variant",
            "clip",
            "quiz",
            "question",
            "channel",
            "ramadan",
            "glossary_term",
            "spelling",
        ),
    )
)


@dataclass(frozen=True)
class Loaded:
    """What the demonstration wrote."""

    clubs: int
    members: int
    reports: int
    messages: int


def load(session: Session, now: datetime, approvers: tuple[int, int]) -> Loaded:
    """Write everything up to yesterday.

    DemonstrationError("real") where real people are served, ("not_empty") where clubs are, ("no_simulator") without a channel.
    """
    place = installation(session)
    if not place.simulation:
        raise DemonstrationError("real")
    if session.scalar(select(func.count(Club.id))):
        raise DemonstrationError("not_empty")
    channel = session.scalars(select(Channel).where(Channel.gateway == "simulator").order_by(Channel.id)).first()
    if channel is None:
        raise DemonstrationError("no_simulator")
    place.demonstration = True
    approve_all(session, now - timedelta(days=DAYS + 30), approvers)
    chance = Random(SEED)  # noqa: S311  # the same invented programme on every machine
    agree_on_words(session, now - timedelta(days=DAYS), approvers[0])
    groups = people.settle(session, chance, now)
    past = Past(session, chance, channel.id, (now - timedelta(days=1)).date())
    history.report_sessions(past, groups)
    past.write()
    callers = select(Member.contact_id).where(Member.role == Role.MEMBER)
    members = session.scalars(select(Contact).where(Contact.id.in_(callers)).order_by(Contact.id)).all()
    history.ask_questions(past, members)
    history.air_programmes(past)
    aims.write(past)
    past.write()
    follow_up.follow_up(past, approvers[0])
    sendings.broadcast(past, groups, approvers)
    sendings.say_goodbye(past, [contact for contact in members if contact.state is ContactState.ACTIVE])
    chosen.write(past, groups, approvers[0])
    return Loaded(len(groups), *(session.scalar(select(func.count()).select_from(row)) or 0 for row in (Member, Report, Message)))


def approve_all(session: Session, at: datetime, approvers: tuple[int, int]) -> int:
    """Have the demonstration's two people check and approve the newest French draft of every content."""
    checker, approver = approvers
    drafts = select(Variant).where(Variant.language == "fr", Variant.state != VariantState.APPROVED)
    approved = 0
    for variant in session.scalars(drafts):
        variant.state = VariantState.APPROVED
        variant.checked_by, variant.checked_at = checker, at
        variant.approved_by, variant.approved_at = approver, at
        approved += 1
    return approved


def agree_on_words(session: Session, at: datetime, speaker: int) -> None:
    """A few Bambara terms and two spellings, so that the pages about a language are not empty."""
    for term, translation, note in TERMS:
        glossary.save(session, "bm", term, translation, note, speaker, at)
    for letter, spelled in (("ɛ", "è"), ("ɔ", "ò")):
        spellings.confirm(session, "bm", letter, spelled, speaker, at)


def remove(session: Session, approvers: tuple[int, int], *, also_real: bool = False) -> int:
    """Delete every place, person and message, and take back the demonstration's approvals; how many rows went.

    DemonstrationError("no_demonstration") where none is loaded, ("real_people") where real numbers stand beside it, unless
    `also_real`.
    """
    place = installation(session)
    if not place.demonstration:
        raise DemonstrationError("no_demonstration")
    numbers = session.scalars(select(Contact.number).where(Contact.number.is_not(None)))
    if not also_real and any(number and not is_simulated(number) for number in numbers):
        raise DemonstrationError("real_people")
    gone = 0
    for table in reversed(Base.metadata.sorted_tables):
        if table.name not in KEPT:
            gone += session.scalar(select(func.count()).select_from(table)) or 0
            session.execute(table.delete())
    for variant in session.scalars(select(Variant).where(Variant.approved_by.in_(approvers))):
        variant.state = VariantState.DRAFT
        variant.checked_by = variant.checked_at = variant.approved_by = variant.approved_at = None
    session.execute(delete(GlossaryTerm).where(GlossaryTerm.written_by.in_(approvers)))
    session.execute(delete(Spelling).where(Spelling.confirmed_by.in_(approvers)))
    place.demonstration, place.offset_seconds = False, 0
    return gone
