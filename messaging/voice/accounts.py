"""The channels whose calls this process carries: of gateway twilio, with our own loopback address as their server's."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging import channels
from messaging.models import Channel, ChannelState
from messaging.numbers import normalise
from runtime.settings import Settings

GATEWAY = "twilio"


@dataclass(frozen=True)
class Owned:
    """One channel as its provider sees it. `hooks` is `…/hooks/<token>`; `auth_token` signs what we post there."""

    channel_id: int
    number: str
    account_sid: str
    auth_token: str = field(repr=False)
    hooks: str = field(repr=False)


def address(settings: Settings) -> str:
    """What a channel's `base_url` must be for its calls to be ours."""
    return f"http://127.0.0.1:{settings.voice_port}"


def ours(session: Session, settings: Settings) -> list[Owned]:
    """Every channel of this line, paused ones too: people still call them."""
    rows = select(Channel).where(Channel.gateway == GATEWAY, Channel.state != ChannelState.REMOVED).order_by(Channel.id)
    accounts = [channels.account(row, settings.base_url) for row in session.scalars(rows)]
    return [
        Owned(one.channel_id, one.number, str(one.settings.get("account_sid")), str(one.settings.get("auth_token")), one.hooks)
        for one in accounts
        if str(one.settings.get("base_url") or "").rstrip("/") == address(settings)
    ]


def called(owned: Sequence[Owned], number: str) -> Owned | None:
    """The channel that was called; a line with one channel need not name it, as many GSM gateways cannot."""
    wanted = normalise(number) or number
    found = [one for one in owned if (normalise(one.number) or one.number) == wanted]
    return found[0] if found else owned[0] if len(owned) == 1 else None


def by_sid(owned: Sequence[Owned], account_sid: str) -> list[Owned]:
    """The channels of one account: several numbers may share it."""
    return [one for one in owned if one.account_sid == account_sid]
