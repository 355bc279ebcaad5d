"""The OpenAPI document: made of the same models that check each request and write each answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spectree import SecurityScheme, SpecTree, Tag
from spectree.models import SecureType, SecuritySchemeData

from console.api.problems import MEDIA_TYPE, ApiError, ProblemDetails, faults_of


@dataclass(frozen=True)
class Tags:
    """The chapters of the document."""

    PEOPLE = Tag(name="people", description="Villages, clubs, members and the phone numbers behind them")
    TRAFFIC = Tag(name="traffic", description="SMS, calls and what listeners asked")
    CONTENTS = Tag(name="contents", description="What can be said, in which languages, and who approved it")
    PROGRAMME = Tag(name="programme", description="Campaigns and their sendings")
    RESULTS = Tag(name="results", description="Reports, answers, quizzes and indicators")


def _invalid(_request: Any, _response: Any, error: Any, _instance: Any, _adapter: Any) -> None:
    if error is not None:
        raise ApiError(422, "invalid", "Some parts of the request are wrong.", faults=faults_of(error))


def _name(model: Any) -> str:
    return str(model.__name__).replace("[", "").replace("]", "").replace("Line", "")


class _Spec(SpecTree):
    """Describes each model once: every operation names the same refusals, and describing them anew is most of a start."""

    def _add_model(self, model: Any, mode: Any = "validation") -> str:
        name = _name(model)
        if described.setdefault(name, model) is not model:
            raise TypeError(f"two models are called {name}")
        return name if name in self.models else super()._add_model(model, mode)


described: dict[str, Any] = {}
spec = _Spec(
    "flask",
    mode="strict",
    annotations=False,
    before=_invalid,
    naming_strategy=_name,
    nested_naming_strategy=lambda _parent, child: child.replace("Line", ""),
    validation_error_model=ProblemDetails,
    title="Lamɛn",
    version="1",
    description="Clubs, members, messages, calls, reports and campaigns. Ask the administration for a bearer token.",
    security_schemes=[SecurityScheme(name="token", data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer"))],
    security={"token": []},
)


def shaped(scopes: Mapping[str, str]) -> dict[str, Any]:
    """The document, with refusals under the media type they really have; `scopes` by operation id."""
    made: dict[str, Any] = spec.spec
    for operations in made["paths"].values():
        for operation in operations.values():
            operation["description"] = f"Scope: `{scopes[operation['operationId']]}`."
            for code, reply in operation["responses"].items():
                content = reply.get("content", {})
                if int(code) >= 400 and "application/json" in content:
                    content[MEDIA_TYPE] = content.pop("application/json")
    return made
