"""Compute the state of the log from its leaves, when a sealer starts and after leaves were restored.

Leaves under the log's signature are hashed and their chains followed; together they must have the signed root. Leaves
that nobody has signed yet (a process died between commit and signature, or a stolen login inserted rows) are recomputed
from their events (vetting.py).
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
_LOG_EVENT_ENDS = (b'"y":"log.opened"}', b'"y":"heads.manifest"}')


@dataclass
class Recounted:
    """A log computed from its leaves, and its roots at the requested sizes."""

    log: Log
    roots: dict[int, bytes] = field(default_factory=dict)


def count_leaves(connection: psycopg.Connection[Any]) -> int:
    """Count the leaves. Raises Stopped unless their numbers have no gap."""
    ((count, last),) = connection.execute("SELECT count(*), coalesce(max(n), -1) FROM audit.leaf").fetchall()
    if count != last + 1:
        raise Stopped("head_differs", f"Of the leaves 0 to {last}, only {count} exist.")
    return int(count)


def recount(
    connection: psycopg.Connection[Any], first: str, checkpoint: Checkpoint, sizes: Sequence[int] = ()
) -> Recounted:
    """Compute the log of the leaves under `checkpoint`, and its roots at `sizes`.

    Raises Stopped when the leaves are not a log. The caller must compare the root with the checkpoint's.
    """
    upto = checkpoint.size
    rows = connection.execute(_ROW).fetchall()
    if not rows:
        raise Stopped("head_differs", "There are leaves, but the log_head row with the tag key is missing.")
    log = Log(first, checkpoint.origin, bytes(rows[0][0]))
    recounted, bounds = Recounted(log), sorted({size for size in sizes if 0 < size <= upto} | {upto})
    log_entries: list[tuple[int, bytes]] = []
    with connection.transaction(), connection.cursor("entries", binary=True) as cursor:
        cursor.itersize = _PAGE
        cursor.execute(_ENTRIES, [upto])
        for size in bounds:
            for entries in _pages(cursor, size - log.size):
                _add_entries(log, entries, log_entries)
            recounted.roots[size] = log.frontier.root()
    log.signed_frontier = Frontier(log.size, log.frontier.nodes)
    _read_log_events(connection, log, log_entries)
    return recounted


def _pages(cursor: Any, count: int) -> Iterator[list[tuple[int, bytes]]]:
    while count > 0:
        rows = cursor.fetchmany(min(count, _PAGE))
        if not rows:
            raise Stopped("head_differs", "Leaves disappeared while they were counted.")
        count -= len(rows)
        yield rows


def _add_entries(
    log: Log, entries: Sequence[tuple[int, bytes]], log_entries: list[tuple[int, bytes]]
) -> None:
    """Add some entries to the log. Openings and manifests among them are appended to `log_entries`."""
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
                        raise ValueError(f"its {name} chain does not follow from the leaves before it")
                    heads[tag_bytes] = count + 1, n
            if n != at or entry["n"] != n:
                raise ValueError("it has the wrong number")
            if (recorded_at := entry["r"]) > newest:
                newest = recorded_at
            late_n += "late" in entry
            if log.parents_from is None and entry["v"] == 2:
                log.parents_from = n
            if data.endswith(_LOG_EVENT_ENDS):
                log_entries.append((n, data))
            hashes.append(sha256(b"\0" + data).digest())
            at += 1
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Stopped("head_differs", f"Leaf {at} does not belong to this log: {error}.") from None
    log.newest, log.late_n = newest, late_n
    log.frontier.extend(hashes)
    log.edge.extend(hashes)


def _read_log_events(
    connection: psycopg.Connection[Any], log: Log, log_entries: Sequence[tuple[int, bytes]]
) -> None:
    """Read the log's own events: its names, the commitment to the tag key, the newest manifest."""
    if not log.size:
        return
    ((zero, first),) = [*log_entries[:1]] or [(-1, b"{}")]
    if zero != 0 or not first.endswith(_LOG_EVENT_ENDS[0]):
        raise Stopped("head_differs", "The log does not begin with log.opened.")
    if from_json(first)["act"] != tag(log.tag_key, "act", ACTOR).hex():
        raise Stopped(
            "head_differs", "The tag key in audit.log_head is not the one with which leaf 0 was written."
        )
    log.manifest_at = recorded_at_of(first)
    openings = [data for _, data in log_entries if data.endswith(_LOG_EVENT_ENDS[0])]
    manifests = [(n, data) for n, data in log_entries if data.endswith(_LOG_EVENT_ENDS[1])]
    to_read = [from_json(data) for data in (*openings, *(data for _, data in manifests[-1:]))]
    events = events_of(connection, [entry["e"] for entry in to_read])
    contents = [_content_of(events.get(entry["e"]), entry) for entry in to_read]
    for entry, content in zip(to_read[: len(openings)], contents, strict=False):
        if content is None:
            continue
        if content.detail.get("tag_key_sha256") != key_commitment(log.tag_key):
            raise Stopped(
                "head_differs",
                f"The tag key in audit.log_head is not the one to which leaf {entry['n']} commits.",
            )
        if entry is to_read[len(openings) - 1] and content.detail.get("origin") != log.origin:
            raise Stopped("head_differs", f"Leaf {entry['n']} opens a log other than {log.origin}.")
    if manifests:
        log.manifest_n, manifest = manifests[-1]
        log.manifest_at, content = recorded_at_of(manifest), contents[-1]
        if content is None:  # its event is lost, but a manifest never states a later time than this
            log.closed_until = minute_before(log.manifest_at)
        else:
            log.closed_until = str(content.detail.get("closed_until", BEGINNING))
        log.sealed_until = log.closed_until


def _content_of(event: Event | None, entry: dict[str, Any]) -> EventContent | None:
    """Parse the event of a signed entry; None when it is missing. Raises Stopped when it is a different event."""
    if event is None:
        return None
    content = examine(event)
    if content is None or event.body_hash.hex() != entry["bh"]:
        raise Stopped("event_altered", f"Event {event.event_id} differs from the event that was sealed.")
    return content
