"""How many leaves each object, parent and actor has: the manifests in the log, counted again."""

import json
from bisect import bisect_left
from hashlib import sha256
from typing import Any

from recordings.proof.verification.chains import End
from recordings.proof.verification.findings import moment, plural
from recordings.proof.verification.log import Log, OwnEvent
from recordings.proof.verification.marks import check_closings
from recordings.proof.verification.openings import detail
from recordings.tlog import merkle

_NAMES = {"obj": "objects", "par": "parents", "act": "actors"}
_BACKWARDS = "SELECT n, entry FROM audit.leaf WHERE n >= %s ORDER BY n DESC"
_DAY = 26 * 3_600_000_000  # a night that starts late still meets the last one
_PAGE = 2000


class RewoundHeads:
    """All heads of one kind at one size of the log. They begin at its end and are taken back leaf by leaf."""

    def __init__(self, kind: str, ends: dict[bytes, End]) -> None:
        self.kind = kind
        self._heads = {tag: (end.leaves, end.last) for tag, end in ends.items()}
        self._sorted = sorted(ends)
        self._hashes: dict[bytes, bytes] = {}

    def undo(self, entry: dict[str, Any]) -> None:
        """Take back the last leaf."""
        if self.kind not in entry:
            return
        tag = bytes.fromhex(entry[self.kind])
        self._hashes.pop(tag, None)
        if entry[f"{self.kind}_n"] > 1:
            self._heads[tag] = entry[f"{self.kind}_n"] - 1, entry.get(f"{self.kind}_prev")
        elif self._heads.pop(tag, None):
            del self._sorted[bisect_left(self._sorted, tag)]

    def count_and_root(self) -> tuple[int, str]:
        """How many heads there are, and their root: what a manifest says at this size."""
        return len(self._sorted), merkle.root([self._hash(tag) for tag in self._sorted]).hex()

    def _hash(self, tag: bytes) -> bytes:
        known = self._hashes.get(tag)
        if known is None:
            count, last = self._heads[tag]
            head = f'{{"count":{count},"last":{last},"tag":"{tag.hex()}"}}'
            known = self._hashes[tag] = sha256(b"\0" + head.encode()).digest()
        return known


def check_manifests(log: Log) -> str:
    """The newest manifest and those of the last day (every one, if asked for) have the roots of their size; every one
    says what times the leaves before it have."""
    check_closings(log.segment.marks, log.parents_from, log.findings)
    manifests = log.own("heads.manifest")
    chosen = {
        event.n: event
        for event in manifests
        if log.every_manifest or manifests[-1].recorded_at - event.recorded_at <= _DAY
    }
    if chosen:
        _count_again(log, chosen)
    counted = f"{plural(len(chosen), 'manifest')} counted again"
    return counted if len(chosen) == len(manifests) else f"{counted}, of {len(manifests):,}"


def _count_again(log: Log, chosen: dict[int, OwnEvent]) -> None:
    """Walk back from the end of the log to the first of these manifests, and compare at each."""
    heads_by_kind = [RewoundHeads(kind, log.segment.ends.get(kind, {})) for kind in _NAMES]
    with log.connection.cursor("backwards", binary=True) as cursor:
        cursor.itersize = _PAGE
        for n, data in cursor.execute(_BACKWARDS, [min(chosen)]):
            try:
                entry = json.loads(data)
                for heads in heads_by_kind:
                    heads.undo(entry)
            except (ValueError, KeyError, TypeError, IndexError):
                log.add("manifests", "Heads cannot be counted before an entry that cannot be read.", n)
                return
            if n in chosen:
                _compare(log, chosen[n], heads_by_kind)


def _compare(log: Log, event: OwnEvent, heads_by_kind: list[RewoundHeads]) -> None:
    manifest = detail(event)
    expected: dict[str, Any] = {"upto": event.n}
    for heads in heads_by_kind:
        name = _NAMES[heads.kind]
        if heads.kind == "par" and event.n < log.parents_from:
            continue
        expected[f"{name}_n"], expected[f"{name}_root"] = heads.count_and_root()
    for name, value in expected.items():
        if manifest.get(name) != value:
            what = f"says {name} {manifest.get(name)}; the leaves before it give {value}."
            log.add("manifests", what, event.n, event.event_id, moment(event.recorded_at))
