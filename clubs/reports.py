"""Carry out what the grammar decided: versions, holds, drafts, undoing, actions, questions, spot checks, pauses.

Nothing is erased: a version that no longer counts says so and stays. Effects that are not the clubs' own (a quiz answer, consent,
language, opt-out) are left to the caller, which finds them in the verdict.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from clubs import handover, pauses, spot_checks
from clubs.errors import ReportError
from clubs.expected import SETTLES, settle, told_at, unsettle
from clubs.grammar.values import Flag, Kind, Values
from clubs.grammar.verdict import Do, Effect, Verdict
from clubs.models import Club
from clubs.people import club_by_code, who_is
from clubs.records import Action, Inquiry, Report, ReportState
from clubs.standing import ASKED, UNDONE, draft_row
from clubs.stored import close_prompt, open_prompt, values_to_json
from messaging.models import Contact, Message

DUE_DAYS = 30
ANSWER_WITHIN = timedelta(days=7)
WAS = "was:"  # the flag under which a replaced version keeps what it was, unless it counted
HOLDS = frozenset((ReportState.HELD,))
COUNTS = frozenset((ReportState.VALID, ReportState.UNVERIFIED))


@dataclass(frozen=True)
class Source:
    """Where a report came from: the phone and its message or call, or a member of staff."""

    contact: Contact | None = None
    message_id: int | None = None
    call_id: int | None = None
    staff_id: int | None = None


def apply_verdict(
    session: Session, verdict: Verdict, contact: Contact, message: Message | None, now: datetime, *, call_id: int | None = None
) -> Report | None:
    """Carry out the clubs' part of a verdict, open and close its prompts; return the report it wrote or changed, if any."""
    source = Source(contact, message.id if message is not None else None, call_id)
    for prompt in verdict.effect.closes:
        close_prompt(session, prompt, now)
    if verdict.effect.opens is not None:
        open_prompt(session, contact, verdict.effect.opens)
    return _carry_out(session, verdict, source, now)


def record_verdict(session: Session, verdict: Verdict, staff_id: int, now: datetime) -> Report | None:
    """Carry out a verdict on what staff typed or settled; return the report it wrote or changed, if any."""
    return _carry_out(session, verdict, Source(staff_id=staff_id), now)


def _carry_out(session: Session, verdict: Verdict, source: Source, now: datetime) -> Report | None:
    effect, values, contact = verdict.effect, verdict.values, source.contact
    match effect.do:
        case Do.STORE | Do.HOLD:
            dropped = _drop_draft(session, contact, now, verdict.kind) if contact is not None else None
            row = _store(session, verdict.kind, values, effect, verdict.flags, source, now)
            if dropped is not None and row.first_reply is not None:
                row.first_reply = dropped.first_reply
            return row
        case Do.DRAFT:
            return _draft(session, verdict, source, now)
        case Do.DROP_DRAFT if contact is not None:
            return _drop_draft(session, contact, now)
        case Do.CONFIRM | Do.ACCEPT:
            return _confirm(session, effect, now)
        case Do.REFUSE | Do.CANCEL:
            return _cancel(session, effect, now)
        case Do.UNDO:
            return _undo(session, effect, now)
        case Do.ACTION | Do.DONE:
            _action(session, verdict, source, now)
        case Do.INQUIRY:
            _inquire(session, verdict, source, now)
        case Do.ANNOUNCE:
            handover.announce(session, _club(session, values), values.phone or "", now)
        case Do.HAND_OVER:
            return _store(session, Kind.NF, values, replace(effect, do=Do.HOLD), verdict.flags, source, now)
        case Do.PAUSE | Do.RESUME:
            until = effect.until if effect.do is Do.PAUSE else None
            pauses.pause(session, _known_club(session, values), until, since=now.date(), now=now)
        case Do.SPOT_CHECK:
            _spot_check(session, verdict, source, now)
        case _:
            pass
    return None


def _club(session: Session, values: Values) -> Club | None:
    return club_by_code(session, values.club) if values.club else None


def _known_club(session: Session, values: Values) -> Club:
    club = _club(session, values)
    if club is None:
        raise ReportError("club", values.club)
    return club


def _store(
    session: Session, kind: Kind, values: Values, effect: Effect, flags: frozenset[Flag], source: Source, now: datetime
) -> Report:
    club = _club(session, values)
    held = effect.do is Do.HOLD
    row = Report(
        number=effect.number,
        version=effect.version,
        kind=kind.value,
        club_id=club.id if club else None,
        session_date=values.date,
        session_order=effect.order,
        values=values_to_json(values),
        note=values.phone if kind is Kind.NF else values.note,
        state=ReportState.HELD if held else ReportState(effect.state.value),
        flags=sorted(flag.value for flag in flags),
        contact_id=source.contact.id if source.contact else None,
        message_id=source.message_id,
        call_id=source.call_id,
        entered_by=source.staff_id,
        first_reply=None if effect.version > 1 or source.staff_id else "HOLD" if held else "ACK",
        reported_at=now,
    )
    session.add(row)
    session.flush()
    _push_aside(session, row, HOLDS if held else HOLDS | COUNTS, effect.replaces)
    if row.state is ReportState.VALID:
        _settle(session, row, club)
    return row


def _push_aside(session: Session, row: Report, states: frozenset[ReportState], excuses: tuple[int, ...] = ()) -> None:
    """Mark the earlier versions in those states, and the excuses this session contradicts, as replaced by `row`."""
    earlier = select(Report).where(Report.number == row.number, Report.id != row.id, Report.state.in_(states))
    overruled = select(Report).where(Report.number.in_(excuses), Report.state == ReportState.VALID)
    for old in [*session.scalars(earlier), *session.scalars(overruled)]:
        if old.state is not ReportState.VALID:
            old.flags = [*old.flags, f"{WAS}{old.state.value}"]  # an undoing must not make it count
        old.state, old.replaced_by = ReportState.REPLACED, row.id


def _bring_back(old: Report) -> None:
    was = next((flag.removeprefix(WAS) for flag in old.flags if flag.startswith(WAS)), ReportState.VALID.value)
    old.state, old.replaced_by = ReportState(was), None
    old.flags = [flag for flag in old.flags if not flag.startswith(WAS)]


def _settle(session: Session, row: Report, club: Club | None) -> None:
    if club is not None and row.session_date is not None and row.kind in SETTLES:
        settle(session, club, row.session_date, row.id, told_at(session, row))


def _decided_on(session: Session, effect: Effect) -> Report:
    """The version the sender or staff saw: a later one may exist and have been undone."""
    row = session.scalar(select(Report).where(Report.number == effect.number, Report.version == effect.version))
    if row is None:
        raise ReportError("report", effect.number)
    return row


def _confirm(session: Session, effect: Effect, now: datetime) -> Report:
    row = _decided_on(session, effect)
    row.state, row.decided_at = ReportState(effect.state.value), now
    _push_aside(session, row, HOLDS | COUNTS, effect.replaces)
    if row.kind == Kind.NF:
        handover.take_over(session, row, now)
    elif row.state is ReportState.VALID:
        _settle(session, row, session.get(Club, row.club_id) if row.club_id else None)
    return row


def _cancel(session: Session, effect: Effect, now: datetime) -> Report:
    row = _decided_on(session, effect)
    row.state, row.decided_at = ReportState.CANCELLED, now
    unsettle(session, row.id, now.date())
    return row


def _undo(session: Session, effect: Effect, now: datetime) -> Report:
    """Cancel one version; the one it had replaced counts again, and so do the excuses it had overruled."""
    row = _decided_on(session, effect)
    row.state, row.decided_at, row.flags = ReportState.CANCELLED, now, [*row.flags, UNDONE]
    unsettle(session, row.id, now.date())
    pushed = list(session.scalars(select(Report).where(Report.replaced_by == row.id)))
    for old in pushed:
        _bring_back(old)
        if old.state is ReportState.VALID:
            _settle(session, old, session.get(Club, old.club_id) if old.club_id else None)
    return row


def _draft(session: Session, verdict: Verdict, source: Source, now: datetime) -> Report:
    if source.contact is not None:
        _drop_draft(session, source.contact, now, verdict.kind)
    values = verdict.values
    club = _club(session, values)
    asked = [f"{ASKED}{verdict.problem.value}"] if verdict.problem else []
    row = Report(
        kind=verdict.kind.value,
        club_id=club.id if club else None,
        session_date=values.date,
        values=values_to_json(values),
        note=values.note,
        state=ReportState.DRAFT,
        flags=[*sorted(flag.value for flag in verdict.flags), *asked],
        contact_id=source.contact.id if source.contact else None,
        message_id=source.message_id,
        call_id=source.call_id,
        first_reply="ASK",
        reported_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _drop_draft(session: Session, contact: Contact, now: datetime, kind: Kind | None = None) -> Report | None:
    """End the draft that this completes; one of another kind still waits for its missing piece."""
    row = draft_row(session, contact, now, kind)
    if row is not None:
        row.state, row.decided_at = ReportState.REPLACED, now
    return row


def _action(session: Session, verdict: Verdict, source: Source, now: datetime) -> None:
    values = verdict.values
    club = _known_club(session, values)
    day = values.date or now.date()
    if verdict.effect.do is Do.DONE:
        row = session.scalar(select(Action).where(Action.club_id == club.id, Action.number == verdict.effect.number))
        if row is None:
            raise ReportError("action", verdict.effect.number)
        row.done_on, row.quantity = day, values.quantity
        return
    number = (session.scalar(select(func.max(Action.number)).where(Action.club_id == club.id)) or 0) + 1
    session.add(
        Action(
            club_id=club.id,
            number=number,
            type=values.action_type or 9,
            note=values.note,
            decided_on=day,
            due_on=verdict.effect.until or day + timedelta(days=values.due_days or DUE_DAYS),
            message_id=source.message_id,
        )
    )


def _inquire(session: Session, verdict: Verdict, source: Source, now: datetime) -> None:
    contact = source.contact
    sender = who_is(session, contact, now.date()) if contact is not None else None
    club = club_by_code(session, sender.clubs[0]) if sender and len(sender.clubs) == 1 else None
    session.add(
        Inquiry(
            number=verdict.effect.number,
            contact_id=contact.id if contact else None,
            club_id=club.id if club else None,
            message_id=source.message_id,
            text=verdict.values.note,
            received_at=now,
            due_at=now + ANSWER_WITHIN,
        )
    )


def _spot_check(session: Session, verdict: Verdict, source: Source, now: datetime) -> None:
    sender = who_is(session, source.contact, now.date()) if source.contact is not None else None
    if sender is None or not sender.member_ids:
        raise ReportError("supervisor", verdict.effect.number)
    spot_checks.count(session, _decided_on(session, verdict.effect), sender.member_ids[0], verdict.values, now)


def versions(session: Session, number: int) -> list[Report]:
    """Every version of a report, the first one first."""
    return list(session.scalars(select(Report).where(Report.number == number).order_by(Report.version)))
