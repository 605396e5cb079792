"""One stretch of the log, row by row: every event hashed, every entry made again, every leaf hashed.

Knows neither Django nor the sealer: it runs in a process of its own for each stretch.
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
from recordings.proof.verification.chains import Chains, End, Seam
from recordings.proof.verification.entries import make_entry, stamp
from recordings.proof.verification.explain import SKEW, Met, Row, explain
from recordings.proof.verification.findings import Findings, Problem
from recordings.proof.verification.marks import ACTOR, OWN_KINDS, Marks
from recordings.tlog.tiles import WIDTH

BATCH = 8 * WIDTH
# Batches are read by number, leaves and events each for themselves: one walk along one index, where a join would
# look up every event. The second core has a stretch of its own to work on.
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
# What the bytes of the event say comes first, in the order in which the loop below takes it from them.
_EVENTS = """
SELECT event_id::text, kind, outcome, actor_ref, actor_role, target_kind, target_ref, parent_ref, purpose, request_id,
       body, body_hash, recorded_at, occurred_at, skewed, id
FROM audit.event WHERE id {} ORDER BY id
"""
_BETWEEN, _THESE = _EVENTS.format("BETWEEN %s AND %s"), _EVENTS.format("= ANY(%s)")
_GONE = (None,) * 15
_TILES = "SELECT position, hashes FROM audit.tile WHERE level = 0 AND position >= %s AND position < %s"
_SIZES = "SELECT size FROM audit.checkpoint WHERE size > %s AND size <= %s AND size %% 256 <> 0 ORDER BY size"
_NOTHING: dict[str, str] = {}


@dataclass(frozen=True)
class Job:
    """A stretch of the log in the snapshot of the database that all stretches share. Starts at a block's start."""

    url: str = field(repr=False)
    snapshot: str
    tag_key: bytes = field(repr=False)
    parents_from: int  # the first leaf of version 2
    closed_until: str  # what the last manifest before the stretch says; another stretch looks at that one
    forms: bool  # whether every event is read as strictly as the sealer reads it
    start: int
    end: int


@dataclass
class Part:
    """What a stretch holds that begins at leaf `start`. `gone` counts leaves without their event, `restored` those that
    say so themselves."""

    start: int = 0
    leaves: int = 0
    gone: int = 0
    restored: list[int] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    blocks: Blocks = field(default_factory=Blocks)
    marks: Marks = field(default_factory=Marks)
    ends: dict[str, dict[bytes, End]] = field(default_factory=dict)
    seams: dict[str, dict[bytes, Seam]] = field(default_factory=dict)


def connect(url: str) -> psycopg.Connection[Any]:
    """A connection that only reads, in one snapshot, and takes times as the numbers they are."""
    connection = psycopg.connect(url)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    connection.adapters.register_loader("timestamptz", Int8BinaryLoader)
    return connection


def check_part(job: Job) -> Iterator[int | Part]:
    """Check the leaves `start` … `end` − 1. Yields how many leaves each batch had, and what was found at last."""
    with connect(job.url) as connection:
        connection.execute(f"SET TRANSACTION SNAPSHOT '{job.snapshot}'")
        connection.execute(_SESSION)
        stretch = Stretch(connection, job)
        for start in range(job.start, job.end, BATCH):
            end = min(start + BATCH, job.end)
            stretch.check(start, end)
            yield end - start
        yield stretch.finish()


class Stretch:
    """A stretch while it is checked."""

    def __init__(self, connection: psycopg.Connection[Any], job: Job) -> None:
        from_start = job.start == 0
        self._connection = connection
        self._acts = Chains("act", job.tag_key, from_start=from_start)
        self._objs = Chains("obj", job.tag_key, from_start=from_start)
        self._pars = Chains("par", job.tag_key, from_start=from_start)
        self._parents_from, self._forms = job.parents_from, job.forms
        self._part = Part(job.start)
        self._marks = self._part.marks
        self._marks.closed_until = job.closed_until

    def finish(self) -> Part:
        """What was found, once every batch is checked."""
        part, chains = self._part, (self._objs, self._pars, self._acts)
        part.ends = {one.kind: one.ends() for one in chains}
        part.seams = {one.kind: one.seams for one in chains}
        return part

    def check(self, start: int, end: int) -> None:
        """One batch of leaves."""
        with self._connection.cursor(binary=True) as cursor:
            leaves = cursor.execute(_LEAVES, [start, end]).fetchall()
            events = _events_of(cursor, [leaf[1] for leaf in leaves])
            stored = dict(cursor.execute(_TILES, [start // WIDTH, end // WIDTH]).fetchall())
            sizes = [size for (size,) in cursor.execute(_SIZES, [start, end]).fetchall()]
        hashes = self._check_rows(leaves, events, start)
        if len(hashes) < end - start:
            self._add("leaves", f"{end - start - len(hashes):,} leaves are missing.", start + len(hashes))
        self._part.leaves += len(leaves)
        for at in range(0, len(hashes), WIDTH):
            self._block(hashes[at : at + WIDTH], start + at, stored, sizes)

    def _block(self, hashes: Sequence[bytes], start: int, stored: dict[int, bytes], sizes: list[int]) -> None:
        end = start + len(hashes)
        self._part.blocks.add(hashes, start, [size for size in sizes if start < size <= end])
        if len(hashes) == WIDTH and stored.get(start // WIDTH) != b"".join(hashes):
            fate = "missing" if start // WIDTH not in stored else "not what these leaves hash to"
            self._add("tiles", f"The tile over the leaves {start:,} to {end - 1:,} is {fate}.")

    def _add(self, check: str, what: str, n: int = -1) -> None:
        self._part.findings.add(Problem(check, what, n))

    def _check_rows(self, leaves: Sequence[Any], events: Sequence[Any], start: int) -> list[bytes]:
        """The leaf hashes. What is not as it must be at first sight is looked at again, slowly, by `explain`."""
        hashes: list[bytes] = []
        acts, objs, pars = self._acts.by_ref, self._objs.by_ref, self._pars.by_ref
        parents_from, forms, marks = self._parents_from, self._forms, self._marks
        for n, (leaf, event) in enumerate(zip(leaves, events, strict=True), start):
            at, _, leaf_event, entry, kept, obj_tag, obj_n, par_tag, par_n, act_tag, act_n = leaf
            body, body_hash, recorded, occurred, skewed = event[10:15]
            try:
                said = read_event(body) if forms else from_json(body, cache_strings="keys")
                digest = sha256(body)
                actor, target = said["actor"], said.get("object", _NOTHING)
                event_id, kind, outcome = said["id"], said["type"], said["outcome"]
                who, what, within = actor["ref"], target.get("ref", ""), target.get("parent", "")
                act = acts.get(who) or self._acts.begin(who, n, event_id, entry)
                obj = (objs.get(what) or self._objs.begin(what, n, event_id, entry)) if what else None
                par = late = None
                version, recorded_at = 1, stamp(recorded)
                if n >= parents_from:
                    version, late = 2, recorded_at < marks.closed_until
                    if within:
                        par = pars.get(within) or self._pars.begin(within, n, event_id, entry)
                made = make_entry(
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
                hashed = sha256(b"\0" + entry).digest()
                fine = (
                    made == entry
                    and (hashed, digest.digest(), event_id, n) == (kept, body_hash, leaf_event, at)
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
                        who,
                        actor.get("role", ""),
                        target.get("kind", ""),
                        what,
                        within,
                        said.get("purpose", _NOTHING).get("code", ""),
                        said.get("request", _NOTHING).get("id", ""),
                    )
                    and stamp(occurred) == said["occurred_at"]
                    and (abs(recorded - occurred) > SKEW) is skewed
                )
            except (ValueError, TypeError, KeyError, AttributeError):
                fine = False
            if not fine:
                hashed = self._explain(Row(*event[:15], *leaf), n)
            else:
                act.count += 1
                act.last = n
                if obj:
                    obj.count += 1
                    obj.last = n
                if par:
                    par.count += 1
                    par.last = n
                if late or who == ACTOR or kind in OWN_KINDS:
                    marks.meet(n, recorded_at, bool(late), kind, who, said)
                elif recorded_at > marks.newest:
                    marks.newest = recorded_at
            hashes.append(hashed)
        return hashes

    def _explain(self, row: Row, n: int) -> bytes:
        """Keep what is wrong with a leaf, and give the hash of the entry that it has."""
        if row.n != n:
            self._add("leaves", f"Instead of leaf {n:,} there is leaf {row.n:,}.", n)
        chains = Met(self._acts, self._objs, self._pars)
        for problem in explain(row, chains, self._marks, 2 if n >= self._parents_from else 1):
            self._part.findings.add(problem)
        if row.event_no is None:
            self._part.restored.append(row.n)
        self._part.gone += row.event_id is None
        return sha256(b"\0" + row.entry).digest()


def _events_of(cursor: psycopg.Cursor[Any], numbers: Sequence[int | None]) -> list[Any]:
    """The events with these numbers, in this order; nothing but None where there is none.

    Numbers lie close together, with the gaps that writers leave who gave up; where they do not, one by one.
    """
    there = [number for number in numbers if number is not None]
    if not there:
        return [_GONE] * len(numbers)
    first, last = min(there), max(there)
    near = last - first < 4 * len(there)
    rows = cursor.execute(*((_BETWEEN, [first, last]) if near else (_THESE, [there]))).fetchall()
    if [row[15] for row in rows] == numbers:
        return rows
    found = {row[15]: row for row in rows}
    return [found.get(number, _GONE) for number in numbers]
