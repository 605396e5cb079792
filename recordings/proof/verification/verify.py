"""The verification of the whole log: two stretches side by side, then what only the whole can tell."""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial

from recordings.processes import in_children
from recordings.proof.verification.findings import Check, Problem, Verification, firsts, plural
from recordings.proof.verification.heads import look_at_manifests
from recordings.proof.verification.log import Head, Log, Look, first_of_version_2, read_head, read_size
from recordings.proof.verification.marks import BEGINNING, look_at_marks
from recordings.proof.verification.openings import (
    detail,
    look_at_incidents,
    look_at_openings,
    look_at_restored,
)
from recordings.proof.verification.segment import Job, Part, check_part, connect
from recordings.proof.verification.signatures import look_at_cosignatures, look_at_quorum, look_at_signatures
from recordings.proof.verification.surroundings import look_at_guards, look_at_unsealed, look_beyond
from recordings.proof.verification.tree import look_at_checkpoints, look_at_root, look_at_tiles
from recordings.proof.verification.values import look_at_values
from recordings.tlog.policy import Policy
from recordings.tlog.tiles import WIDTH

# Below this processes of their own cost more than they bring.
_WORTH_A_WORKER = 20_000
_LAG_LIMIT = 300
# What is found while the rows are read, in words that the number of leaves goes into.
_IN_PASSING = {
    "bodies": "{} hashed again",
    "columns": "the index columns of {} say what the bytes say",
    "entries": "{} made again from event and counters",
}
_LOOKS: dict[str, Look] = {
    "leaves": look_beyond,
    "tiles": look_at_tiles,
    "root": look_at_root,
    "opening": look_at_openings,
    "checkpoints": look_at_checkpoints,
    "signatures": look_at_signatures,
    "cosignatures": look_at_cosignatures,
    "quorum": look_at_quorum,
    "manifests": look_at_manifests,
    "marks": lambda log: look_at_marks(log.part.marks, log.findings),
    "unsealed": look_at_unsealed,
    "restored": look_at_restored,
    "incidents": look_at_incidents,
    "guards": look_at_guards,
    "values": look_at_values,
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
        checks = _in_passing(log, url, progress or (lambda done, size: None))
        checks += [_look(log, name, look) for name, look in _LOOKS.items()]
    result = Verification(log.events, log.part.leaves, log.head.root, started_at, checks=checks)
    result.problem = log.findings.first
    result.seconds = time.monotonic() - began
    return result


def _in_passing(log: Log, url: str, progress: Progress) -> list[Check]:
    began = time.monotonic()
    log.part = _stretches(log, url, progress)
    seconds = time.monotonic() - began
    leaves = plural(log.part.leaves, "event")
    return [
        _checked(log, name, words.format(leaves), seconds if name == "bodies" else None)
        for name, words in _IN_PASSING.items()
    ]


def _look(log: Log, name: str, look: Look) -> Check:
    began = time.monotonic()
    sentence = look(log)
    return _checked(log, name, sentence, time.monotonic() - began)


def _checked(log: Log, name: str, sentence: str, seconds: float | None) -> Check:
    problem = firsts(log.findings, [name])
    if problem is None:
        return Check(name, True, sentence, seconds)
    others = log.findings.counts[name] - 1
    more = f" (and {plural(others, 'more problem')})" if others else ""
    return Check(name, False, f"{problem}{more}", seconds)


def _stretches(log: Log, url: str, progress: Progress) -> Part:
    """Check all leaves: a short log here, the halves of a long one in a process each, all in this snapshot."""
    size = log.size
    ((snapshot,),) = log.rows("SELECT pg_export_snapshot()")
    middle = _middle(size)
    known = (url, snapshot, log.head.tag_key, log.parents_from)
    first = Job(*known, BEGINNING, log.every_manifest, 0, middle)
    if middle == size:
        return _whole(check_part(first), size, progress)
    second = Job(*known, _closed_until(log, middle), log.every_manifest, middle, size)
    with in_children([partial(check_part, first), partial(check_part, second)]) as results:
        return _whole(results, size, progress)


def _closed_until(log: Log, n: int) -> str:
    """What the last manifest before leaf `n` says. Whether it may, is seen where it stands."""
    said = [detail(event).get("closed_until") for event in log.own("heads.manifest") if event.n < n]
    return max((each for each in said if isinstance(each, str)), default=BEGINNING)


def _whole(results: Iterable[int | Part], size: int, progress: Progress) -> Part:
    """What all stretches hold; of `results`, numbers are leaves that were checked."""
    done, parts = 0, list[Part]()
    for result in results:
        if isinstance(result, Part):
            parts.append(result)
        else:
            done += result
            progress(done, size)
    part, *later = sorted(parts, key=lambda part: part.start)
    for one in later:
        join(part, one)
    return part


def _middle(size: int) -> int:
    """Where the second stretch begins, at a block's start; the log's end when one process is enough."""
    if size < _WORTH_A_WORKER or (os.cpu_count() or 1) < 2:
        return size
    return size // 2 // WIDTH * WIDTH


def join(part: Part, later: Part) -> None:
    """Put the next stretch behind a stretch: what it believed of the leaves before it must be so."""
    part.leaves += later.leaves
    part.gone += later.gone
    part.restored += later.restored
    part.blocks.merge(later.blocks)
    part.marks.merge(later.marks)
    part.findings.merge(later.findings)
    for kind, seams in later.seams.items():
        ends = part.ends[kind]
        for tag, seam in seams.items():
            end = ends.get(tag)
            if (seam.leaves, seam.last) != ((end.leaves, end.last) if end else (0, None)):
                said = f"{kind}_n {seam.leaves + 1} after leaf {seam.last}"
                what = f"its entry counts {said}; there are {end.leaves if end else 0} before it."
                part.findings.add(Problem("entries", what, seam.n, seam.event_id))
        ends |= later.ends[kind]
