"""The log's state counted from its leaves, when a sealer starts and whenever leaves are there that it did not write.

What the log's key has signed is taken as it is: leaf by leaf it is hashed, its chains are followed, and its root must
be the one that was signed. What nobody has signed – a process died between commit and signature, or a hostile login
inserted rows – is made again from events and chains (vetting.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import psycopg
from pydantic_core import from_json

from recordings.proof.sealing.batch import minute_before, recorded_at_of
from recordings.proof.sealing.errors import Stopped
from recordings.proof.sealing.events import ACTOR, Event, Said, events_of, examine
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.stable_prefix import BEGINNING
from recordings.proof.sealing.tags import KINDS, key_commitment, tag
from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.merkle import Frontier

_ROW = "SELECT tag_key FROM audit.log_head"
_ENTRIES = "SELECT n, entry FROM audit.leaf WHERE n < %s ORDER BY n"
_PAGE = 4096
_OWN_ENDS = (b'"y":"log.opened"}', b'"y":"heads.manifest"}')


@dataclass
class Counted:
    """A log on its way from the leaves, and the roots that it had at the sizes that were asked for."""

    log: Log
    roots: dict[int, bytes] = field(default_factory=dict)


def count_leaves(connection: psycopg.Connection[Any]) -> int:
    """How many leaves there are; Stopped when they are not numbered without a gap."""
    ((count, last),) = connection.execute("SELECT count(*), coalesce(max(n), -1) FROM audit.leaf").fetchall()
    if count != last + 1:
        raise Stopped("head_differs", f"Of the leaves 0 to {last} only {count} are there.")
    return int(count)


def recount(
    connection: psycopg.Connection[Any], first: str, vouched: Checkpoint, sizes: Sequence[int] = ()
) -> Counted:
    """The log of the leaves that a checkpoint stands for, and its roots at `sizes`, too. Raises Stopped when they are
    no log; whether the root is that of the checkpoint is for the caller to see.
    """
    upto = vouched.size
    rows = connection.execute(_ROW).fetchall()
    if not rows:
        raise Stopped("head_differs", "There are leaves, but the row with the log's tag key is gone.")
    log = Log(first, vouched.origin, bytes(rows[0][0]))
    counted, stops = Counted(log), sorted({size for size in sizes if 0 < size <= upto} | {upto})
    own: list[tuple[int, bytes]] = []
    with connection.transaction(), connection.cursor("entries", binary=True) as cursor:
        cursor.itersize = _PAGE
        cursor.execute(_ENTRIES, [upto])
        for stop in stops:
            for entries in _pages(cursor, stop - log.size):
                _follow(log, entries, own)
            counted.roots[stop] = log.frontier.root()
    log.signed_frontier = Frontier(log.size, log.frontier.nodes)
    _take_own(connection, log, own)
    return counted


def _pages(cursor: Any, count: int) -> Iterator[list[tuple[int, bytes]]]:
    while count > 0:
        rows = cursor.fetchmany(min(count, _PAGE))
        if not rows:
            raise Stopped("head_differs", "Leaves went while they were counted.")
        count -= len(rows)
        yield rows


def _follow(log: Log, entries: Sequence[tuple[int, bytes]], own: list[tuple[int, bytes]]) -> None:
    """Count some leaves."""
    hashes, chains = [], [(log.heads[kind], kind, f"{kind}_n", f"{kind}_prev") for kind in KINDS]
    newest, late_n, at = log.newest, log.late_n, log.size
    try:
        for n, data in entries:
            said = from_json(data, cache_strings="keys")
            for heads, name, count_name, prev_name in chains:
                found = said.get(name)
                if found is not None:
                    found = bytes.fromhex(found)
                    count, last = heads.get(found, (0, None))
                    if said[count_name] != count + 1 or said.get(prev_name) != last:
                        raise ValueError(f"its {name} does not follow the leaf before")
                    heads[found] = count + 1, n
            if n != at or said["n"] != n:
                raise ValueError("it has another number")
            if (recorded_at := said["r"]) > newest:
                newest = recorded_at
            late_n += "late" in said
            if log.parents_from is None and said["v"] == 2:
                log.parents_from = n
            if data.endswith(_OWN_ENDS):
                own.append((n, data))
            hashes.append(sha256(b"\0" + data).digest())
            at += 1
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise Stopped("head_differs", f"Leaf {at} is not one of this log: {wrong}.") from None
    log.newest, log.late_n = newest, late_n
    log.frontier.extend(hashes)
    log.edge.extend(hashes)


def _take_own(connection: psycopg.Connection[Any], log: Log, own: Sequence[tuple[int, bytes]]) -> None:
    """What the log says of itself: its names, the commitment to the tag key, the newest manifest."""
    if not log.size:
        return
    ((zero, first),) = [*own[:1]] or [(-1, b"{}")]
    if zero != 0 or not first.endswith(_OWN_ENDS[0]):
        raise Stopped("head_differs", "The log does not begin with log.opened.")
    if from_json(first)["act"] != tag(log.tag_key, "act", ACTOR).hex():
        raise Stopped(
            "head_differs", "The tag key in audit.log_head is not the one that leaf 0 was written with."
        )
    log.manifest_at = recorded_at_of(first)
    openings = [data for _, data in own if data.endswith(_OWN_ENDS[0])]
    manifests = [(n, data) for n, data in own if data.endswith(_OWN_ENDS[1])]
    wanted = [from_json(data) for data in (*openings, *(data for _, data in manifests[-1:]))]
    events = events_of(connection, [entry["e"] for entry in wanted])
    for entry in wanted[: len(openings)]:
        _check_opening(
            log, entry, _said(events.get(entry["e"]), entry), last=entry is wanted[len(openings) - 1]
        )
    if manifests:
        n, data = manifests[-1]
        _take_manifest(log, n, data, _said(events.get(wanted[-1]["e"]), wanted[-1]))


def _said(event: Event | None, entry: dict[str, Any]) -> Said | None:
    """What the event of a signed entry says; None when it is gone. Stopped when it is another one."""
    if event is None:
        return None
    said = examine(event)
    if said is None or event.body_hash.hex() != entry["bh"]:
        raise Stopped("event_altered", f"Event {event.event_id} is not the one that was sealed.")
    return said


def _check_opening(log: Log, entry: dict[str, Any], said: Said | None, *, last: bool) -> None:
    if said is None:
        return
    if said.detail.get("tag_key_sha256") != key_commitment(log.tag_key):
        raise Stopped(
            "head_differs", f"The tag key in audit.log_head is not the one that leaf {entry['n']} names."
        )
    if last and said.detail.get("origin") != log.origin:
        raise Stopped("head_differs", f"Leaf {entry['n']} opens another log than {log.origin}.")


def _take_manifest(log: Log, n: int, data: bytes, said: Said | None) -> None:
    """One whose event is lost has said at most a minute before it was recorded."""
    log.manifest_n, log.manifest_at = n, recorded_at_of(data)
    if said is None:
        log.closed_until = minute_before(log.manifest_at)
    else:
        log.closed_until = str(said.detail.get("closed_until", BEGINNING))
    log.sealed_until = log.closed_until
