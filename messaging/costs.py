"""What SMS and calls have cost, in whole FCFA: what left, what is leaving, and what may have left and nobody knows.

The one rule for every page, file and cap. What was set aside for a try and given back is no cost, though its row keeps its price.
"""

from sqlalchemy import and_, case, func, or_
from sqlalchemy.sql.elements import ColumnElement

from messaging.models import Call, CallState, Message, MessageState

_GONE = (MessageState.SENDING, MessageState.WIRED, MessageState.SENT, MessageState.DELIVERED, MessageState.UNKNOWN)
_SET_ASIDE = (CallState.DIALLING, CallState.RINGING, CallState.ANSWERED, CallState.UNKNOWN)

PAID: ColumnElement[bool] = or_(
    Message.state.in_(_GONE), and_(Message.state == MessageState.FAILED, Message.reason == "given_up")
)
"""Of SMS: those that cost their price. What staff gave up on may have been charged."""

OF_TEXT: ColumnElement[int] = case((PAID, Message.price), else_=0)
OF_CALL: ColumnElement[int] = Call.spent + func.coalesce(Call.settled, case((Call.state.in_(_SET_ASIDE), Call.price), else_=0))
"""Of a call over all its tries."""


def of_call(call: Call) -> int:
    """The same of one row."""
    if call.settled is not None:
        return call.spent + call.settled
    return call.spent + (call.price if call.state in _SET_ASIDE else 0)
