"""A batch of leaves beside the log in memory: chains, entries, tree, tiles; taken over once it is committed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg

from recordings.audit.kinds import Kind as EventKind
from recordings.audit.kinds import Outcome
from recordings.models.fields import uuid7
from recordings.proof.sealing.entries import MALFORMED, Leaf, Place, entry, stamp
from recordings.proof.sealing.errors import NotYet
from recordings.proof.sealing.events import ACTOR, Event, Said, examine
from recordings.proof.sealing.log import Heads, Log, head_root
from recordings.proof.sealing.log_events import write_own
from recordings.proof.sealing.stable_prefix import MARGIN
from recordings.proof.sealing.tags import KINDS, Kind, tag
from recordings.tlog.merkle import Frontier, leaf_hash

_COPY_LEAVES = """
COPY audit.leaf (n, event_no, event_id, entry, hash, obj, obj_n, par, par_n, act, act_n) FROM STDIN (FORMAT binary)
"""
# A uuid goes over the wire as its 16 bytes, as bytea does.
_LEAF_TYPES = ("int8", "int8", "bytea", "bytea", "bytea", "bytea", "int8", "bytea", "int8", "bytea", "int8")
_TILES = "INSERT INTO audit.tile (level, position, hashes) VALUES (%s, %s, %s)"
_SAVE = """
UPDATE audit.log_head SET origin = %s, size = %s, root = %s, manifest_n = %s, manifest_at = %s, parents_from = %s,
                          closed_until = %s, sealed_at = clock_timestamp()
"""
_INCIDENT = "INSERT INTO audit.incident (code, detail, event_id) VALUES (%s, %s, %s)"
LATE, GARBLED = "event_late", "event_malformed"
_SENTENCES = {
    LATE: "{} committed after the log had been declared closed for its time.",
    GARBLED: "{} no event as the trail has it; its bytes are kept and say nothing.",
}
_COUNTED = {LATE: ("1 event was", "{} events were"), GARBLED: ("1 row is", "{} rows are")}


class Batch:
    """Leaves that follow the log's end. `adopt` puts them into the log; before that the log knows nothing of them."""

    def __init__(self, log: Log, connection: psycopg.Connection[Any] | None = None, now: str = "") -> None:
        """`now` is the database's time: when it is behind what a manifest says, the batch's own events are late."""
        self.log, self.leaves = log, list[Leaf]()
        self._connection = connection
        self.behind = bool(now) and now < log.closed_until
        self.origin, self.newest, self.parents_from = log.origin, log.newest, log.parents_from
        self.late_n = log.late_n
        self.closed_until, self.manifest_n, self.manifest_at = (
            log.closed_until,
            log.manifest_n,
            log.manifest_at,
        )
        self.frontier, self.edge = Frontier(log.size, log.frontier.nodes), log.edge.copy()
        self._heads: dict[Kind, Heads] = {kind: {} for kind in KINDS}
        self._tags: dict[tuple[Kind, str], bytes] = {}

    @property
    def n(self) -> int:
        """The index of the next leaf."""
        return self.log.size + len(self.leaves)

    @property
    def ends_with_manifest(self) -> bool:
        return self.manifest_n == self.n - 1

    # --- leaves

    def add(self, event: Event, said: Said, *, late: bool = False) -> Leaf:
        """The next leaf, of an event."""
        n = self.n
        act = self._move("act", said.actor, n)
        obj = self._move("obj", said.target, n) if said.target else None
        par = self._move("par", said.parent, n) if said.parent else None
        return self._append(event, said.kind, said.outcome, act, obj, par, late)

    def add_malformed(self, event: Event, *, late: bool = False) -> Leaf:
        """The next leaf, of bytes that are no event."""
        act = self._move("act", ACTOR, self.n)
        return self._append(event, MALFORMED, Outcome.ERROR.value, act, None, None, late)

    def _append(
        self,
        event: Event,
        kind: str,
        outcome: str,
        act: Place,
        obj: Place | None,
        par: Place | None,
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

    def put_back(self, leaf: Leaf, recorded_at: str) -> bool:
        """The next leaf as it was published; whether it follows from those before it."""
        fits = leaf.n == self.n
        for kind, place in (("obj", leaf.obj), ("par", leaf.par), ("act", leaf.act)):
            fits = fits and (place is None or self._place(kind, place.tag, leaf.n) == place)  # type: ignore[arg-type]
        self.newest = max(self.newest, recorded_at)
        self.late_n += leaf.late
        self.leaves.append(leaf)
        return fits

    def _move(self, kind: Kind, ref: str, n: int) -> Place:
        """The place of leaf `n` in the chain of a reference, which ends there now."""
        found = self._tags.get((kind, ref))
        if found is None:
            found = self._tags[kind, ref] = tag(self.log.tag_key, kind, ref)
        return self._place(kind, found, n)

    def _place(self, kind: Kind, found: bytes, n: int) -> Place:
        heads = self._heads[kind]
        count, last = heads.get(found) or self.log.heads[kind].get(found) or (0, None)
        heads[found] = count + 1, n
        return Place(found, count + 1, last)

    # --- what the log writes about itself

    def own(
        self,
        kind: EventKind,
        detail: Mapping[str, int | str],
        outcome: Outcome = Outcome.COMPLETED,
        event_id: str | None = None,
    ) -> Leaf:
        """Write an event of the log and give it the next leaf, behind an incident when the clock went back."""
        if self.behind:
            self._report(LATE, 1, late=True)
        return self._own(kind, detail, outcome, event_id, late=self.behind)

    def report(self, code: str, count: int) -> None:
        """An incident, before `count` leaves that it speaks of, with its row for the portal."""
        if code != LATE and self.behind:
            self._report(LATE, 1, late=True)
        self._report(code, count, late=self.behind)

    def _report(self, code: str, count: int, *, late: bool) -> None:
        detail, event_id = speaking(code, self.n + 1, count), str(uuid7())
        self._database.execute(_INCIDENT, [code, f"{detail['sentence']} Leaf {self.n + 1}.", event_id])
        self._own(EventKind.SEALER_INCIDENT, detail, Outcome.ERROR, event_id, late=late)

    def _own(
        self,
        kind: EventKind,
        detail: Mapping[str, int | str],
        outcome: Outcome,
        event_id: str | None,
        *,
        late: bool,
    ) -> Leaf:
        event = write_own(self._database, kind, detail, outcome, event_id)
        said = examine(event)
        if said is None or (event.recorded_at < self.closed_until) is not late:
            raise NotYet("The clock of the database moved while the log wrote about itself.")
        return self.add(event, said, late=late)

    def manifest(self, now: datetime, sealed_until: str) -> bool:
        """Write a `heads.manifest`; False when the database's clock `now` is behind what the last one says.

        `sealed_until`: every event recorded before it has its leaf.
        """
        latest = min(stamp(now - MARGIN), stamp(datetime.now(now.tzinfo) - MARGIN))
        if latest < self.closed_until:
            return False
        closed_until = max(self.closed_until, min(sealed_until, latest))
        detail = self.manifest_detail(closed_until)
        leaf = self._own(EventKind.HEADS_MANIFEST, detail, Outcome.COMPLETED, None, late=False)
        self.note_manifest(leaf.n, closed_until, recorded_at_of(leaf.entry))
        if minute_before(self.manifest_at) < closed_until:
            raise NotYet("The clock of the database moved while the log wrote about itself.")
        return True

    def manifest_detail(self, closed_until: str) -> dict[str, int | str]:
        """What a manifest that becomes the next leaf says."""
        said: dict[str, int | str] = {"upto": self.n}
        for kind, name in (("obj", "objects"), ("par", "parents"), ("act", "actors")):
            heads = self.log.heads[kind] | self._heads[kind]  # type: ignore[index]
            said |= {f"{name}_n": len(heads), f"{name}_root": head_root(heads)}
        first = self.n if self.parents_from is None else self.parents_from
        said |= {"parents_from": first, "closed_until": closed_until}
        return said | {"newest": self.newest, "late_n": self.late_n}

    def note_manifest(self, n: int, closed_until: str, recorded_at: str) -> None:
        """Leaf `n` is a manifest that says so."""
        self.manifest_n, self.closed_until, self.manifest_at = n, closed_until, recorded_at

    @property
    def _database(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            raise RuntimeError("This batch is only counted.")
        return self._connection

    # --- the end

    def save(self) -> None:
        """Write leaves, tiles and the row of the log's end in the transaction that is open."""
        tiles = self._grow()
        with self._database.cursor() as cursor:
            with cursor.copy(_COPY_LEAVES) as copy:
                copy.set_types(_LEAF_TYPES)
                for leaf in self.leaves:
                    obj, par = (place[:2] if place else (None, None) for place in (leaf.obj, leaf.par))
                    event_id = bytes.fromhex(leaf.event_id.replace("-", ""))
                    kept = (leaf.n, leaf.event_no, event_id, leaf.entry, leaf.hash)
                    copy.write_row((*kept, *obj, *par, *leaf.act[:2]))
            if tiles:
                cursor.executemany(_TILES, tiles)
            self._save_head(cursor)

    def _save_head(self, cursor: psycopg.Cursor[Any]) -> None:
        first = self.n if self.parents_from is None else self.parents_from
        edge = self.frontier
        end = (self.origin, edge.size, edge.root(), self.manifest_n, self.manifest_at, first)
        cursor.execute(_SAVE, [*end, self.closed_until])

    def _grow(self) -> Sequence[tuple[int, int, bytes]]:
        hashes = [leaf.hash for leaf in self.leaves]
        self.frontier.extend(hashes)
        return self.edge.extend(hashes)

    def count(self) -> None:
        """Grow the tree without writing: these leaves are there already."""
        self._grow()

    def adopt(self) -> None:
        """Take the batch over into the log: its transaction has committed."""
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
        log.fresh += [leaf.hash for leaf in self.leaves]


def speaking(code: str, first: int, count: int) -> dict[str, int | str]:
    """What an incident says that speaks of the leaves directly after it."""
    one, many = _COUNTED[code]
    sentence = _SENTENCES[code].format(one if count == 1 else many.format(f"{count:,}"))
    return {"code": code, "sentence": sentence, "first": first, "count": count}


def recorded_at_of(data: bytes) -> str:
    """The time in an entry."""
    start = data.rindex(b'"r":"') + 5
    return data[start : start + 27].decode()


def minute_before(time: str) -> str:
    """A time less the margin that the log leaves before it is closed."""
    return stamp(datetime.fromisoformat(time) - MARGIN)
