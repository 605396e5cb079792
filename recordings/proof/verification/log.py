"""The log as a whole while it is verified: its head, what its segments hold, and where problems are kept."""

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
# (size, root) → the event that an opening, a manifest … is
_OWN = """
SELECT l.n, e.event_id::text, e.recorded_at, e.body FROM audit.event e JOIN audit.leaf l ON l.event_no = e.id
WHERE e.kind = %s AND position('"y":"event.malformed"}'::bytea IN l.entry) = 0 ORDER BY l.n
"""


class Head(NamedTuple):
    """The row of the log's end, as the sealer writes it for others to read. Nothing here depends on its size."""

    origin: str = ""
    tag_key: bytes = bytes(32)
    size: int = 0
    root: bytes = EMPTY_ROOT


class OwnEvent(NamedTuple):
    """An event that the log wrote about itself."""

    n: int
    event_id: str
    recorded_at: int
    body: bytes


@dataclass
class Log:
    """What the checks look at. All reads are of one snapshot of the database."""

    connection: psycopg.Connection[Any] = field(repr=False)
    head: Head
    is_open: bool
    size: int  # how many leaves there are
    parents_from: int  # the first leaf of version 2
    policy: Policy | None
    lag_limit: int
    every_manifest: bool = False
    field_key: bytes = field(default=b"", repr=False)  # of the personal values
    segment: Segment = field(default_factory=Segment)  # all of its segments, joined
    events: int = 0

    @property
    def findings(self) -> Findings:
        return self.segment.findings

    def rows(self, query: str, *params: object) -> list[Any]:
        """All rows of a short answer."""
        return self.connection.execute(query, params, binary=True).fetchall()

    def own(self, kind: str) -> list[OwnEvent]:
        """The events of a kind that stand in the log, in its order."""
        return [OwnEvent._make(row) for row in self.rows(_OWN, kind)]

    def add(self, check: str, what: str, n: int = -1, event_id: str = "", at: str = "") -> None:
        """Keep a problem."""
        self.findings.add(Problem(check, what, n, event_id, at))


# Returns the numbers of a check as a sentence; problems go into the log's findings under the check's name.
LogCheck = Callable[[Log], str]


def read_head(connection: psycopg.Connection[Any]) -> Head | None:
    """The row of the log's end; None before the log is opened."""
    row = connection.execute(_HEAD, binary=True).fetchone()
    return Head._make(row) if row else None


def read_size(connection: psycopg.Connection[Any]) -> int:
    """How many leaves the log has: one more than the number of the last."""
    ((size,),) = connection.execute(_END, binary=True).fetchall()
    return int(size)


def first_of_version_2(connection: psycopg.Connection[Any], size: int) -> int:
    """Where entries of version 2 begin; that all before have version 1 and all after 2 is seen when they are made."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        rows = connection.execute(_VERSION, [middle], binary=True).fetchall()
        if rows and b'"v":1,"y":"' in rows[0][0]:
            low = middle + 1
        else:
            high = middle
    return low
