"""A place in a life-stage series as staff give and end it: with an agreement signed on paper, or one that the phone is asked for.

The agreement is the person's own. What a sister who shares the telephone agreed to is not hers.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from campaigns import enrolments
from campaigns.errors import CampaignError
from campaigns.models import Campaign, CampaignEvent, CampaignState, Enrolment, EnrolmentState, Repeat
from campaigns.series import EARLIEST, FARTHEST
from clubs.models import Member
from messaging import contacts
from messaging.exchange import Exchange
from messaging.models import Consent, Contact, ContactState, Purpose

OPEN = (CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED)
NOON = time(12)


@dataclass(frozen=True)
class Paper:
    """An agreement to the series signed in the register: when, before whom, on which page."""

    given_on: date
    witness: str
    page: str


class Given(StrEnum):
    """How a place began."""

    BEGUN = "begun"
    ASKED = "asked"  # the phone was asked by SMS; the place waits for its OUI
    WAITS = "waits"  # no SMS may leave: the place waits until the phone is asked when it calls


@dataclass(frozen=True)
class Place:
    """A member's place with its series."""

    row: Enrolment
    series: str


def on_offer(session: Session) -> list[Campaign]:
    """The series that somebody can be enrolled in, by name."""
    stage = exists().where(CampaignEvent.campaign_id == Campaign.id, CampaignEvent.repeat == Repeat.STAGE)
    return list(session.scalars(select(Campaign).where(stage, Campaign.state.in_(OPEN)).order_by(Campaign.name)))


def of(session: Session, member_id: int) -> list[Place]:
    """Every place of a member, the latest first, ended ones included."""
    query = select(Enrolment, Campaign.name).join(Campaign, Campaign.id == Enrolment.campaign_id)
    return [Place(*row) for row in session.execute(query.where(Enrolment.member_id == member_id).order_by(Enrolment.id.desc()))]


def followed(session: Session, member_ids: Collection[int]) -> frozenset[int]:
    """Those of these members who have a place that has not ended."""
    open_ = (Enrolment.member_id.in_(member_ids), Enrolment.state != EnrolmentState.ENDED)
    return frozenset(session.scalars(select(Enrolment.member_id).where(*open_)))


def agreed(session: Session, member: Member) -> bool:
    """Whether this person's own agreement to series stands: given in her name, or by a telephone that is hers alone."""
    contact = session.get(Contact, member.contact_id) if member.contact_id is not None else None
    if contact is None:
        return False
    whose = Consent.member_id == member.id if contact.shared else or_(Consent.member_id == member.id, Consent.member_id.is_(None))
    standing = (Consent.contact_id == contact.id, Consent.purpose == Purpose.SERIES, Consent.withdrawn_at.is_(None))
    return session.scalar(select(exists().where(*standing, whose))) or False


def give(
    session: Session, exchange: Exchange, campaign: Campaign, member: Member, anchor: date, paper: Paper | None, now: datetime
) -> Given:
    """Enrol a member from the month of a birth or an expected birth; without `paper` her telephone is asked first.

    CampaignError: "series_off", "no_series", "not_open" (the series), "month" out of the series' reach, "already_there",
    "no_phone", "stopped", and without paper "no_push_consent".
    """
    zone = ZoneInfo(exchange.settings.timezone)
    if campaign.state not in OPEN:
        raise CampaignError("not_open", campaign.id)
    today = now.astimezone(zone).date()
    if not EARLIEST <= (today.year - anchor.year) * 12 + today.month - anchor.month <= FARTHEST:
        raise CampaignError("month", campaign.id)
    if any(
        place.row.campaign_id == campaign.id and place.row.state is not EnrolmentState.ENDED for place in of(session, member.id)
    ):
        raise CampaignError("already_there", campaign.id)
    contact = _reached(session, member)
    signed = paper is not None or agreed(session, member)
    if not signed and not contacts.has_consent(session, contact.id, Purpose.PUSH):
        raise CampaignError("no_push_consent", member.id)
    row = enrolments.enrol(session, campaign, member, anchor, now, zone)
    if paper is not None:
        _sign(session, contact, member, paper, zone)
    if signed:
        return Given.BEGUN
    enrolments.suspend(row, now)
    return Given.ASKED if enrolments.ask(session, exchange, contact, row, "series_ask", now) else Given.WAITS


def finish(session: Session, row: Enrolment, now: datetime) -> bool:
    """End one place at once; nobody is asked why. The agreement ends with the last place. False for one that had ended."""
    session.refresh(row, with_for_update=True)
    if row.state is EnrolmentState.ENDED:
        return False
    enrolments.end(row, now)
    session.flush()
    member = session.get_one(Member, row.member_id)
    contact = session.get(Contact, member.contact_id) if member.contact_id is not None else None
    if contact is not None:
        own = any(place.row.state is not EnrolmentState.ENDED for place in of(session, member.id))
        if not enrolments.places(session, contact):
            contacts.withdraw(session, contact, Purpose.SERIES, now)
        elif not own:
            contacts.withdraw(session, contact, Purpose.SERIES, now, member_id=member.id)
    return True


def _reached(session: Session, member: Member) -> Contact:
    contact = session.get(Contact, member.contact_id) if member.contact_id is not None else None
    if contact is None or contact.state in (ContactState.ERASED, ContactState.DEAD, ContactState.ANNOUNCED):
        raise CampaignError("no_phone", member.id)
    if contact.state is ContactState.STOPPED:
        raise CampaignError("stopped", member.id)
    return contact


def _sign(session: Session, contact: Contact, member: Member, paper: Paper, zone: ZoneInfo) -> None:
    contacts.consent(
        session,
        contact,
        Purpose.SERIES,
        datetime.combine(paper.given_on, NOON, zone),
        via="register",
        script_version="register",
        member_id=member.id,
        witness=paper.witness,
        register_page=paper.page or None,
        language=member.language,
    )
