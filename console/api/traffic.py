"""SMS, calls and what listeners asked.

What one of them disclosed in confidence stays with the Protection role: its text is null here. So is, without the scope for
people, the text of an SMS that says the first name of whoever gets it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from clubs import disclosures, heard
from clubs.heard import InquiryLine
from clubs.records import InquiryKind, InquiryState
from console.api.document import Tags
from console.api.frame import Paging, caller, collection
from console.api.tokens import Scope
from console.api.values import Moment, RowId, Word
from console.edge import reading
from messaging import reading as traffic
from messaging.models import CallState, Direction, MessageState
from messaging.reading import CallLine, MessageLine
from runtime.paging import Slice


class MessageQuery(Paging):
    """Filters on SMS; `answers` is the received message that was replied to, `since` a moment of creation."""

    id: RowId | None = None
    external_id: Word | None = None
    contact: RowId | None = None
    direction: Direction | None = None
    state: MessageState | None = None
    broadcast: RowId | None = None
    answers: RowId | None = None
    since: Moment | None = None


class CallQuery(Paging):
    """Filters on calls; `since` is a moment of creation."""

    id: RowId | None = None
    external_id: Word | None = None
    contact: RowId | None = None
    direction: Direction | None = None
    state: CallState | None = None
    broadcast: RowId | None = None
    since: Moment | None = None


class InquiryQuery(Paging):
    """Filters on inquiries; `since` is when they came."""

    id: RowId | None = None
    kind: InquiryKind | None = None
    state: InquiryState | None = None
    since: Moment | None = None


def _messages(part: Slice, filters: dict[str, Any]) -> Sequence[MessageLine]:
    with reading() as session:
        found = traffic.messages(session, part, **filters)
        hidden = disclosures.among(session, [row.id for row in found])
        if not caller().may(Scope.PEOPLE):
            hidden |= traffic.naming(session, [row.id for row in found])
    return [replace(row, text=None) if row.id in hidden else row for row in found]


def _calls(part: Slice, filters: dict[str, Any]) -> Sequence[CallLine]:
    with reading() as session:
        return traffic.calls(session, part, **filters)


def _inquiries(part: Slice, filters: dict[str, Any]) -> Sequence[InquiryLine]:
    with reading() as session:
        return heard.inquiries(session, part, **filters)


collection("messages", Scope.MESSAGES, MessageLine, Tags.TRAFFIC, MessageQuery, _messages, villages=True)
collection("calls", Scope.MESSAGES, CallLine, Tags.TRAFFIC, CallQuery, _calls, villages=True)
collection("inquiries", Scope.INQUIRIES, InquiryLine, Tags.TRAFFIC, InquiryQuery, _inquiries, villages=True)
