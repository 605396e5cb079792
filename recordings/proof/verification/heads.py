"""Recompute the manifests in the log: how many leaves each object, parent and actor has."""

import json
from bisect import bisect_left
from hashlib import sha256
from typing import Any

from recordings.proof.verification.chains import ChainEnd
from recordings.proof.verification.findings import moment, plural
from recordings.proof.verification.log import Log, LogEvent
from recordings.proof.verification.marks import check_closings
from recordings.proof.verification.openings import detail
from recordings.tlog import merkle

_NAMES = {"obj": "objects", "par": "parents", "act": "actors"}
_BACKWARDS = "SELECT n, entry FROM audit.leaf WHERE n >= %s ORDER BY n DESC"
_DAY = 26 * 3_600_000_000  # microseconds; two hours more than a day, for a verification that starts late
_PAGE = 2000


class RewoundHeads:
    """All heads of one kind at one size of the log, beginning at its end and rewound leaf by leaf."""

    def __init__(self, kind: str, ends: dict[bytes, ChainEnd]) -> None:
        self.kind = kind
        self._heads = {tag: (end.leaves, end.last) for tag, end in ends.items()}
        self._sorted = sorted(ends)
        self._hashes: dict[bytes, bytes] = {}

    def undo(self, entry: dict[str, Any]) -> None:
        """Undo the last leaf."""
        if self.kind not in entry:
            return
        tag = bytes.fromhex(entry[self.kind])
        self._hashes.pop(tag, None)
        if entry[f"{self.kind}_n"] > 1:
            self._heads[tag] = entry[f"{self.kind}_n"] - 1, entry.get(f"{self.kind}_prev")
        elif self._heads.pop(tag, None):
            del self._sorted[bisect_left(self._sorted, tag)]

    def count_and_root(self) -> tuple[int, str]:
        """Return the number of heads and their root, as a manifest states them."""
        return len(self._sorted), merkle.root([self._hash(tag) for tag in self._sorted]).hex()

    def _hash(self, tag: bytes) -> bytes:
        digest = self._hashes.get(tag)
        if digest is None:
            count, last = self._heads[tag]
            head = f'{{"count":{count},"last":{last},"tag":"{tag.hex()}"}}'
            digest = self._hashes[tag] = sha256(b"\0" + head.encode()).digest()
        return digest


def check_manifests(log: Log) -> str:
    """Check the roots in the manifests of the last day (or in every manifest), and the times in every manifest."""
    check_closings(log.segment.marks, log.parents_from, log.findings)
    manifests = log.events_of_kind("heads.manifest")
    chosen = {
        event.n: event
        for event in manifests
        if log.every_manifest or manifests[-1].recorded_at - event.recorded_at <= _DAY
    }
    if chosen:
        _recompute(log, chosen)
    counted = f"{plural(len(chosen), 'manifest')} recomputed"
    return counted if len(chosen) == len(manifests) else f"{counted}, of {len(manifests):,}"


def _recompute(log: Log, chosen: dict[int, LogEvent]) -> None:
    """Rewind from the end of the log to the first of these manifests, and compare each."""
    heads_by_kind = [RewoundHeads(kind, log.segment.ends.get(kind, {})) for kind in _NAMES]
    with log.connection.cursor("backwards", binary=True) as cursor:
        cursor.itersize = _PAGE
        for n, data in cursor.execute(_BACKWARDS, [min(chosen)]):
            try:
                entry = json.loads(data)
                for heads in heads_by_kind:
                    heads.undo(entry)
            except (ValueError, KeyError, TypeError, IndexError):
                log.add(
                    "manifests",
                    "Heads before this leaf cannot be computed, because its entry cannot be read.",
                    n,
                )
                return
            if n in chosen:
                _compare(log, chosen[n], heads_by_kind)


def _compare(log: Log, event: LogEvent, heads_by_kind: list[RewoundHeads]) -> None:
    manifest = detail(event)
    expected: dict[str, Any] = {"upto": event.n}
    for heads in heads_by_kind:
        name = _NAMES[heads.kind]
        if heads.kind == "par" and event.n < log.parents_from:
            continue
        expected[f"{name}_n"], expected[f"{name}_root"] = heads.count_and_root()
    for name, value in expected.items():
        if manifest.get(name) != value:
            what = f"it states {name} {manifest.get(name)}, but the leaves before it result in {value}."
            log.add("manifests", what, event.n, event.event_id, moment(event.recorded_at))
