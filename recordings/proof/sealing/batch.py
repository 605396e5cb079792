"""A batch of new leaves, prepared beside the log in memory: chains, entries, tree and tiles. Adopted once committed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg

from recordings.audit.kinds import Kind, Outcome
from recordings.models.fields import uuid7
from recordings.proof.sealing.entries import MALFORMED, ChainLink, Leaf, entry, stamp
from recordings.proof.sealing.errors import NotYet
from recordings.proof.sealing.events import ACTOR, Event, EventContent, examine
from recordings.proof.sealing.log import HeadMap, Log, Tile, head_root
from recordings.proof.sealing.log_events import LATE_EVENTS, announcement, write_log_event
from recordings.proof.sealing.stable_prefix import MARGIN
from recordings.proof.sealing.tags import KINDS, TagKind, tag
from recordings.tlog.merkle import Frontier, leaf_hash

_COPY_LEAVES = """
COPY audit.leaf (n, event_no, event_id, entry, hash, obj, obj_n, par, par_n, act, act_n) FROM STDIN (FORMAT binary)
"""
# A uuid goes over the wire as its 16 bytes, as bytea does.
_LEAF_TYPES = ("int8", "int8", "bytea", "bytea", "bytea", "bytea", "int8", "bytea", "int8", "bytea", "int8")
_INSERT_TILES = "INSERT INTO audit.tile (level, position, hashes) VALUES (%s, %s, %s)"
_SAVE_END = """
UPDATE audit.log_head SET origin = %s, size = %s, root = %s, manifest_n = %s, manifest_at = %s, parents_from = %s,
                          closed_until = %s, sealed_at = clock_timestamp()
"""
_INSERT_INCIDENT = "INSERT INTO audit.incident (code, detail, event_id) VALUES (%s, %s, %s)"


class Batch:
    """Leaves that follow the end of the log. The log does not change before `adopt`."""

    def __init__(self, log: Log, connection: psycopg.Connection[Any] | None = None, now: str = "") -> None:
        """Begin an empty batch. `now` is the database's time, as text.

        When `now` is before the time until which the last manifest closed the log, the clock went back, and the log's
        own events are marked late as well.
        """
        self.log, self.leaves = log, list[Leaf]()
        self._connection = connection
        self._clock_went_back = bool(now) and now < log.closed_until
        self.origin, self.newest, self.parents_from = log.origin, log.newest, log.parents_from
        self.late_n = log.late_n
        self.closed_until, self.manifest_n, self.manifest_at = (
            log.closed_until,
            log.manifest_n,
            log.manifest_at,
        )
        self.frontier, self.edge = Frontier(log.size, log.frontier.nodes), log.edge.copy()
        self._heads: dict[TagKind, HeadMap] = {kind: {} for kind in KINDS}
        self._tags: dict[tuple[TagKind, str], bytes] = {}

    @property
    def n(self) -> int:
        """The number of the next leaf."""
        return self.log.size + len(self.leaves)

    @property
    def ends_with_manifest(self) -> bool:
        return self.manifest_n == self.n - 1

    # --- leaves

    def add(self, event: Event, content: EventContent, *, late: bool = False) -> Leaf:
        """Add the leaf of an event."""
        n = self.n
        act = self._link("act", content.actor, n)
        obj = self._link("obj", content.target, n) if content.target else None
        par = self._link("par", content.parent, n) if content.parent else None
        return self._append(event, content.kind, content.outcome, act, obj, par, late)

    def add_malformed(self, event: Event, *, late: bool = False) -> Leaf:
        """Add the leaf of bytes that are not a valid event."""
        act = self._link("act", ACTOR, self.n)
        return self._append(event, MALFORMED, Outcome.ERROR.value, act, None, None, late)

    def _append(
        self,
        event: Event,
        kind: str,
        outcome: str,
        act: ChainLink,
        obj: ChainLink | None,
        par: ChainLink | None,
        late: bool,
    ) -> Leaf:
        n, recorded_at = self.n, event.recorded_at
        data = entry(
            n=n,
            event_id=event.event_id,
            body_hash=event.body_hash,
            recorded_at=recorded_at,
            kind=kind,
            outcome=outcome,
            act=act,
            obj=obj,
            par=par,
            late=late,
        )
        if self.parents_from is None:
            self.parents_from = n
        if recorded_at > self.newest:
            self.newest = recorded_at
        self.late_n += late
        leaf = Leaf(n, event.id, event.event_id, data, leaf_hash(data), obj, act, par)
        self.leaves.append(leaf)
        return leaf

    def add_published(self, leaf: Leaf, recorded_at: str) -> bool:
        """Add a leaf from a published copy; returns whether it follows the leaves before it."""
        follows = leaf.n == self.n
        for kind, link in (("obj", leaf.obj), ("par", leaf.par), ("act", leaf.act)):
            follows = follows and (link is None or self._link_of_tag(kind, link.tag, leaf.n) == link)  # type: ignore[arg-type]
        self.newest = max(self.newest, recorded_at)
        self.late_n += leaf.late
        self.leaves.append(leaf)
        return follows

    def _link(self, kind: TagKind, ref: str, n: int) -> ChainLink:
        """Make leaf `n` the end of a reference's chain; returns its link."""
        tag_bytes = self._tags.get((kind, ref))
        if tag_bytes is None:
            tag_bytes = self._tags[kind, ref] = tag(self.log.tag_key, kind, ref)
        return self._link_of_tag(kind, tag_bytes, n)

    def _link_of_tag(self, kind: TagKind, tag_bytes: bytes, n: int) -> ChainLink:
        heads = self._heads[kind]
        count, last = heads.get(tag_bytes) or self.log.heads[kind].get(tag_bytes) or (0, None)
        heads[tag_bytes] = count + 1, n
        return ChainLink(tag_bytes, count + 1, last)

    # --- events that the log writes about itself

    def add_log_event(
        self,
        kind: Kind,
        detail: Mapping[str, int | str],
        outcome: Outcome = Outcome.COMPLETED,
        event_id: str | None = None,
    ) -> Leaf:
        """Write an event of the log and add its leaf, after a late-event incident when the clock went back."""
        if self._clock_went_back:
            self._add_incident(LATE_EVENTS, 1, late=True)
        return self._add_log_event(kind, detail, outcome, event_id, late=self._clock_went_back)

    def add_incident(self, code: str, count: int) -> None:
        """Add an incident that announces the next `count` leaves, and its row in audit.incident."""
        if code != LATE_EVENTS and self._clock_went_back:
            self._add_incident(LATE_EVENTS, 1, late=True)
        self._add_incident(code, count, late=self._clock_went_back)

    def _add_incident(self, code: str, count: int, *, late: bool) -> None:
        detail, event_id = announcement(code, self.n + 1, count), str(uuid7())
        self._database.execute(_INSERT_INCIDENT, [code, f"{detail['sentence']} Leaf {self.n + 1}.", event_id])
        self._add_log_event(Kind.SEALER_INCIDENT, detail, Outcome.ERROR, event_id, late=late)

    def _add_log_event(
        self,
        kind: Kind,
        detail: Mapping[str, int | str],
        outcome: Outcome,
        event_id: str | None,
        *,
        late: bool,
    ) -> Leaf:
        event = write_log_event(self._database, kind, detail, outcome, event_id)
        content = examine(event)
        if content is None or (event.recorded_at < self.closed_until) is not late:
            raise NotYet("The database's clock changed while the log wrote an event.")
        return self.add(event, content, late=late)

    def add_manifest(self, now: datetime, sealed_until: str) -> bool:
        """Write a `heads.manifest` and add its leaf; False when the clock is behind the time the last manifest states.

        `sealed_until` is the time before which every recorded event has its leaf.
        """
        latest = min(stamp(now - MARGIN), stamp(datetime.now(now.tzinfo) - MARGIN))
        if latest < self.closed_until:
            return False
        closed_until = max(self.closed_until, min(sealed_until, latest))
        detail = self.manifest_detail(closed_until)
        leaf = self._add_log_event(Kind.HEADS_MANIFEST, detail, Outcome.COMPLETED, None, late=False)
        self.note_manifest(leaf.n, closed_until, recorded_at_of(leaf.entry))
        if minute_before(self.manifest_at) < closed_until:
            raise NotYet("The database's clock changed while the log wrote an event.")
        return True

    def manifest_detail(self, closed_until: str) -> dict[str, int | str]:
        """Compute the detail of a manifest that would be the next leaf."""
        detail: dict[str, int | str] = {"upto": self.n}
        for kind, name in (("obj", "objects"), ("par", "parents"), ("act", "actors")):
            heads = self.log.heads[kind] | self._heads[kind]  # type: ignore[index]
            detail |= {f"{name}_n": len(heads), f"{name}_root": head_root(heads)}
        first = self.n if self.parents_from is None else self.parents_from
        detail |= {"parents_from": first, "closed_until": closed_until}
        return detail | {"newest": self.newest, "late_n": self.late_n}

    def note_manifest(self, n: int, closed_until: str, recorded_at: str) -> None:
        """Remember leaf `n` as the newest manifest, with the time until which it closes the log."""
        self.manifest_n, self.closed_until, self.manifest_at = n, closed_until, recorded_at

    @property
    def _database(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            raise RuntimeError("This batch has no connection: it only recomputes leaves.")
        return self._connection

    # --- the end

    def grow_tree(self) -> list[Tile]:
        """Add the leaves to this batch's copy of the tree's right edge; returns the tiles that are now full."""
        hashes = [leaf.hash for leaf in self.leaves]
        self.frontier.extend(hashes)
        return self.edge.extend(hashes)

    def save(self, tiles: Sequence[Tile]) -> None:
        """Write the leaves, the tiles and the log_head row in the open transaction."""
        with self._database.cursor() as cursor:
            with cursor.copy(_COPY_LEAVES) as copy:
                copy.set_types(_LEAF_TYPES)
                for leaf in self.leaves:
                    obj, par = (link[:2] if link else (None, None) for link in (leaf.obj, leaf.par))
                    event_id = bytes.fromhex(leaf.event_id.replace("-", ""))
                    columns = (leaf.n, leaf.event_no, event_id, leaf.entry, leaf.hash)
                    copy.write_row((*columns, *obj, *par, *leaf.act[:2]))
            if tiles:
                cursor.executemany(_INSERT_TILES, tiles)
            first = self.n if self.parents_from is None else self.parents_from
            tree = (self.frontier.size, self.frontier.root())
            manifest = (self.manifest_n, self.manifest_at)
            cursor.execute(_SAVE_END, [self.origin, *tree, *manifest, first, self.closed_until])

    def adopt(self) -> None:
        """Apply the batch to the log in memory. Call it only after the transaction was committed."""
        log = self.log
        log.frontier, log.edge = self.frontier, self.edge
        for kind, heads in self._heads.items():
            log.heads[kind].update(heads)
        log.origin, log.newest, log.parents_from = self.origin, self.newest, self.parents_from
        log.late_n = self.late_n
        log.closed_until, log.manifest_n, log.manifest_at = (
            self.closed_until,
            self.manifest_n,
            self.manifest_at,
        )
        log.since_signed += [leaf.hash for leaf in self.leaves]


def recorded_at_of(data: bytes) -> str:
    """Return the time recorded in an entry."""
    start = data.rindex(b'"r":"') + 5
    return data[start : start + 27].decode()


def minute_before(time: str) -> str:
    """Subtract the margin that a manifest leaves between its own time and the time until which it closes the log."""
    return stamp(datetime.fromisoformat(time) - MARGIN)
