"""Recount the state of the log from its leaves, when a sealer starts and after a loss was restored.

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
from recordings.proof.sealing.events import ACTOR, Event, EventContent, events_of, examine
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
class Recounted:
    """A log that was counted from the leaves, and the roots that it had at the sizes that were asked for."""

    log: Log
    roots: dict[int, bytes] = field(default_factory=dict)


def count_leaves(connection: psycopg.Connection[Any]) -> int:
    """Count the leaves. Raises Stopped when they are not numbered without a gap."""
    ((count, last),) = connection.execute("SELECT count(*), coalesce(max(n), -1) FROM audit.leaf").fetchall()
    if count != last + 1:
        raise Stopped("head_differs", f"Of the leaves 0 to {last} only {count} are there.")
    return int(count)


def recount(
    connection: psycopg.Connection[Any], first: str, vouched: Checkpoint, sizes: Sequence[int] = ()
) -> Recounted:
    """Count the log of the leaves that a checkpoint stands for, and its roots at `sizes`, too. Raises Stopped when they
    are no log; the caller compares the root with the checkpoint's.
    """
    upto = vouched.size
    rows = connection.execute(_ROW).fetchall()
    if not rows:
        raise Stopped("head_differs", "There are leaves, but the row with the log's tag key is gone.")
    log = Log(first, vouched.origin, bytes(rows[0][0]))
    recounted, stops = Recounted(log), sorted({size for size in sizes if 0 < size <= upto} | {upto})
    own: list[tuple[int, bytes]] = []
    with connection.transaction(), connection.cursor("entries", binary=True) as cursor:
        cursor.itersize = _PAGE
        cursor.execute(_ENTRIES, [upto])
        for stop in stops:
            for entries in _pages(cursor, stop - log.size):
                _count(log, entries, own)
            recounted.roots[stop] = log.frontier.root()
    log.signed_frontier = Frontier(log.size, log.frontier.nodes)
    _read_own_leaves(connection, log, own)
    return recounted


def _pages(cursor: Any, count: int) -> Iterator[list[tuple[int, bytes]]]:
    while count > 0:
        rows = cursor.fetchmany(min(count, _PAGE))
        if not rows:
            raise Stopped("head_differs", "Leaves went while they were counted.")
        count -= len(rows)
        yield rows


def _count(log: Log, entries: Sequence[tuple[int, bytes]], own: list[tuple[int, bytes]]) -> None:
    """Count some leaves into the log; those that open it and its manifests are added to `own`."""
    hashes, chains = [], [(log.heads[kind], kind, f"{kind}_n", f"{kind}_prev") for kind in KINDS]
    newest, late_n, at = log.newest, log.late_n, log.size
    try:
        for n, data in entries:
            entry = from_json(data, cache_strings="keys")
            for heads, name, count_name, prev_name in chains:
                tag_hex = entry.get(name)
                if tag_hex is not None:
                    tag_bytes = bytes.fromhex(tag_hex)
                    count, last = heads.get(tag_bytes, (0, None))
                    if entry[count_name] != count + 1 or entry.get(prev_name) != last:
                        raise ValueError(f"its {name} does not follow the leaf before")
                    heads[tag_bytes] = count + 1, n
            if n != at or entry["n"] != n:
                raise ValueError("it has another number")
            if (recorded_at := entry["r"]) > newest:
                newest = recorded_at
            late_n += "late" in entry
            if log.parents_from is None and entry["v"] == 2:
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


def _read_own_leaves(connection: psycopg.Connection[Any], log: Log, own: Sequence[tuple[int, bytes]]) -> None:
    """Read what the log says of itself: its names, the commitment to the tag key, the newest manifest."""
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
    contents = [_content_of(events.get(entry["e"]), entry) for entry in wanted]
    for entry, content in zip(wanted[: len(openings)], contents, strict=False):
        if content is None:
            continue
        if content.detail.get("tag_key_sha256") != key_commitment(log.tag_key):
            raise Stopped(
                "head_differs", f"The tag key in audit.log_head is not the one that leaf {entry['n']} names."
            )
        if entry is wanted[len(openings) - 1] and content.detail.get("origin") != log.origin:
            raise Stopped("head_differs", f"Leaf {entry['n']} opens another log than {log.origin}.")
    if manifests:
        log.manifest_n, manifest = manifests[-1]
        log.manifest_at, content = recorded_at_of(manifest), contents[-1]
        if content is None:  # its event is lost; it said at most a minute before it was recorded
            log.closed_until = minute_before(log.manifest_at)
        else:
            log.closed_until = str(content.detail.get("closed_until", BEGINNING))
        log.sealed_until = log.closed_until


def _content_of(event: Event | None, entry: dict[str, Any]) -> EventContent | None:
    """Read the event of a signed entry; None when it is gone. Stopped when it is another one."""
    if event is None:
        return None
    content = examine(event)
    if content is None or event.body_hash.hex() != entry["bh"]:
        raise Stopped("event_altered", f"Event {event.event_id} is not the one that was sealed.")
    return content
