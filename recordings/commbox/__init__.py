"""Client of CommBox's API: returns plain records or raises a CommBoxError."""

from recordings.commbox.client import CommBox
from recordings.commbox.errors import (
    BadRequest,
    BadResponse,
    CommBoxError,
    Forbidden,
    NotFound,
    ServerError,
    Throttled,
    Unauthorized,
    Unreachable,
)
from recordings.commbox.records import (
    AgentItem,
    ObjectItem,
    Parsed,
    Problem,
    RecordingItem,
    StreamStat,
    TeamItem,
    Window,
)
from recordings.commbox.transport import Timeouts

__all__ = [
    "AgentItem",
    "BadRequest",
    "BadResponse",
    "CommBox",
    "CommBoxError",
    "Forbidden",
    "NotFound",
    "ObjectItem",
    "Parsed",
    "Problem",
    "RecordingItem",
    "ServerError",
    "StreamStat",
    "TeamItem",
    "Throttled",
    "Timeouts",
    "Unauthorized",
    "Unreachable",
    "Window",
]
