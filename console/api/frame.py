"""What every endpoint of the API shares: its token, its scope, its pages, its place in the OpenAPI document.

Only `endpoint` makes a route, and it asks for a scope: there is no way to forget one. Cookies are never read, so that no other
site can make a browser act here.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, g, jsonify, request
from pydantic import BaseModel, ConfigDict, Field
from spectree import Response as Answers
from spectree import Tag
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from clubs.people import phones_of
from console.api.document import shaped, spec
from console.api.once import Keyed
from console.api.problems import DETAILS, ApiError, ProblemDetails, answer, from_http, json_body
from console.api.tokens import Caller, Scope, admit
from console.api.values import LARGEST
from console.edge import exchange, wall_time, writing
from runtime.paging import Slice

PREFIX = "/api/v1"
MOST = 200
T = TypeVar("T")
blueprint = Blueprint("api", "console", url_prefix=PREFIX)
scopes_of: dict[str, Scope] = {}
by_village: set[str] = set()
with_body: set[str] = set()


class Paging(BaseModel):
    """Which part of a list; an unknown parameter is refused, because ignoring a filter would show too much."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=MOST, description="How many rows at most.")
    after: int = Field(
        0, ge=0, le=LARGEST, description="Rows after the one with this id; `next` holds the address of the next page."
    )

    @property
    def slice(self) -> Slice:
        """The part as the readers take it, one row longer, to know whether more follow."""
        return visible(self.after, self.limit + 1)

    @property
    def filters(self) -> dict[str, Any]:
        """Everything else that was asked for."""
        return self.model_dump(exclude={"limit", "after"}, exclude_none=True)


class Page(BaseModel, Generic[T]):
    """A part of a list in the order of ids; `next` is the address of what follows, null at the end."""

    items: list[T]
    next: str | None


def page(rows: Sequence[T], paging: Paging, kind: type[Page[T]]) -> Page[T]:
    """The page of `rows`, which were read one longer than asked for."""
    more = len(rows) > paging.limit
    items = list(rows[: paging.limit])
    following = None
    if more:
        last: Any = items[-1]
        asked = [(name, value) for name, value in request.args.items(multi=True) if name not in ("after", "limit")]
        following = f"{request.path}?{urlencode([*asked, ('limit', paging.limit), ('after', last.id)])}"
    return kind.model_construct(items=items, next=following)


View = Callable[..., Any]
Read = Callable[[Slice, dict[str, Any]], Sequence[Any]]


def endpoint(
    rule: str,
    scope: Scope,
    gives: Any,
    tag: Tag,
    *,
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    status: int = 200,
    keyed: bool = False,
) -> Callable[[View], View]:
    """Declare an endpoint: GET, or POST with a `body` or where it is `keyed`, that is takes an Idempotency-Key and may be
    refused because of what there is. The view gets the checked query or body, then the rule's own values."""
    codes = [401, 403, 422, 429]
    codes += ([404] if "<" in rule else []) + ([400, 413, 415] if body else []) + ([409] if keyed else [])
    answers = Answers(**{f"HTTP_{status}": gives}, **{f"HTTP_{code}": ProblemDetails for code in codes})
    if status == 201:
        answers.add_model(200, gives, description="Made before under the same Idempotency-Key")
    headers = Keyed if keyed else None

    def declare(view: View) -> View:
        @wraps(view)
        def run(**values: Any) -> Any:
            context = request.context  # type: ignore[attr-defined]  # set by spectree
            return view(*(given for given in (context.query, context.json) if given is not None), **values)

        checked = spec.validate(query=query, json=body, headers=headers, resp=answers, tags=(tag,), operation_id=view.__name__)(
            run
        )
        method = "POST" if body or keyed else "GET"
        blueprint.add_url_rule(rule, endpoint=view.__name__, view_func=checked, methods=[method])
        scopes_of[f"api.{view.__name__}"] = scope
        if body:
            with_body.add(f"api.{view.__name__}")
        return view

    return declare


def collection(name: str, scope: Scope, line: Any, tag: Tag, query: type[Paging], read: Read, *, villages: bool = False) -> None:
    """Declare a list and its single rows: GET /name and GET /name/<id>. `read` gets a slice, one row longer than what is shown,
    and the filters. `villages` says that it obeys the slice's villages; else a token of some villages is refused."""
    kind: Any = Page[line]

    def many(asked: Paging) -> Page[Any]:
        return page(read(asked.slice, asked.filters), asked, kind)

    def single(id: int) -> Any:
        found = read(visible(0, 2), {"id": id})
        if not found:
            raise ApiError(404, *DETAILS[404])
        return found[0]

    many.__name__, many.__doc__ = f"list_{name}", f"A page of {name}."
    single.__name__, single.__doc__ = f"get_{name}", f"One of the {name}."
    endpoint(f"/{name}", scope, kind, tag, query=query)(many)
    endpoint(f"/{name}/<int(max={LARGEST}):id>", scope, line, tag)(single)
    if villages:
        by_village.update(f"api.{view.__name__}" for view in (many, single))


def visible(after: int = 0, limit: int = 50) -> Slice:
    """A slice of what this request's token may see."""
    villages = caller().villages
    return Slice(after, limit, villages, None if villages is None else phones_of(villages))


def caller() -> Caller:
    """The token behind this request."""
    found: Caller = g.api_caller
    return found


@blueprint.before_request
def _enter() -> None:
    scope = scopes_of.get(request.endpoint or "")
    if scope is None and request.endpoint == "api.document":
        return
    with writing() as session:
        g.api_caller = admit(
            session, request.headers.get("Authorization"), wall_time(), exchange().settings.api_requests_per_minute
        )
    if scope is None or not caller().may(scope):
        raise ApiError(403, "scope_missing", f"This token lacks the scope {scope}.")
    if caller().villages is not None and request.endpoint not in by_village:
        raise ApiError(403, "some_villages", "This token reads of some villages only, and this speaks of all of them.")
    if request.endpoint in with_body:
        json_body()


@blueprint.before_app_request
def _nowhere() -> Response | None:
    """An address that no route has belongs to no blueprint, so that its error handlers would not see it."""
    error = request.routing_exception
    if error is None or isinstance(error, RequestRedirect) or not request.path.startswith("/api/"):
        return None
    return from_http(error)


@blueprint.after_request
def _leave(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    found: Caller | None = g.get("api_caller")
    if found is not None:
        response.headers["RateLimit-Remaining"] = str(found.uses_left)
    return response


@blueprint.errorhandler(ApiError)
def _refused(error: ApiError) -> Response:
    return answer(error)


@blueprint.errorhandler(HTTPException)
def _failed(error: HTTPException) -> Response:
    return from_http(error)


@blueprint.get("/openapi.json")
def document() -> Response:
    """The OpenAPI document; open to anybody, since it holds nothing about anybody."""
    return jsonify(openapi())


def openapi() -> dict[str, Any]:
    """The document, with the scope named at each operation."""
    return shaped({name.removeprefix("api."): scope for name, scope in scopes_of.items()})


def install(app: Flask) -> None:
    """Put the API into the application."""
    app.register_blueprint(blueprint)
