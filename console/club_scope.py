"""The club or village an address names, and the month: 404 outside of one's villages, as if there were none."""

import re
from datetime import date

from flask import abort, request

from clubs.models import Club, Village
from clubs.month import first_of
from console.access import scope, within
from runtime.database import Session

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


def village_here(session: Session, number: int) -> Village:
    """The village, within one's own."""
    row = session.get(Village, number)
    if row is None:
        abort(404)
    within(session, row.id)
    return row


def club_here(session: Session, number: int) -> Club:
    """The club, in one's own villages."""
    row = session.get(Club, number)
    if row is None:
        abort(404)
    within(session, row.village_id)
    return row


def month_of_address(text: str) -> date:
    """The first day of a month written 2026-03; 404 for anything else."""
    return _month(text) or abort(404)


def month_asked(otherwise: date) -> date:
    """The first day of the month that a filter or a form names (2026-03), else that of `otherwise`."""
    return _month(request.values.get("mois", "")[:7]) or first_of(otherwise)


def _month(text: str) -> date | None:
    found = _MONTH.fullmatch(text)
    return None if found is None else date(int(found[1]), int(found[2]), 1)


def own_villages(session: Session) -> list[int] | None:
    """The villages of this person as queries take them; None for all."""
    allowed = scope(session)
    return None if allowed is None else sorted(allowed)
