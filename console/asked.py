"""What the address of a page of results asks for: period, place, language, sex, operator."""

from datetime import timedelta
from typing import Any

from flask import abort, request

from clubs import overview
from clubs.models import Sex
from console.access import R, scope, who
from console.edge import now
from console.forms import Typed
from console.words import _
from messaging import reading as traffic
from results import places
from results.scope import Scope
from runtime.database import Session

WEEKS = 4
FILTERS = ("du", "au", "commune", "village", "langue", "sexe", "operateur")


def asked(session: Session, first: str = "du", last: str = "au") -> tuple[Typed, Scope]:
    """The filters of the address; a village that is not this person's own does not exist."""
    today = now(session).date()
    form = Typed(request.args.to_dict())
    until = form.day(last) or today
    since = form.day(first) or until - timedelta(weeks=WEEKS) + timedelta(days=1)
    if not form.errors:
        form = Typed({**request.args.to_dict(), first: since, last: until})
    if since > until:
        form.wrong(first, _("Le début est après la fin. Changez une des deux dates."))
        since = until
    sex = form.kind("sexe", Sex, Sex.WOMAN) if form.value("sexe") in set(Sex) else None
    language = form.value("langue") or None
    if language is not None and language not in overview.languages(session):
        form.wrong("langue", _("Cette langue n'existe pas. Choisissez dans la liste."))
        language = None
    operator = form.value("operateur") or None
    if operator is not None and operator not in traffic.operators(session):
        form.wrong("operateur", _("Cet opérateur n'existe pas. Choisissez dans la liste."))
        operator = None
    return form, Scope(since, until, _villages(session), language, sex, operator)


def _villages(session: Session) -> frozenset[int] | None:
    allowed, village = scope(session), request.args.get("village", type=int)
    if village is not None and ((allowed is not None and village not in allowed) or not overview.exists(session, village)):
        abort(404)
    if village is not None:
        return frozenset({village})
    commune = request.args.get("commune", type=int)
    if commune is None:
        return allowed
    here = places.villages_of(session, commune)
    if not here:
        abort(404)
    return here if allowed is None else here & allowed


def query(form: Typed) -> dict[str, Any]:
    """The filters as they stand in an address."""
    return {name: form.value(name) for name in FILTERS if form.value(name)}


def sees_reports() -> bool:
    """Whether this person gets more than totals."""
    return not who().roles <= {R.LECTURE, R.LANGUE}
