"""Who a sending is for: a filter over members, read page by page and counted.

With `one_phone_per_club`, the default, a club is one recipient: its own phone or its facilitator's, whoever of its members the
filter meant, because the message is heard together.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, false, func, or_, select
from sqlalchemy.orm import Session, aliased

from campaigns.candidates import Candidate
from campaigns.filters import Filter, frozen
from campaigns.models import DueMember, ListEntry, Recipient
from campaigns.people import person
from clubs.models import Club, ClubKind, Member, Post, Role, Village
from messaging.models import (
    Call,
    CallState,
    Consent,
    Contact,
    ContactState,
    Message,
    MessageState,
    OptOut,
    Purpose,
    Route,
)
from runtime.installation import pilot_villages

EVENING = "19:00-21:00"
"""The slot of a club that chose the evening."""
FAILED_CALLS = (CallState.MACHINE, CallState.BUSY, CallState.NO_ANSWER, CallState.FAILED)


@dataclass(frozen=True)
class Counts:
    """`members` of the audience; of them `reachable`. A number they share counts once in `numbers`, though one of them be called
    and another written to."""

    members: int
    numbers: int
    reachable: int
    by_language: dict[str, int]
    by_route: dict[str, int]
    left_out: dict[str, int]


@dataclass(frozen=True)
class Overlap:
    """Telephones that two audiences reach: each alone, and those in both."""

    first: int
    second: int
    both: int


def members(session: Session, wanted: Filter, today: date, after_id: int = 0, limit: int = 500) -> list[Candidate]:
    """A page of the audience by member id, the cursor of a fan-out. `today` decides posts and pauses."""
    query = _query(frozen(session, wanted), today).where(Member.id > after_id).order_by(Member.id).limit(limit)
    found = session.execute(query).all()
    numbers = {row.contact_id for row in found if row.contact_id is not None}
    consents: dict[int, set[Purpose]] = {}
    given = select(Consent.contact_id, Consent.purpose).where(Consent.contact_id.in_(numbers), Consent.withdrawn_at.is_(None))
    for contact_id, purpose in session.execute(given):
        consents.setdefault(contact_id, set()).add(purpose)
    stopped: dict[int, set[Purpose | None]] = {}
    ids = [row.id for row in found]
    opted = select(OptOut.member_id, OptOut.purpose).where(OptOut.member_id.in_(ids), OptOut.ended_at.is_(None))
    for member_id, purpose_out in session.execute(opted):
        if member_id is not None:
            stopped.setdefault(member_id, set()).add(purpose_out)
    pilot = pilot_villages(session)
    return [
        Candidate(
            row.id,
            row.village_id,
            row.contact_id,
            row.state,
            row.operator,
            row.language,
            row.preferred,
            any(day is not None and day >= today for day in (row.club_paused, row.village_paused)),
            frozenset(stopped.get(row.id, ())),
            frozenset(consents.get(row.contact_id, ())),
            pilot is not None and row.village_id not in pilot,
            row.hours or (EVENING if row.evening else None),
        )
        for row in found
    ]


def count(session: Session, wanted: Filter, route: Route, today: date) -> Counts:
    """The audience as the campaign page shows it live; a language nobody knows stands under ""."""
    by_language: dict[str, int] = {}
    by_route: dict[str, int] = {}
    left_out: dict[str, int] = {}
    numbers: set[int | None] = set()
    total = 0
    for one in _everybody(session, wanted, today):
        total += 1
        way = one.route(route)
        reason = one.reason_left_out(way)
        if reason is not None:
            left_out[reason.value] = left_out.get(reason.value, 0) + 1
            continue
        numbers.add(one.contact_id)
        by_language[one.language or ""] = by_language.get(one.language or "", 0) + 1
        by_route[way.value] = by_route.get(way.value, 0) + 1
    return Counts(total, len(numbers), total - sum(left_out.values()), by_language, by_route, left_out)


def villages(session: Session, wanted: Filter, today: date) -> set[int]:
    """Where the audience has anybody, reachable or not."""
    place = aliased(Village)
    somebody = _query(frozen(session, wanted), today).where(Club.village_id == place.id).correlate(place)
    return set(session.scalars(select(place.id).where(somebody.exists())))


def overlap(session: Session, one: Filter, other: Filter, today: date) -> Overlap:
    """How many telephones two audiences share. Numbers are compared, since one may count clubs and the other people."""
    first, second = (_telephones(session, wanted, today) for wanted in (one, other))
    return Overlap(len(first), len(second), len(first & second))


def _telephones(session: Session, wanted: Filter, today: date) -> set[int | None]:
    found = _everybody(session, wanted, today)
    return {one.contact_id for one in found if one.reason_left_out(one.route(Route.OWN)) is None}


def _everybody(session: Session, wanted: Filter, today: date) -> Iterator[Candidate]:
    after = 0
    while page := members(session, wanted, today, after):
        after = page[-1].member_id
        yield from page


def _query(wanted: Filter, today: date) -> Select[*tuple[Any, ...]]:
    """One row a recipient: id, contact, language, preference, pauses."""
    reached = _club_number(today) if wanted.one_phone_per_club else Member.contact_id
    spoken = (
        # A club hears together: what one member's own telephone prefers does not decide for it.
        func.coalesce(Club.language, Village.language, Contact.language, Member.language)
        if wanted.one_phone_per_club
        else func.coalesce(Member.language, Contact.language, Club.language, Village.language)
    )
    query = (
        select(
            Member.id,
            Club.village_id,
            Contact.id.label("contact_id"),
            Contact.state,
            Contact.operator,
            spoken.label("language"),
            Member.preferred,
            Club.paused_until.label("club_paused"),
            Village.paused_until.label("village_paused"),
            Club.hours,
            Club.evening,
        )
        .join(Club, Club.id == Member.club_id, isouter=not wanted.one_phone_per_club)
        .join(Village, Village.id == Club.village_id, isouter=True)
        .join(Contact, Contact.id == reached, isouter=True)
        .where(Member.left_at.is_(None), or_(Club.id.is_(None), Club.active))
    )
    if wanted.failed_of is not None:
        query = query.where(Member.id.in_(_unreached(wanted.failed_of)))
    if wanted.due_in is not None:
        query = query.where(Member.id.in_(select(DueMember.member_id).where(DueMember.occurrence_id == wanted.due_in)))
    if wanted.languages:
        query = query.where(spoken.in_(wanted.languages))
    query = query.where(*_place(wanted), *_stopped(wanted), *_left_aside(wanted, today))
    if wanted.one_phone_per_club:
        meant = aliased(Member)
        here = and_(meant.club_id == Club.id, meant.left_at.is_(None), *person(meant, wanted, today))
        return query.where(Member.id == _speaker(), exists().where(here))
    return query.where(*person(Member, wanted, today))


def _stopped(wanted: Filter) -> list[ColumnElement[bool]]:
    """What a STOP decides: asked of the telephone that would be written to, a club's own where it hears together."""
    if wanted.opted_out is None:
        return []
    personal = exists().where(OptOut.member_id == Member.id, OptOut.purpose.is_(None), OptOut.ended_at.is_(None))
    said = or_(func.coalesce(Contact.state == ContactState.STOPPED, false()), personal)
    return [said if wanted.opted_out else ~said]


def _left_aside(wanted: Filter, today: date) -> list[ColumnElement[bool]]:
    """What the lists and audiences to leave out take away; another audience is asked for in this one's way."""
    rules: list[ColumnElement[bool]] = []
    if wanted.not_lists:
        named = or_(ListEntry.contact_id == Contact.id, ListEntry.club_id == Member.club_id)
        rules.append(~exists().where(ListEntry.list_id.in_(wanted.not_lists), named))
    for other in wanted.taken:
        same = _query(replace(other, one_phone_per_club=wanted.one_phone_per_club), today)
        rules.append(Member.id.not_in(same.with_only_columns(Member.id).correlate(None)))
    return rules


def _unreached(broadcast_id: int) -> Select[int]:
    failed = or_(
        exists().where(Message.id == Recipient.message_id, Message.state == MessageState.FAILED),
        exists().where(Call.id == Recipient.call_id, Call.state.in_(FAILED_CALLS), Call.retry.is_(False)),
    )
    return select(Recipient.member_id).where(Recipient.broadcast_id == broadcast_id, failed)


def _speaker() -> ColumnElement[int]:
    """The member who stands for their club: a facilitator, else the first with a phone, else the first."""
    each = aliased(Member)
    chosen = func.coalesce(
        func.min(case((and_(each.role == Role.FACILITATOR, each.contact_id.is_not(None)), each.id))),
        func.min(case((each.contact_id.is_not(None), each.id))),
        func.min(each.id),
    )
    return select(chosen).where(each.club_id == Club.id, each.left_at.is_(None)).correlate(Club).scalar_subquery()


def _club_number(today: date) -> ColumnElement[int | None]:
    """The club's own phone, else its facilitator's; a facilitator may belong to another club and only be posted here."""
    poster = aliased(Member)
    held = and_(Post.club_id == Club.id, Post.since <= today, or_(Post.until.is_(None), Post.until >= today))
    posted = (
        select(func.min(poster.contact_id))
        .join(Post, Post.member_id == poster.id)
        .where(held, poster.left_at.is_(None))
        .correlate(Club)
        .scalar_subquery()
    )
    own = case((Member.role == Role.FACILITATOR, Member.contact_id))
    return func.coalesce(Club.phone_id, own, posted, Member.contact_id)


def _place(wanted: Filter) -> list[ColumnElement[bool]]:
    rules: list[ColumnElement[bool]] = []
    if wanted.villages:
        rules.append(Club.village_id.in_(wanted.villages))
    if wanted.communes:
        rules.append(Village.area_id.in_(wanted.communes))
    if wanted.clubs:
        rules.append(Club.id.in_(wanted.clubs))
    if wanted.club_kinds:
        rules.append(Club.kind.in_([ClubKind(word) for word in wanted.club_kinds]))
    return rules
