"""Every refusal of the API as application/problem+json (RFC 9457), from a wrong token to an address that does not exist."""

from http import HTTPStatus
from json import JSONDecodeError
from typing import Any

from flask import Response, current_app, request
from pydantic import BaseModel, ConfigDict
from werkzeug.exceptions import HTTPException, MethodNotAllowed

MEDIA_TYPE = "application/problem+json"


class Fault(BaseModel):
    """One wrong part of a request: where it stands and what is wrong with it."""

    place: str
    message: str


class ProblemDetails(BaseModel):
    """Why a request was refused. `code` is one stable word, `faults` lists every wrong part of the request."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    faults: list[Fault] = []


class ApiError(Exception):
    """The base of what the API refuses; carries its own answer."""

    def __init__(
        self, status: int, code: str, detail: str, *, faults: list[Fault] | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail
        self.faults, self.headers = faults or [], headers or {}


def answer(error: ApiError) -> Response:
    """The problem document of an error."""
    problem = ProblemDetails(
        title=HTTPStatus(error.status).phrase, status=error.status, detail=error.detail, code=error.code, faults=error.faults
    )
    response = Response(problem.model_dump_json(), status=error.status, content_type=MEDIA_TYPE)
    response.headers.update(error.headers)
    return response


DETAILS = {
    400: ("bad_request", "The request could not be read."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("too_large", "The request is too large."),
    415: ("not_json", "Send the body as application/json."),
}


def from_http(error: HTTPException) -> Response:
    """The problem document of what Flask itself refuses, without its HTML."""
    status = error.code or 500
    code, detail = DETAILS.get(status, ("failed", "The service could not answer. Try again later."))
    headers = {"Allow": ", ".join(error.valid_methods or [])} if isinstance(error, MethodNotAllowed) else {}
    return answer(ApiError(status, code, detail, headers=headers))


def faults_of(error: Any) -> list[Fault]:
    """The faults of a pydantic ValidationError, without the values that were sent."""
    return [
        Fault(place=".".join(str(part) for part in fault["loc"]) or "body", message=fault["msg"])
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def json_body() -> None:
    """Refuse a body that is not a JSON object before anything reads it: 415, 400."""
    if request.mimetype != "application/json":
        raise ApiError(415, *DETAILS[415])
    try:
        body = current_app.json.loads(request.get_data())
    except (JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(400, "not_json", "The body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise ApiError(422, "invalid", "The body must be a JSON object.")
