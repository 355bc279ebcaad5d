"""The rows of messaging; import them from here."""

from messaging.models.calls import Call, CallEvent, CallHour, CallState, Listener, Moderation, Recording
from messaging.models.channels import (
    Budget,
    Bundle,
    Channel,
    ChannelLog,
    ChannelState,
    Inbound,
    InboundKey,
    WebhookBody,
)
from messaging.models.contacts import (
    Consent,
    Contact,
    ContactState,
    OpenPrompt,
    OptOut,
    PromptKind,
    Purpose,
)
from messaging.models.messages import (
    Attempt,
    Broadcast,
    BroadcastState,
    Direction,
    Kind,
    Message,
    MessageState,
    Route,
    StatusUpdate,
)
from messaging.models.seasons import Ramadan
from messaging.models.simulator import SimulatorEvent

__all__ = [
    "Attempt",
    "Broadcast",
    "BroadcastState",
    "Budget",
    "Bundle",
    "Call",
    "CallEvent",
    "CallHour",
    "CallState",
    "Channel",
    "ChannelLog",
    "ChannelState",
    "Consent",
    "Contact",
    "ContactState",
    "Direction",
    "Inbound",
    "InboundKey",
    "Kind",
    "Listener",
    "Message",
    "MessageState",
    "Moderation",
    "OpenPrompt",
    "OptOut",
    "PromptKind",
    "Purpose",
    "Ramadan",
    "Recording",
    "Route",
    "SimulatorEvent",
    "StatusUpdate",
    "WebhookBody",
]
