"""Verify the whole log: two segments in parallel, then the checks that need the whole."""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial

from recordings.processes import in_children
from recordings.proof.verification.findings import Check, Problem, Verification, plural
from recordings.proof.verification.heads import check_manifests
from recordings.proof.verification.log import Head, Log, LogCheck, first_of_version_2, read_head, read_size
from recordings.proof.verification.marks import BEGINNING, check_marks
from recordings.proof.verification.openings import (
    check_incidents,
    check_openings,
    check_restored,
    detail,
)
from recordings.proof.verification.segment import Job, Segment, check_segment, connect
from recordings.proof.verification.signatures import check_cosignatures, check_quorum, check_signatures
from recordings.proof.verification.surroundings import check_beyond, check_guards, check_unsealed
from recordings.proof.verification.tree import check_checkpoints, check_root, check_tiles
from recordings.proof.verification.values import check_values
from recordings.tlog.policy import Policy
from recordings.tlog.tiles import WIDTH

# A log with fewer leaves is verified faster in one process.
_MIN_LEAVES_FOR_TWO_PROCESSES = 20_000
_LAG_LIMIT = 300
# The checks made while rows are read. The number of events is inserted into their sentences.
_ROW_CHECKS = {
    "bodies": "{} hashed again",
    "columns": "the index columns of {} match their bodies",
    "entries": "{} recomputed from event and counters",
}
_CHECKS: dict[str, LogCheck] = {
    "leaves": check_beyond,
    "tiles": check_tiles,
    "root": check_root,
    "opening": check_openings,
    "checkpoints": check_checkpoints,
    "signatures": check_signatures,
    "cosignatures": check_cosignatures,
    "quorum": check_quorum,
    "manifests": check_manifests,
    "marks": lambda log: check_marks(log.segment.marks, log.findings),
    "unsealed": check_unsealed,
    "restored": check_restored,
    "incidents": check_incidents,
    "guards": check_guards,
    "values": check_values,
}

# Called with the number of leaves checked so far, and of all leaves.
Progress = Callable[[int, int], None]


def verify(
    url: str,
    progress: Progress | None = None,
    *,
    policy: Policy | None = None,
    lag_limit: int = _LAG_LIMIT,
    every_manifest: bool = False,
    field_key: bytes = b"",
) -> Verification:
    """Recompute everything in the database at `url` (a libpq address with the reader's rights) and compare.

    `policy` has the keys of the log and the witnesses. `lag_limit` is how many seconds an event may wait for its leaf.
    `field_key` decrypts the personal values. `every_manifest` recomputes the heads of all manifests, not only of the
    last day, and parses every event as strictly as the sealer does. Raises psycopg.Error when the database cannot be
    read, ChildLost when a process that checks a segment dies.
    """
    started_at, began = datetime.now(UTC), time.monotonic()
    with closing(connect(url)) as connection:
        head = read_head(connection)
        size = read_size(connection)
        first = first_of_version_2(connection, size)
        log = Log(
            connection,
            head or Head(),
            head is not None,
            size,
            first,
            policy,
            lag_limit,
            every_manifest,
            field_key,
        )

        # Every row: recompute events, entries and leaves; a long log in two processes.
        started = time.monotonic()
        log.segment = _check_segments(log, url, progress or (lambda done, size: None))
        seconds, leaves = time.monotonic() - started, plural(log.segment.leaves, "event")
        checks = [
            _check_result(log, name, sentence.format(leaves), seconds if name == "bodies" else None)
            for name, sentence in _ROW_CHECKS.items()
        ]

        # Then the checks that need the whole log.
        for name, check in _CHECKS.items():
            started = time.monotonic()
            sentence = check(log)
            checks.append(_check_result(log, name, sentence, time.monotonic() - started))
    result = Verification(log.events, log.segment.leaves, log.head.root, started_at, checks=checks)
    result.problem = log.findings.first
    result.seconds = time.monotonic() - began
    return result


def _check_result(log: Log, name: str, sentence: str, seconds: float | None) -> Check:
    """Build a check's result: its sentence, or the first problem found under its name."""
    problem = log.findings.firsts.get(name)
    if problem is None:
        return Check(name, True, sentence, seconds)
    others = log.findings.counts[name] - 1
    count = f" (and {plural(others, 'more problem')})" if others else ""
    return Check(name, False, f"{problem}{count}", seconds)


def _check_segments(log: Log, url: str, progress: Progress) -> Segment:
    """Check all leaves in one database snapshot: a short log in this process, a long one in two others."""
    size = log.size
    ((snapshot,),) = log.rows("SELECT pg_export_snapshot()")
    middle = _middle(size)
    common = (url, snapshot, log.head.tag_key, log.parents_from)
    first = Job(*common, BEGINNING, log.every_manifest, 0, middle)
    if middle == size:
        return _joined(check_segment(first), size, progress)
    second = Job(*common, _closed_until(log, middle), log.every_manifest, middle, size)
    with in_children([partial(check_segment, first), partial(check_segment, second)]) as results:
        return _joined(results, size, progress)


def _closed_until(log: Log, n: int) -> str:
    """Return the latest time to which manifests before leaf `n` close the log. They are checked with their segment."""
    manifests = log.events_of_kind("heads.manifest")
    times = [detail(event).get("closed_until") for event in manifests if event.n < n]
    return max((time for time in times if isinstance(time, str)), default=BEGINNING)


def _joined(results: Iterable[int | Segment], size: int, progress: Progress) -> Segment:
    """Join the segments into one. Numbers among `results` are leaves that were checked, for `progress`."""
    done, segments = 0, list[Segment]()
    for result in results:
        if isinstance(result, Segment):
            segments.append(result)
        else:
            done += result
            progress(done, size)
    whole, *later = sorted(segments, key=lambda segment: segment.start)
    for segment in later:
        join(whole, segment)
    return whole


def _middle(size: int) -> int:
    """Return where the second segment begins, at a block's start; the log's end when one process is enough."""
    if size < _MIN_LEAVES_FOR_TWO_PROCESSES or (os.cpu_count() or 1) < 2:
        return size
    return size // 2 // WIDTH * WIDTH


def join(segment: Segment, later: Segment) -> None:
    """Append the next segment. What it assumed about the leaves before it is compared with them."""
    segment.leaves += later.leaves
    segment.gone += later.gone
    segment.restored += later.restored
    segment.blocks.merge(later.blocks)
    segment.marks.merge(later.marks)
    segment.findings.merge(later.findings)
    for kind, starts in later.starts.items():
        ends = segment.ends[kind]
        for tag, start in starts.items():
            end = ends.get(tag)
            if (start.leaves, start.last) != ((end.leaves, end.last) if end else (0, None)):
                count = f"{kind}_n {start.leaves + 1} after leaf {start.last}"
                what = f"its entry counts {count}, but there are {end.leaves if end else 0} leaves before it."
                segment.findings.add(Problem("entries", what, start.n, start.event_id))
        ends |= later.ends[kind]
