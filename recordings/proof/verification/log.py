"""The log during a verification: its head row, its segments' results, and the problems found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg

from recordings.proof.verification.findings import Findings, Problem
from recordings.proof.verification.segment import Segment
from recordings.tlog.merkle import EMPTY_ROOT
from recordings.tlog.policy import Policy

_HEAD = "SELECT origin, tag_key, size, root FROM audit.log_head"
_END = "SELECT coalesce(max(n) + 1, 0) FROM audit.leaf"
_VERSION = "SELECT entry FROM audit.leaf WHERE n >= %s ORDER BY n LIMIT 1"
_LOG_EVENTS = """
SELECT l.n, e.event_id::text, e.recorded_at, e.body FROM audit.event e JOIN audit.leaf l ON l.event_no = e.id
WHERE e.kind = %s AND position('"y":"event.malformed"}'::bytea IN l.entry) = 0 ORDER BY l.n
"""


class Head(NamedTuple):
    """The log_head row, which the sealer writes for readers. No check relies on its size."""

    origin: str = ""
    tag_key: bytes = bytes(32)
    size: int = 0
    root: bytes = EMPTY_ROOT


class LogEvent(NamedTuple):
    """An event that the log wrote about itself."""

    n: int
    event_id: str
    recorded_at: int
    body: bytes


@dataclass
class Log:
    """The input of the checks. All reads belong to one snapshot of the database."""

    connection: psycopg.Connection[Any] = field(repr=False)
    head: Head
    is_open: bool
    size: int  # how many leaves there are
    parents_from: int  # the first leaf of version 2
    policy: Policy | None
    lag_limit: int
    every_manifest: bool = False
    field_key: bytes = field(default=b"", repr=False)  # decrypts personal values
    segment: Segment = field(default_factory=Segment)  # all of its segments, joined
    events: int = 0

    @property
    def findings(self) -> Findings:
        return self.segment.findings

    def rows(self, query: str, *params: object) -> list[Any]:
        """Run a query with a short result; returns all rows."""
        return self.connection.execute(query, params, binary=True).fetchall()

    def events_of_kind(self, kind: str) -> list[LogEvent]:
        """List the log's own events of a kind, in the order of their leaves."""
        return [LogEvent._make(row) for row in self.rows(_LOG_EVENTS, kind)]

    def add(self, check: str, what: str, n: int = -1, event_id: str = "", at: str = "") -> None:
        """Record a problem."""
        self.findings.add(Problem(check, what, n, event_id, at))


# Returns a sentence with the check's numbers. Problems are added to the log's findings under the check's name.
LogCheck = Callable[[Log], str]


def read_head(connection: psycopg.Connection[Any]) -> Head | None:
    """Read the log_head row; None before the log is opened."""
    row = connection.execute(_HEAD, binary=True).fetchone()
    return Head._make(row) if row else None


def read_size(connection: psycopg.Connection[Any]) -> int:
    """Return how many leaves the log has: the last leaf's number plus one."""
    ((size,),) = connection.execute(_END, binary=True).fetchall()
    return int(size)


def first_of_version_2(connection: psycopg.Connection[Any], size: int) -> int:
    """Find the first entry of version 2 by bisection. Every entry's version is checked when it is recomputed."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        rows = connection.execute(_VERSION, [middle], binary=True).fetchall()
        if rows and b'"v":1,"y":"' in rows[0][0]:
            low = middle + 1
        else:
            high = middle
    return low
