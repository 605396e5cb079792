"""Adding leaves to the log, in the transaction that holds its end: chains, entries, tree, tiles."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.types.json import Jsonb
from pydantic_core import from_json

from recordings.sealing.entries import Leaf, Place, entry
from recordings.sealing.errors import Stopped
from recordings.sealing.head import Head
from recordings.sealing.tags import Kind, tag
from recordings.sealing.tree import Tree
from recordings.tlog.merkle import leaf_hash

_READ_HEADS = """
SELECT 'act', tag, count, last FROM audit.actor_head WHERE tag = ANY(%s)
UNION ALL SELECT 'obj', tag, count, last FROM audit.object_head WHERE tag = ANY(%s)
"""
# A ref that was not known when its leaf came back from a published copy is known once an event says it.
_WRITE = """
INSERT INTO audit.{0}_head AS kept (tag, ref, count, last)
SELECT decode(row->>0, 'hex'), row->>1, (row->>2)::int8, (row->>3)::int8 FROM jsonb_array_elements(%s) AS row
ON CONFLICT (tag) DO UPDATE
SET count = excluded.count, last = excluded.last, ref = coalesce(nullif(kept.ref, ''), excluded.ref)
"""
_WRITE_HEADS = f"WITH actors AS ({_WRITE.format('actor')}) {_WRITE.format('object')}"
_COPY_LEAVES = """
COPY audit.leaf (n, event_no, event_id, entry, hash, obj, obj_n, act, act_n) FROM STDIN (FORMAT binary)
"""
# A uuid goes over the wire as its 16 bytes, as bytea does.
_LEAF_TYPES = ("int8", "int8", "bytea", "bytea", "bytea", "bytea", "int8", "bytea", "int8")


class Event(NamedTuple):
    """A committed event that has no leaf yet."""

    id: int
    event_id: str
    body: bytes
    body_hash: bytes
    recorded_at: datetime


class Said(NamedTuple):
    """What an event's bytes say of it."""

    kind: str
    outcome: str
    actor: str
    target: str
    detail: Any


def examine(event: Event) -> Said:
    """Read an event after checking its hash. Raises Stopped when it is not what was written."""
    if hashlib.sha256(event.body).digest() != event.body_hash:
        raise Stopped("event_altered", f"The bytes of event {event.event_id} do not hash to its body hash.")
    try:
        body = from_json(event.body)
        if body["id"] != event.event_id:
            raise ValueError
        actor, target = _ref(body["actor"]), _ref(body.get("object"))
        return Said(str(body["type"]), str(body["outcome"]), actor, target, body.get("action_detail"))
    except (ValueError, KeyError, TypeError):
        raise Stopped("event_altered", f"The bytes of event {event.event_id} are not that event.") from None


def _ref(part: Any) -> str:
    ref = part.get("ref") if isinstance(part, dict) else None
    return "" if ref is None else str(ref)


class Chains:
    """The heads of the tags that a batch touches: read once, moved on in memory, written once."""

    def __init__(
        self, connection: psycopg.Connection[Any], acts: Mapping[bytes, str], objs: Mapping[bytes, str]
    ) -> None:
        """`acts` and `objs` are the tags that will be moved, each with its ref ("" when only the tag is known)."""
        self._refs: dict[Kind, Mapping[bytes, str]] = {"act": acts, "obj": objs}
        self._heads: dict[Kind, dict[bytes, tuple[int, int]]] = {"act": {}, "obj": {}}
        rows = connection.execute(_READ_HEADS, [list(acts), list(objs)], binary=True)
        for kind, found, count, last in rows.fetchall():
            self._heads[kind][found] = count, last

    def move(self, kind: Kind, found: bytes, n: int) -> Place:
        """The place of leaf `n` in the chain of a tag, which ends there now."""
        count, last = self._heads[kind].get(found, (0, None))
        self._heads[kind][found] = count + 1, n
        return Place(found, count + 1, last)

    def save(self, connection: psycopg.Connection[Any]) -> None:
        """Write the heads back in the transaction that is open."""
        connection.execute(_WRITE_HEADS, [self._rows("act"), self._rows("obj")])

    def _rows(self, kind: Kind) -> Jsonb:
        refs, heads = self._refs[kind], self._heads[kind]
        return Jsonb([(found.hex(), refs[found], *head) for found, head in heads.items()])


def append(
    connection: psycopg.Connection[Any], head: Head, events: Sequence[Event]
) -> tuple[list[Said], list[bytes]]:
    """Give each event the next leaf and move the head on; the caller saves the head and commits.

    Returns what the events say, and the hashes of the leaves.
    """
    said = [examine(event) for event in events]
    act_tags = {ref: tag(head.tag_key, "act", ref) for ref in {one.actor for one in said}}
    obj_tags = {ref: tag(head.tag_key, "obj", ref) for ref in {one.target for one in said if one.target}}
    chains = Chains(
        connection,
        {found: ref for ref, found in act_tags.items()},
        {found: ref for ref, found in obj_tags.items()},
    )
    leaves = []
    for n, (event, one) in enumerate(zip(events, said, strict=True), head.size):
        obj = chains.move("obj", obj_tags[one.target], n) if one.target else None
        leaves.append(_leaf(n, event, one, chains.move("act", act_tags[one.actor], n), obj))
    chains.save(connection)
    return said, store(connection, head, leaves)


def _leaf(n: int, event: Event, said: Said, act: Place, obj: Place | None) -> Leaf:
    data = entry(
        n=n,
        event_id=event.event_id,
        body_hash=event.body_hash,
        recorded_at=event.recorded_at,
        kind=said.kind,
        outcome=said.outcome,
        act=act,
        obj=obj,
    )
    return Leaf(n, event.id, event.event_id, data, leaf_hash(data), obj, act)


def store(connection: psycopg.Connection[Any], head: Head, leaves: Sequence[Leaf]) -> list[bytes]:
    """Write leaves and the tiles that they fill, and move the frontier on; returns the hashes of the leaves."""
    hashes = [leaf.hash for leaf in leaves]
    with connection.cursor() as cursor:
        tiles = Tree(cursor).full_tiles(head.size, hashes)
        with cursor.copy(_COPY_LEAVES) as copy:
            copy.set_types(_LEAF_TYPES)
            for leaf in leaves:
                obj, obj_n = leaf.obj[:2] if leaf.obj else (None, None)
                event_id = bytes.fromhex(leaf.event_id.replace("-", ""))
                kept = (leaf.n, leaf.event_no, event_id, leaf.entry, leaf.hash)
                copy.write_row((*kept, obj, obj_n, *leaf.act[:2]))
        if tiles:
            cursor.executemany("INSERT INTO audit.tile (level, position, hashes) VALUES (%s, %s, %s)", tiles)
    head.frontier.extend(hashes)
    return hashes
