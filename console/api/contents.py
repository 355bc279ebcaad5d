"""What can be said: contents with their words, and who checked and approved them. Approving is for people alone."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from console.api.document import Tags
from console.api.frame import Paging, collection
from console.api.tokens import Scope
from console.api.values import Word
from console.edge import reading
from runtime.paging import Slice
from translations import reading as library
from translations.models import ContentKind
from translations.reading import ContentLine

Theme = Annotated[int, Field(ge=10, le=99, description="Two digits, as printed on the facilitator's card.")]


class ContentQuery(Paging):
    """Filters on contents."""

    key: Word | None = None
    kind: ContentKind | None = None
    theme: Theme | None = None
    archived: bool | None = None


def _contents(part: Slice, filters: dict[str, Any]) -> Sequence[ContentLine]:
    with reading() as session:
        return library.contents(session, part, **filters)


collection("contents", Scope.CONTENTS, ContentLine, Tags.CONTENTS, ContentQuery, _contents)
