"""Select the leaves of a bundle, so that their counters and positions show that none is missing.

Only leaf numbers are held in memory, eight bytes each; stream.py reads the leaves when it writes them.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from django.utils.translation import gettext_lazy as _
from pydantic_core import from_json

from recordings.audit.kinds import Kind as EventKind
from recordings.db import fetch_all
from recordings.proof.evidence.bundle.scope import ACTOR, ALL, OBJECT, TARGET, Scope
from recordings.proof.evidence.errors import TooMuch
from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.tags import TagKind, tag

LIMIT = 100_000
_FETCHED = 5_000
_CHAINS: Mapping[str, tuple[TagKind, ...]] = {
    TARGET: ("obj",),
    OBJECT: ("obj", "par"),
    ACTOR: ("act",),
    ALL: (),
}

_OF_TAG: dict[TagKind, LiteralString] = {
    "obj": "SELECT n FROM audit.leaf WHERE obj = %s AND n < %s",
    "par": "SELECT n FROM audit.leaf WHERE par = %s AND n < %s",
    "act": "SELECT n FROM audit.leaf WHERE act = %s AND n < %s",
}
_MANIFESTS = """
SELECT l.n, e.body FROM audit.event e JOIN audit.leaf l ON l.event_no = e.id
WHERE e.kind = %s AND l.n < %s ORDER BY l.n {0}
"""
_TAG_KEY = "SELECT tag_key FROM audit.log_head"
_INCIDENTS = """
SELECT l.n, e.body FROM audit.event e JOIN audit.leaf l ON l.event_no = e.id
WHERE e.kind = %s AND l.n < %s ORDER BY l.n
"""
_SPEAK_OF_LEAVES = ("event_late", "event_malformed")


@dataclass(frozen=True)
class Population:
    """The leaves of a scope and the incidents about them, ascending.

    `tags`: those of the scope, computed with `tag_key`; none for the scope "all".
    """

    tag_key: bytes
    tags: Mapping[TagKind, bytes]
    leaves: Sequence[int]
    incidents: Sequence[int]

    @property
    def range(self) -> dict[str, int]:
        """First and last leaf; for the scope "all", whose leaves are a contiguous range."""
        return {"first": self.leaves[0], "last": self.leaves[-1]}


def select_population(connection: Any, scope: Scope, size: int) -> Population:
    """Select the leaves of a scope in the log of this size, whose last leaf is a manifest. Raises TooMuch."""
    tag_key = bytes(fetch_all(connection, _TAG_KEY)[0][0])
    tags = {kind: tag(tag_key, kind, scope.ref) for kind in _CHAINS[scope.kind]}
    leaves: Sequence[int]
    if scope.kind == ALL:
        first, last = _first_of_period(connection, scope, size), _last_of_period(connection, scope, size)
        if last - first >= LIMIT:
            raise TooMuch(_TOO_LONG)
        leaves = range(first, last + 1)
    else:
        # A manifest counts only the leaves before it.
        leaves = _leaves_with(connection, tags, size - 1)
        if len(leaves) > LIMIT:
            raise TooMuch(_TOO_MANY)
    return Population(tag_key, tags, leaves, list(_incidents_about(connection, leaves, size)))


# The numbers are LIMIT: the sentences are stored with the report and translated when they are shown.
_TOO_LONG = _(
    "A bundle contains at most 100,000 events, but this period has more. Choose a shorter period, or export several "
    "bundles, one for each part of the period: together they prove the same."
)
_TOO_MANY = _(
    "A bundle contains at most 100,000 events, but this person, object or recording has more, and its bundle contains "
    "all of them whatever the period. Choose the period alone, without a person, object or recording, or export CSV."
)


def _leaves_with(connection: Any, tags: Mapping[TagKind, bytes], end: int) -> Sequence[int]:
    """Return the leaves before `end` with any of these tags, at most LIMIT + 1."""
    query = " UNION ".join(_OF_TAG[kind] for kind in tags)
    params = [value for of_kind in tags.values() for value in (of_kind, end)]
    with connection.cursor(name="scope") as cursor:
        cursor.itersize = _FETCHED
        cursor.execute(f"{query} ORDER BY n LIMIT %s", [*params, LIMIT + 1])
        return array("q", (n for (n,) in cursor))


def _first_of_period(connection: Any, scope: Scope, size: int) -> int:
    """Return the newest manifest whose leaves are all older than the scope's period; 0 when there is none."""
    if scope.since is None:
        return 0
    since = stamp(scope.since)
    newest_first = _manifests(connection, size, "DESC")
    return next((n for n, detail in newest_first if "newest" in detail and detail["newest"] < since), 0)


def _last_of_period(connection: Any, scope: Scope, size: int) -> int:
    """Return the oldest manifest that closes the scope's period and after which no leaf was sealed late, since a late
    leaf may belong to the period; the newest leaf when there is none."""
    if scope.until is None:
        return size - 1
    until, (_, newest) = stamp(scope.until), next(_manifests(connection, size, "DESC"))
    for n, detail in _manifests(connection, size, "ASC"):
        if detail.get("closed_until", "") >= until and detail.get("late_n") == newest.get("late_n"):
            return n
    return size - 1


def _manifests(connection: Any, size: int, order: LiteralString) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number and detail of each manifest."""
    with connection.cursor(name=f"manifests_{order}") as cursor:
        cursor.itersize = 200
        cursor.execute(_MANIFESTS.format(order), [EventKind.HEADS_MANIFEST.value, size])
        for n, body in cursor:
            yield n, from_json(bytes(body)).get("action_detail", {})


def _incidents_about(connection: Any, leaves: Sequence[int], size: int) -> Iterator[int]:
    """Yield the incidents about late or malformed leaves, where some of these are among `leaves`."""
    with connection.cursor(name="incidents") as cursor:
        cursor.itersize = 200
        cursor.execute(_INCIDENTS, [EventKind.SEALER_INCIDENT.value, size])
        for n, body in cursor:
            detail = from_json(bytes(body)).get("action_detail", {})
            if detail.get("code") not in _SPEAK_OF_LEAVES:
                continue
            next_leaf = bisect_left(leaves, detail["first"])
            if next_leaf < len(leaves) and leaves[next_leaf] < detail["first"] + detail["count"]:
                yield n


def merged(*parts: Iterable[int]) -> Sequence[int]:
    """Return all numbers without duplicates, ascending."""
    return array("q", sorted(set().union(*parts)))
