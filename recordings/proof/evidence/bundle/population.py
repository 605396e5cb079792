"""Which leaves a bundle ships, so that an outsider sees by counters and indices that none is missing.

Only indices are held here, eight bytes each: what the leaves say is read when they are written (stream.py).
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from pydantic_core import from_json

from recordings.audit.kinds import Kind as Events
from recordings.proof.evidence.bundle.scope import ACTOR, ALL, OBJECT, TARGET, Scope
from recordings.proof.evidence.errors import TooMuch
from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.tags import TagKind

LIMIT = 100_000
_FETCHED = 5_000
CHAINS: Mapping[str, tuple[TagKind, ...]] = {
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
_INCIDENTS = """
SELECT l.n, e.body FROM audit.event e JOIN audit.leaf l ON l.event_no = e.id
WHERE e.kind = %s AND l.n < %s ORDER BY l.n
"""
_SPEAK_OF_LEAVES = ("event_late", "event_malformed")


@dataclass(frozen=True)
class Population:
    """The leaves of a scope, ascending, and the incidents that speak of some of them."""

    leaves: Sequence[int]
    incidents: Sequence[int]

    @property
    def range(self) -> dict[str, int]:
        """First and last leaf of an unbroken range."""
        return {"first": self.leaves[0], "last": self.leaves[-1]}


def select(connection: Any, scope: Scope, tags: Mapping[TagKind, bytes], size: int) -> Population:
    """The leaves of a scope in the log of this size, whose last leaf is a manifest; `tags` are the scope's own. A
    manifest speaks of the leaves before it, so a tag's leaves end there as well.

    Raises TooMuch, with what to narrow, when they are more than a bundle carries.
    """
    leaves: Sequence[int]
    if scope.kind == ALL:
        first, last = _first(connection, scope, size), _last(connection, scope, size)
        if last - first >= LIMIT:
            raise TooMuch(_TOO_LONG)
        leaves = range(first, last + 1)
    else:
        leaves = _of_tags(connection, tags, size)
        if len(leaves) > LIMIT:
            raise TooMuch(_TOO_BUSY.format(ref=scope.ref))
    return Population(leaves, list(_incidents(connection, leaves, size)))


_TOO_LONG = (
    f"A bundle carries at most {LIMIT:,} events and this period has more. Take a shorter period, or several bundles "
    "of one period each: they prove as much together."
)
_TOO_BUSY = (
    f"{{ref}} has more than {LIMIT:,} events, and a bundle about one person or thing carries all of them whatever the "
    "period. Ask for the period as a whole, without naming anybody, or for CSV."
)


def _of_tags(connection: Any, tags: Mapping[TagKind, bytes], size: int) -> Sequence[int]:
    """The leaves that have any of these tags, at most LIMIT + 1 of them."""
    query = " UNION ".join(_OF_TAG[kind] for kind in tags)
    params = [value for found in tags.values() for value in (found, size - 1)]
    with connection.cursor(name="scope") as cursor:
        cursor.itersize = _FETCHED
        cursor.execute(f"{query} ORDER BY n LIMIT %s", [*params, LIMIT + 1])
        return array("q", (n for (n,) in cursor))


def _first(connection: Any, scope: Scope, size: int) -> int:
    """The newest manifest that closes everything before the scope's time; 0 when there is none."""
    if scope.since is None:
        return 0
    since = stamp(scope.since)
    newest_first = _manifests(connection, size, "DESC")
    return next((n for n, said in newest_first if "newest" in said and said["newest"] < since), 0)


def _last(connection: Any, scope: Scope, size: int) -> int:
    """The oldest manifest that closes the scope's time and behind which no leaf came late: such a one may be of the
    period. The newest leaf when there is none."""
    if scope.until is None:
        return size - 1
    until, (_, newest) = stamp(scope.until), next(_manifests(connection, size, "DESC"))
    for n, said in _manifests(connection, size, "ASC"):
        if said.get("closed_until", "") >= until and said.get("late_n") == newest.get("late_n"):
            return n
    return size - 1


def _manifests(connection: Any, size: int, order: LiteralString) -> Iterator[tuple[int, dict[str, Any]]]:
    with connection.cursor(name=f"manifests_{order}") as cursor:
        cursor.itersize = 200
        cursor.execute(_MANIFESTS.format(order), [Events.HEADS_MANIFEST.value, size])
        for n, body in cursor:
            yield n, from_json(bytes(body)).get("action_detail", {})


def _incidents(connection: Any, leaves: Sequence[int], size: int) -> Iterator[int]:
    """The incidents that speak of leaves which came late or are no events, where some of these are among `leaves`."""
    with connection.cursor(name="incidents") as cursor:
        cursor.itersize = 200
        cursor.execute(_INCIDENTS, [Events.SEALER_INCIDENT.value, size])
        for n, body in cursor:
            said = from_json(bytes(body)).get("action_detail", {})
            if said.get("code") in _SPEAK_OF_LEAVES and _touches(leaves, said["first"], said["count"]):
                yield n


def _touches(leaves: Sequence[int], first: int, count: int) -> bool:
    at = bisect_left(leaves, first)
    return at < len(leaves) and leaves[at] < first + count


def together(*parts: Iterable[int]) -> Sequence[int]:
    """All of these indices once, ascending."""
    return array("q", sorted(set().union(*parts)))
