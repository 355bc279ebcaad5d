"""What sending and receiving need besides a session: settings, database, gateways by kind, the work engine.

`stopping` is set by a process that was asked to end: a claimed row whose request has not begun then goes back to the queue.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from messaging.gateways.protocol import Gateway
from runtime.database import Database
from runtime.settings import Settings
from runtime.work import WorkEngine

DISPATCH = "dispatch"  # subject: a channel's id
DIAL = "dial"  # subject: a channel's id
FAN_OUT = "fan_out"  # subject: a broadcast's id
CONVERSE = "converse"  # subject: an inbound message's id
LOOK_UP = "look_up"  # subject: a channel's id
PROBE = "probe"  # subject: a channel's id


@dataclass(frozen=True)
class Exchange:
    """Built once a process by wsgi, and by tests around the simulator."""

    settings: Settings
    database: Database
    gateways: Mapping[str, Gateway]
    work: WorkEngine
    stopping: threading.Event = field(default_factory=threading.Event)
