"""The verification of the whole log: two segments side by side, then what only the whole can tell."""

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

# Below this processes of their own cost more than they bring.
_WORTH_A_WORKER = 20_000
_LAG_LIMIT = 300
# What is checked while the rows are read, in sentences that the number of leaves goes into.
_ROW_CHECKS = {
    "bodies": "{} hashed again",
    "columns": "the index columns of {} say what the bytes say",
    "entries": "{} made again from event and counters",
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

# Told how many leaves of how many are done.
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
    """Recompute everything in the database at `url` (libpq's address, with the reader's rights) and compare.

    `policy` has the keys of log and witnesses; `lag_limit` is how many seconds an event may wait for its leaf;
    `field_key` opens the personal values.
    `every_manifest` counts the heads of all manifests, and reads every event as strictly as the sealer did.
    Raises psycopg.Error when the database cannot be read, ChildLost when a process that checks a stretch dies.
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

        # Every row: events, entries and leaves are computed again, a long log in two processes.
        started = time.monotonic()
        log.segment = _check_segments(log, url, progress or (lambda done, size: None))
        seconds, leaves = time.monotonic() - started, plural(log.segment.leaves, "event")
        checks = [
            _result(log, name, sentence.format(leaves), seconds if name == "bodies" else None)
            for name, sentence in _ROW_CHECKS.items()
        ]

        # Then what only the whole log can tell.
        for name, check in _CHECKS.items():
            started = time.monotonic()
            sentence = check(log)
            checks.append(_result(log, name, sentence, time.monotonic() - started))
    result = Verification(log.events, log.segment.leaves, log.head.root, started_at, checks=checks)
    result.problem = log.findings.first
    result.seconds = time.monotonic() - began
    return result


def _result(log: Log, name: str, sentence: str, seconds: float | None) -> Check:
    """A check with its sentence, or with the first problem that was found under its name."""
    problem = log.findings.firsts.get(name)
    if problem is None:
        return Check(name, True, sentence, seconds)
    others = log.findings.counts[name] - 1
    more = f" (and {plural(others, 'more problem')})" if others else ""
    return Check(name, False, f"{problem}{more}", seconds)


def _check_segments(log: Log, url: str, progress: Progress) -> Segment:
    """Check all leaves: a short log here, the halves of a long one in a process each, all in this snapshot."""
    size = log.size
    ((snapshot,),) = log.rows("SELECT pg_export_snapshot()")
    middle = _middle(size)
    known = (url, snapshot, log.head.tag_key, log.parents_from)
    first = Job(*known, BEGINNING, log.every_manifest, 0, middle)
    if middle == size:
        return _joined(check_segment(first), size, progress)
    second = Job(*known, _closed_until(log, middle), log.every_manifest, middle, size)
    with in_children([partial(check_segment, first), partial(check_segment, second)]) as results:
        return _joined(results, size, progress)


def _closed_until(log: Log, n: int) -> str:
    """What the manifests before leaf `n` say at most. Whether they may is checked with their own leaves."""
    times = [detail(event).get("closed_until") for event in log.own("heads.manifest") if event.n < n]
    return max((time for time in times if isinstance(time, str)), default=BEGINNING)


def _joined(results: Iterable[int | Segment], size: int, progress: Progress) -> Segment:
    """The whole log as one segment; of `results`, numbers are leaves that were checked."""
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
    """Where the second segment begins, at a block's start; the log's end when one process is enough."""
    if size < _WORTH_A_WORKER or (os.cpu_count() or 1) < 2:
        return size
    return size // 2 // WIDTH * WIDTH


def join(segment: Segment, later: Segment) -> None:
    """Put the next segment behind a segment: what it believed of the leaves before it must be so."""
    segment.leaves += later.leaves
    segment.gone += later.gone
    segment.restored += later.restored
    segment.blocks.merge(later.blocks)
    segment.marks.merge(later.marks)
    segment.findings.merge(later.findings)
    for kind, seams in later.seams.items():
        ends = segment.ends[kind]
        for tag, seam in seams.items():
            end = ends.get(tag)
            if (seam.leaves, seam.last) != ((end.leaves, end.last) if end else (0, None)):
                count = f"{kind}_n {seam.leaves + 1} after leaf {seam.last}"
                what = f"its entry counts {count}; there are {end.leaves if end else 0} before it."
                segment.findings.add(Problem("entries", what, seam.n, seam.event_id))
        ends |= later.ends[kind]
