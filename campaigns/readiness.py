"""What a first real message needs of the rows: consents, gateways with price and cap, approved replies, voices in service."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from clubs.models import Club, Member, Village
from messaging.channels import SIMULATOR, SMS, VOICE
from messaging.models import Budget, Channel, ChannelState, Consent
from messaging.probing import HEALTHY
from translations import contents, library, packs
from translations.content_entries import Pack
from translations.languages import SOURCE
from translations.models import Content, ContentKind


@dataclass(frozen=True)
class Readiness:
    """`consents` have a witness. Channels by name: `real` all of them, then those `untested`, without a price, without a cap.

    By language: `unapproved` replies, and `voiceless` where calls would have no pack A (empty without a channel for calls).
    """

    consents: int
    real: tuple[str, ...]
    untested: tuple[str, ...]
    unpriced: tuple[str, ...]
    uncapped: tuple[str, ...]
    unapproved: dict[str, int]
    voiceless: tuple[str, ...]
    calls: bool


def look(session: Session, now: datetime) -> Readiness:
    """How things stand at this moment."""
    used, real = languages_used(session), _real(session)
    capped = set(session.scalars(select(Budget.scope).where(Budget.cap > 0)))
    calls = any(VOICE in row.kinds for row in real)
    proven = select(func.count()).select_from(Consent).where(Consent.withdrawn_at.is_(None), Consent.witness.is_not(None))
    return Readiness(
        consents=session.scalar(proven) or 0,
        real=tuple(row.name for row in real),
        untested=tuple(row.name for row in real if row.health != HEALTHY),
        unpriced=tuple(row.name for row in real if not _priced(row)),
        uncapped=tuple(row.name for row in real if f"channel:{row.id}" not in capped),
        unapproved=_unapproved(session, used, now),
        voiceless=tuple(code for code in used if calls and Pack.A not in packs.live_packs(session, code, now)),
        calls=calls,
    )


def languages_used(session: Session) -> list[str]:
    """The languages that members, clubs and villages are written to in, in the order of the menu; French without anybody."""
    spoken = func.coalesce(Member.language, Club.language, Village.language, SOURCE)
    rows = (
        select(spoken)
        .select_from(Member)
        .join(Club, Club.id == Member.club_id, isouter=True)
        .join(Village, Village.id == Club.village_id, isouter=True)
        .where(Member.left_at.is_(None))
        .distinct()
    )
    used = set(session.scalars(rows))
    return [one.code for one in contents.languages(session) if one.code in used] or [SOURCE]


def _real(session: Session) -> list[Channel]:
    rows = select(Channel).where(Channel.state != ChannelState.REMOVED, Channel.gateway != SIMULATOR)
    return list(session.scalars(rows.order_by(Channel.name)))


def _priced(row: Channel) -> bool:
    return (SMS not in row.kinds or row.price_per_part > 0) and (VOICE not in row.kinds or row.price_per_minute > 0)


def _unapproved(session: Session, used: list[str], now: datetime) -> dict[str, int]:
    """By language, how many automatic replies nobody has approved in it; that another language would stand in is not enough."""
    ids = list(session.scalars(select(Content.id).where(Content.kind == ContentKind.REPLY, ~Content.archived)))
    newest = library.newest_variants(session, ids)
    ready = {(one.content_id, one.language) for one in newest if one.text and library.sendable(one, now)}
    return {code: sum((id_, code) not in ready for id_ in ids) for code in used}
