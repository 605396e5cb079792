"""Check one segment of the log row by row: hash every event and leaf, and recompute every entry.

Knows neither Django nor the sealer. Each segment of a long log runs in its own process.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import psycopg
from psycopg.types.numeric import Int8BinaryLoader
from pydantic_core import from_json

from recordings.proof.event_form import read_event
from recordings.proof.verification.blocks import Blocks
from recordings.proof.verification.chains import ChainEnd, Chains, ChainStart
from recordings.proof.verification.entries import make_entry, stamp
from recordings.proof.verification.explain import SKEW, ChainsSoFar, Row, explain
from recordings.proof.verification.findings import Findings, Problem
from recordings.proof.verification.marks import ACTOR, LOG_KINDS, Marks
from recordings.tlog.tiles import WIDTH

BATCH = 8 * WIDTH
# Leaves and events are read separately, by ranges of numbers: each is one walk along an index, whereas a join would
# look up every event. No parallel workers, because the second core checks the other segment.
_SESSION = "; ".join(
    f"SET {setting}"
    for setting in (
        "enable_bitmapscan = off",
        "enable_seqscan = off",
        "max_parallel_workers_per_gather = 0",
        "jit = off",
    )
)
_LEAVES = """
SELECT n, event_no, event_id::text, entry, hash, obj, obj_n, par, par_n, act, act_n
FROM audit.leaf WHERE n >= %s AND n < %s ORDER BY n
"""
# The first ten columns repeat values of the body, in the order in which the loop below compares them.
_EVENTS = """
SELECT event_id::text, kind, outcome, actor_ref, actor_role, target_kind, target_ref, parent_ref, purpose, request_id,
       body, body_hash, recorded_at, occurred_at, skewed, id
FROM audit.event WHERE id {} ORDER BY id
"""
_BETWEEN, _BY_NUMBER = _EVENTS.format("BETWEEN %s AND %s"), _EVENTS.format("= ANY(%s)")
_MISSING_EVENT = (None,) * 15
_TILES = "SELECT position, hashes FROM audit.tile WHERE level = 0 AND position >= %s AND position < %s"
_SIZES = "SELECT size FROM audit.checkpoint WHERE size > %s AND size <= %s AND size %% 256 <> 0 ORDER BY size"
_EMPTY: dict[str, str] = {}


@dataclass(frozen=True)
class Job:
    """A segment of the log to check, in the snapshot that all segments share. It starts at the start of a block."""

    url: str = field(repr=False)
    snapshot: str
    tag_key: bytes = field(repr=False)
    parents_from: int  # the first leaf of version 2
    closed_until: str  # as the last manifest before the segment states it; that manifest is checked elsewhere
    strict: bool  # whether every event is parsed as strictly as the sealer does
    start: int
    end: int


@dataclass
class Segment:
    """The results of a segment that begins at leaf `start`.

    `gone` counts leaves whose event is missing. `restored` lists those of them that are marked as restored.
    """

    start: int = 0
    leaves: int = 0
    gone: int = 0
    restored: list[int] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    blocks: Blocks = field(default_factory=Blocks)
    marks: Marks = field(default_factory=Marks)
    ends: dict[str, dict[bytes, ChainEnd]] = field(default_factory=dict)
    starts: dict[str, dict[bytes, ChainStart]] = field(default_factory=dict)


def connect(url: str) -> psycopg.Connection[Any]:
    """Open a read-only connection in one snapshot, which reads times as integers (microseconds since 2000)."""
    connection = psycopg.connect(url)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    connection.adapters.register_loader("timestamptz", Int8BinaryLoader)
    return connection


def check_segment(job: Job) -> Iterator[int | Segment]:
    """Check the leaves `start` … `end` − 1. Yields the number of leaves of each batch, and finally the segment."""
    with connect(job.url) as connection:
        connection.execute(f"SET TRANSACTION SNAPSHOT '{job.snapshot}'")
        connection.execute(_SESSION)
        checker = SegmentChecker(connection, job)
        for start in range(job.start, job.end, BATCH):
            end = min(start + BATCH, job.end)
            checker.check(start, end)
            yield end - start
        yield checker.finish()


class SegmentChecker:
    """Checks a segment, batch by batch."""

    def __init__(self, connection: psycopg.Connection[Any], job: Job) -> None:
        from_start = job.start == 0
        self._connection = connection
        self._acts = Chains("act", job.tag_key, from_start=from_start)
        self._objs = Chains("obj", job.tag_key, from_start=from_start)
        self._pars = Chains("par", job.tag_key, from_start=from_start)
        self._parents_from, self._strict = job.parents_from, job.strict
        self._segment = Segment(job.start)
        self._marks = self._segment.marks
        self._marks.closed_until = job.closed_until

    def finish(self) -> Segment:
        """Return the segment, once every batch was checked."""
        segment, chains = self._segment, (self._objs, self._pars, self._acts)
        segment.ends = {of_kind.kind: of_kind.ends() for of_kind in chains}
        segment.starts = {of_kind.kind: of_kind.starts for of_kind in chains}
        return segment

    def check(self, start: int, end: int) -> None:
        """Check one batch of leaves."""
        with self._connection.cursor(binary=True) as cursor:
            leaves = cursor.execute(_LEAVES, [start, end]).fetchall()
            events = _events_of(cursor, [leaf[1] for leaf in leaves])
            stored = dict(cursor.execute(_TILES, [start // WIDTH, end // WIDTH]).fetchall())
            sizes = [size for (size,) in cursor.execute(_SIZES, [start, end]).fetchall()]
        hashes = self._check_rows(leaves, events, start)
        if len(hashes) < end - start:
            self._add("leaves", f"{end - start - len(hashes):,} leaves are missing.", start + len(hashes))
        self._segment.leaves += len(leaves)
        for at in range(0, len(hashes), WIDTH):
            self._block(hashes[at : at + WIDTH], start + at, stored, sizes)

    def _block(self, hashes: Sequence[bytes], start: int, stored: dict[int, bytes], sizes: list[int]) -> None:
        end = start + len(hashes)
        self._segment.blocks.add(hashes, start, [size for size in sizes if start < size <= end])
        if len(hashes) == WIDTH and stored.get(start // WIDTH) != b"".join(hashes):
            state = "missing" if start // WIDTH not in stored else "not the hash of these leaves"
            self._add("tiles", f"The tile over leaves {start:,} to {end - 1:,} is {state}.")

    def _add(self, check: str, what: str, n: int = -1) -> None:
        self._segment.findings.add(Problem(check, what, n))

    # One long function on purpose: it runs for every leaf, and each call inside would slow the verification down.
    def _check_rows(self, leaves: Sequence[Any], events: Sequence[Any], start: int) -> list[bytes]:
        """Check the rows and return their leaf hashes. A row that is not exactly as expected goes to `explain`."""
        hashes: list[bytes] = []
        acts, objs, pars = self._acts.by_ref, self._objs.by_ref, self._pars.by_ref
        parents_from, strict, marks = self._parents_from, self._strict, self._marks
        for n, (leaf, event) in enumerate(zip(leaves, events, strict=True), start):
            at, _, leaf_event, entry, stored_hash, obj_tag, obj_n, par_tag, par_n, act_tag, act_n = leaf
            body, body_hash, recorded, occurred, skewed = event[10:15]
            try:
                parsed = read_event(body) if strict else from_json(body, cache_strings="keys")
                digest = sha256(body)
                actor, target = parsed["actor"], parsed.get("object", _EMPTY)
                event_id, kind, outcome = parsed["id"], parsed["type"], parsed["outcome"]
                actor_ref, target_ref, parent_ref = (
                    actor["ref"],
                    target.get("ref", ""),
                    target.get("parent", ""),
                )
                act = acts.get(actor_ref) or self._acts.begin(actor_ref, n, event_id, entry)
                obj = (
                    (objs.get(target_ref) or self._objs.begin(target_ref, n, event_id, entry))
                    if target_ref
                    else None
                )
                par = late = None
                version, recorded_at = 1, stamp(recorded)
                if n >= parents_from:
                    version, late = 2, recorded_at < marks.closed_until
                    if parent_ref:
                        par = pars.get(parent_ref) or self._pars.begin(parent_ref, n, event_id, entry)
                expected = make_entry(
                    n,
                    event_id,
                    digest.hexdigest(),
                    recorded_at,
                    kind,
                    outcome,
                    act,
                    obj,
                    par,
                    bool(late),
                    version,
                )
                entry_hash = sha256(b"\0" + entry).digest()
                valid = (
                    expected == entry
                    and (entry_hash, digest.digest(), event_id, n) == (stored_hash, body_hash, leaf_event, at)
                    and (act.tag, act.count + 1) == (act_tag, act_n)
                    and (
                        obj_tag is obj_n is None
                        if obj is None
                        else (obj.tag, obj.count + 1) == (obj_tag, obj_n)
                    )
                    and (
                        par_tag is par_n is None
                        if par is None
                        else (par.tag, par.count + 1) == (par_tag, par_n)
                    )
                    and event[:10]
                    == (
                        event_id,
                        kind,
                        outcome,
                        actor_ref,
                        actor.get("role", ""),
                        target.get("kind", ""),
                        target_ref,
                        parent_ref,
                        parsed.get("purpose", _EMPTY).get("code", ""),
                        parsed.get("request", _EMPTY).get("id", ""),
                    )
                    and stamp(occurred) == parsed["occurred_at"]
                    and (abs(recorded - occurred) > SKEW) is skewed
                )
            except (ValueError, TypeError, KeyError, AttributeError):
                valid = False
            if not valid:
                entry_hash = self._explain(Row(*event[:15], *leaf), n)
            else:
                act.count += 1
                act.last = n
                if obj:
                    obj.count += 1
                    obj.last = n
                if par:
                    par.count += 1
                    par.last = n
                if late or actor_ref == ACTOR or kind in LOG_KINDS:
                    marks.add(n, recorded_at, bool(late), kind, actor_ref, parsed)
                elif recorded_at > marks.newest:
                    marks.newest = recorded_at
            hashes.append(entry_hash)
        return hashes

    def _explain(self, row: Row, n: int) -> bytes:
        """Record what is wrong with a leaf; returns the hash of the entry that is stored."""
        if row.n != n:
            self._add("leaves", f"Leaf {n:,} is missing; leaf {row.n:,} is in its place.", n)
        chains = ChainsSoFar(self._acts, self._objs, self._pars)
        for problem in explain(row, chains, self._marks, 2 if n >= self._parents_from else 1):
            self._segment.findings.add(problem)
        if row.event_no is None:
            self._segment.restored.append(row.n)
        self._segment.gone += row.event_id is None
        return sha256(b"\0" + row.entry).digest()


def _events_of(cursor: psycopg.Cursor[Any], numbers: Sequence[int | None]) -> list[Any]:
    """Read the events with these numbers, in this order; a missing event is a row of None.

    The numbers are usually close together, with small gaps from rolled back transactions: then one range is read.
    """
    present = [number for number in numbers if number is not None]
    if not present:
        return [_MISSING_EVENT] * len(numbers)
    first, last = min(present), max(present)
    close_together = last - first < 4 * len(present)
    rows = cursor.execute(
        *((_BETWEEN, [first, last]) if close_together else (_BY_NUMBER, [present]))
    ).fetchall()
    if [row[15] for row in rows] == numbers:
        return rows
    by_number = {row[15]: row for row in rows}
    return [by_number.get(number, _MISSING_EVENT) for number in numbers]
