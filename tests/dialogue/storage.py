"""What the database makes of flows and states: JSON text and back."""

import json

from dialogue.flow import Flow
from dialogue.values import State


def kept_flow(flow: Flow) -> Flow:
    """A flow as it is read after it was stored."""
    return Flow.from_json(json.dumps(flow.document(), allow_nan=False))


def kept_state(state: State) -> State:
    """A state as it is read after it was stored."""
    return State.from_document(json.loads(json.dumps(state.document(), allow_nan=False)))
