"""Bearer tokens: shown once, kept as a blind index, limited by scope, by time and by requests a minute.

Requests are counted in the token's own row: several processes serve the API, and each counting for itself would multiply the
limit. Tokens live in wall time; moving a simulation's clock neither ends nor revives one.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from console.api.problems import ApiError
from console.staff import ApiToken
from runtime import audit
from runtime.crypto import blind
from runtime.database import Session

WINDOW = timedelta(minutes=1)
VILLAGE = "village:"  # beside its scopes, the villages a token is limited to
PREFIX = "lamen_"  # lets scanners of leaked secrets know one of ours


class Scope(StrEnum):
    """What a token may do."""

    CLUBS = "read:clubs"
    PEOPLE = "read:people"
    NUMBERS = "read:numbers"
    MESSAGES = "read:messages"
    INQUIRIES = "read:inquiries"
    REPORTS = "read:reports"
    RESULTS = "read:results"
    CONTENTS = "read:contents"
    CAMPAIGNS = "read:campaigns"
    SCHEDULE = "write:campaigns"


# Contents, campaigns and their figures are the whole programme's: no part of them belongs to a village.
OF_THE_PROGRAMME = frozenset({Scope.CONTENTS, Scope.CAMPAIGNS, Scope.SCHEDULE})


@dataclass(frozen=True)
class Caller:
    """The token behind a request; `villages` are the ids of those it may read, None for all."""

    token_id: int
    scopes: frozenset[Scope]
    uses_left: int
    villages: frozenset[int] | None = None

    def may(self, scope: Scope) -> bool:
        """Whether the token has a scope."""
        return scope in self.scopes


def make(
    session: Session,
    name: str,
    scopes: frozenset[Scope],
    wall: datetime,
    lives: timedelta | None,
    villages: frozenset[int] | None = None,
) -> str:
    """A new token, which exists nowhere else from now on; with `villages`, by id, it reads of these only.

    ValueError "taken" for a name that another has, "programme" for villages beside a scope that knows none.
    """
    if villages is not None and (not villages or scopes & OF_THE_PROGRAMME):
        raise ValueError("programme")
    if session.query(ApiToken).filter_by(name=name).first() is not None:
        raise ValueError("taken")
    token = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        name=name,
        token_index=blind(token),
        scopes=[*sorted(scope.value for scope in scopes), *(f"{VILLAGE}{id_}" for id_ in sorted(villages or ()))],
        made_at=wall,
        expires_at=None if lives is None else wall + lives,
        window_uses=0,
    )
    session.add(row)
    session.flush()
    audit.record(session, wall, "token.add", "api_token", row.id, scopes=" ".join(row.scopes))
    return token


def revoke(session: Session, name: str, wall: datetime) -> bool:
    """End a token at once; False when no living one has that name."""
    row = session.query(ApiToken).filter_by(name=name, revoked_at=None).one_or_none()
    if row is None:
        return False
    row.revoked_at = wall
    audit.record(session, wall, "token.revoke", "api_token", row.id)
    return True


def admit(session: Session, header: str | None, wall: datetime, per_minute: int) -> Caller:
    """The caller of an Authorization header, counted; ApiError 401 for no living token, 429 above the limit."""
    kind, _, token = (header or "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise _unknown("A bearer token is needed.", "")
    row = session.query(ApiToken).filter_by(token_index=blind(token.strip())).with_for_update().one_or_none()
    if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= wall):
        raise _unknown("This token is unknown, revoked or expired.", ', error="invalid_token"')
    if row.window_began is None or not row.window_began <= wall < row.window_began + WINDOW:
        row.window_began, row.window_uses = wall, 0
    if row.window_uses >= per_minute:
        wait = int((row.window_began + WINDOW - wall).total_seconds()) + 1
        raise ApiError(429, "too_many_requests", f"At most {per_minute} requests a minute.", headers={"Retry-After": str(wait)})
    row.window_uses += 1
    row.last_used_at = wall
    known = set(Scope)
    scopes = frozenset(Scope(scope) for scope in row.scopes if scope in known)
    villages = frozenset(int(word.removeprefix(VILLAGE)) for word in row.scopes if word.startswith(VILLAGE))
    return Caller(row.id, scopes, per_minute - row.window_uses, villages or None)


def _unknown(detail: str, more: str) -> ApiError:
    return ApiError(401, "unauthorized", detail, headers={"WWW-Authenticate": f'Bearer realm="lamen"{more}'})
