"""Who may open which page: every route declares its roles, and one that does not is refused.

A role opens pages; which rows are on them is another question, answered by `scope`: outside of it a row does not exist (404).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Blueprint, Response, abort, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from werkzeug.wrappers import Response as AnyResponse

from console.edge import wall_time, writing
from console.once import answer_of, give_back, remember, take
from console.staff import Draft, RoleName, Staff, village_ids
from runtime.database import Session

Answer = ResponseReturnValue
R = RoleName

ANYBODY: frozenset[RoleName] = frozenset()
EVERYONE = frozenset(RoleName)
STAFF = EVERYONE - {R.LECTURE, R.LANGUE}
SEES_ALL = {R.ADMINISTRATION, R.COMMUNICATION, R.VALIDATION}  # beside Terrain; Suivi or Protection does not widen it
SEES_PEOPLE = {R.ADMINISTRATION, R.COMMUNICATION, R.VALIDATION, R.TERRAIN, R.PROTECTION}

# Served without the console's sign-in: each has its own door (tokens) or shows nothing about anybody.
OUTSIDE_PATHS = ("/hooks/", "/api/", "/static/", "/healthz", "/readyz", "/metrics")
SIGN_IN_BLUEPRINT = "security"  # the sign-in library's own pages guard themselves


@dataclass(frozen=True)
class Person:
    """The member of staff behind this request."""

    id: int
    username: str
    name: str
    language: str
    roles: frozenset[RoleName]

    def may(self, *roles: RoleName) -> bool:
        """Whether the person has one of `roles`."""
        return bool(self.roles.intersection(roles))

    @property
    def sees_people(self) -> bool:
        """Whether names and (masked) numbers may be shown at all."""
        return bool(self.roles & SEES_PEOPLE)


def person(staff: Staff) -> Person:
    """The value of a staff row."""
    roles = frozenset(RoleName(role.name) for role in staff.roles)
    return Person(staff.id, staff.username, staff.display_name, staff.ui_language, roles)


def who() -> Person:
    """The person signed in; 401 on a page open to anybody when nobody is."""
    found = visitor()
    if found is None:
        abort(401)
    return found


def visitor() -> Person | None:
    """The person signed in, or None."""
    if "person" not in g:
        g.person = person(current_user) if current_user.is_authenticated else None
    found: Person | None = g.person
    return found


def scope(session: Session) -> frozenset[int] | None:
    """The villages whose rows this person may see: None for all of them. Others are to be answered with 404."""
    someone = who()
    if someone.roles & SEES_ALL or R.TERRAIN not in someone.roles:
        return None
    return village_ids(session, someone.id)


def within(session: Session, village_id: int | None) -> None:
    """404 unless the village is in this person's scope."""
    allowed = scope(session)
    if allowed is not None and village_id not in allowed:
        abort(404)


View = Callable[..., Answer]


class Pages(Blueprint):
    """A blueprint whose routes declare who may open them."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "console")

    def page(
        self,
        rule: str,
        *,
        roles: Collection[RoleName],
        form: bool = False,
        post: bool = False,
        again: bool = False,
        **options: Any,
    ) -> Callable[[View], View]:
        """Declare a page: GET, or GET and POST with `form`, or POST alone with `post`.

        Each POST acts once, but for the rare one that may be repeated without harm (`again`).
        """
        methods = ["POST"] if post else ["GET", "POST"] if form else ["GET"]

        def declare(view: View) -> View:
            @wraps(view)
            def once(**arguments: Any) -> Answer:
                return view(**arguments) if again or request.method != "POST" else _act_once(view, arguments)

            once.allowed_roles = frozenset(roles)  # type: ignore[attr-defined]  # read back by `declared`
            self.add_url_rule(rule, endpoint=view.__name__, view_func=once, methods=methods, **options)
            return view

        return declare


def declared(view: Callable[..., Any] | None) -> frozenset[RoleName] | None:
    """The roles a view declares; None for a view that declares nothing."""
    return getattr(view, "allowed_roles", None)


def outside(path: str, endpoint: str | None) -> bool:
    """Whether the console's doors do not apply: other packages guard these."""
    return path.startswith(OUTSIDE_PATHS) or (endpoint or "").endswith(("static",))


def guard(view: Callable[..., Any] | None, blueprint: str | None) -> Answer | None:
    """Let the request pass (None), or answer for it: to the sign-in page, or 403."""
    if view is None or blueprint == SIGN_IN_BLUEPRINT:
        return None
    roles = declared(view)
    if roles is None:
        abort(403)
    if not roles:
        return None
    someone = visitor()
    if someone is None:
        return _to_sign_in()
    if not someone.roles & roles:
        abort(403)
    return None


def _to_sign_in() -> Answer:
    if request.method == "POST":
        session["unsent"] = "kept" if _keep_typed() else "lost"  # said on the sign-in page
    back = request.full_path.rstrip("?") if request.method == "GET" else request.form.get("_page", "/")
    # An htmx request would paste the sign-in page into a corner of the old one.
    if request.headers.get("HX-Request"):
        return Response(status=401, headers={"HX-Redirect": url_for("security.login", next=back)})
    return redirect(url_for("security.login", next=back))


def _keep_typed() -> bool:
    """A form sent after the session ended: keep what was typed, for the person whose browser this is; whether it has a draft."""
    known, form = session.get("last_staff"), request.form.get("_draft")
    if known is not None and form:
        fields = {name: values for name, values in request.form.lists() if not name.startswith("_") and name != "csrf_token"}
        with writing() as transaction:
            keep(transaction, int(known), form, fields)
    return known is not None and bool(form)


def keep(transaction: Session, staff_id: int, form: str, fields: dict[str, list[str]]) -> None:
    """Keep the fields of a form for its author, replacing what was kept before."""
    row = transaction.query(Draft).filter_by(staff_id=staff_id, form=form[:120]).one_or_none()
    if row is None:
        row = Draft(staff_id=staff_id, form=form[:120])
        transaction.add(row)
    row.saved_at = wall_time()
    row.fields = {name: values for name, values in fields.items() if "password" not in name}


def _act_once(view: View, arguments: dict[str, Any]) -> Answer:
    token, someone = request.form.get("_once", ""), visitor()
    if not 16 <= len(token) <= 64:
        abort(400)
    if not take(token, None if someone is None else someone.id):
        return redirect(answer_of(token) or request.form.get("_page") or "/")
    try:
        answer = view(**arguments)
    except BaseException:
        give_back(token)
        raise
    if isinstance(answer, AnyResponse) and answer.status_code < 400:
        remember(token, answer.headers.get("Location"))
    else:
        give_back(token)
    return answer
