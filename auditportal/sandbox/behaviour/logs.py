"""The API's request log and the storage's access log, both without secrets."""

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from auditportal.sandbox.messages import Request

KEPT_ENTRIES = 20_000
SECRET_PARAMETERS = frozenset({"x-amz-signature", "x-amz-security-token"})
Entry = TypeVar("Entry")


@dataclass(frozen=True)
class LoggedRequest:
    """A call of the API. The key shows its last four characters only."""

    at: datetime
    client: str
    method: str
    path: str
    query: str
    status: int
    key_ending: str
    request_id: str
    user_agent: str
    fault: str = ""


@dataclass
class Access:
    """A read of the storage, as in S3's server access log. `bytes_sent` is less when the client disconnected."""

    at: datetime
    client: str
    bucket: str
    key: str
    operation: str
    status: int
    error_code: str
    bytes_sent: int
    object_size: int
    version_id: str
    access_key: str
    range: str
    referer: str
    user_agent: str
    parameters: dict[str, str] = field(default_factory=dict)


class Log(Generic[Entry]):
    """The newest entries, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT_ENTRIES)
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        """Append an entry; remove the oldest when there are too many."""
        with self._lock:
            self._entries.append(entry)

    def entries(self) -> list[Entry]:
        """Return a copy of the entries."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Remove everything."""
        with self._lock:
            self._entries.clear()


def kept_parameters(request: Request) -> dict[str, str]:
    """Query parameters that begin with `x-`: S3 ignores unknown ones but keeps them in its log. Never the signature."""
    return {
        name: value
        for name, value in request.params.items()
        if name.lower().startswith("x-") and name.lower() not in SECRET_PARAMETERS
    }
