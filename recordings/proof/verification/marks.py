"""Check late and malformed leaves, the times that manifests state, and who wrote the log's own events.

Marks are collected while segments are read; most can be checked only over the whole log.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from recordings.proof.verification.findings import Findings, Problem, plural

ACTOR = "system:sealer"
LOG_KINDS = frozenset(["log.opened", "heads.manifest", "sealer.incident", "key.rotated", "backup.restored"])
BEGINNING = "1970-01-01T00:00:00.000000Z"
LATE, MALFORMED = "event_late", "event_malformed"
_MARGIN = timedelta(seconds=60)


class Closing(NamedTuple):
    """A manifest: its leaf, its time of recording, the latest time among its segment's earlier leaves, its detail."""

    n: int
    recorded_at: str
    newest: str
    detail: dict[str, Any]


@dataclass
class Marks:
    """The marks of a segment, or of the whole log."""

    newest: str = BEGINNING
    closed_until: str = BEGINNING
    unsure_until: str = BEGINNING  # the log may be closed until then; the manifest's event is missing
    closings: list[Closing] = field(default_factory=list)
    late: list[int] = field(default_factory=list)  # late leaves that an incident must announce
    marked: list[int] = field(default_factory=list)  # all leaves marked late
    malformed: list[int] = field(default_factory=list)
    announced: list[tuple[int, str, Any, Any]] = field(default_factory=list)  # leaf, code, first, count
    foreign: list[tuple[int, str]] = field(default_factory=list)  # not written by the log, but claiming to be
    eventless: list[int] = field(default_factory=list)  # incidents whose events are missing

    def add(
        self, n: int, recorded_at: str, late: bool, kind: str, actor: str, body: Mapping[str, Any]
    ) -> None:
        """Add a leaf that is late, or that claims to be written by the log."""
        detail = body.get("action_detail") or {}
        code = detail.get("code") if kind == "sealer.incident" and "settled" not in detail else None
        if (kind in LOG_KINDS) is not (actor == ACTOR):
            self.foreign.append((n, f"{kind} by {actor}"))
        elif kind == "heads.manifest":
            self.closings.append(Closing(n, recorded_at, self.newest, dict(detail)))
            self.closed_until = max(self.closed_until, str(detail.get("closed_until", BEGINNING)))
        elif code in (LATE, MALFORMED):
            self.announced.append((n, code, detail.get("first"), detail.get("count")))
        if late:
            self.marked.append(n)
        if late and code != LATE:
            self.late.append(n)
        self.newest = max(self.newest, recorded_at)

    def add_restored(self, n: int, recorded_at: str, late: bool, kind: str) -> None:
        """Add a leaf whose event is missing."""
        if kind == "sealer.incident":
            self.eventless.append(n)
        elif kind == "heads.manifest":
            self.unsure_until = max(self.unsure_until, _minute_before(recorded_at))
        if late:
            self.marked.append(n)
        if late and kind != "sealer.incident":
            self.late.append(n)
        self.newest = max(self.newest, recorded_at)

    def add_malformed(self, n: int, recorded_at: str, late: bool) -> None:
        """Add a leaf whose event is malformed."""
        self.malformed.append(n)
        if late:
            self.marked.append(n)
        self.newest = max(self.newest, recorded_at)

    def merge(self, later: "Marks") -> None:
        """Append the next segment's marks."""
        self.closings += [
            closing._replace(newest=max(closing.newest, self.newest)) for closing in later.closings
        ]
        self.newest = max(self.newest, later.newest)
        for name in ("late", "marked", "malformed", "announced", "foreign", "eventless"):
            getattr(self, name).extend(getattr(later, name))


def check_marks(marks: Marks, findings: Findings) -> str:
    """Check that incidents announce exactly the late and the malformed leaves, and that only the log writes as the log.

    Returns the check's sentence.
    """
    for n, what in marks.foreign:
        findings.add(Problem("marks", f"it claims to be written by the log, but is {what}.", n))
    announced: dict[str, set[int]] = {LATE: set(), MALFORMED: set()}
    for n, code, first, count in marks.announced:
        if first != n + 1 or type(count) is not int or not 1 <= count <= 1_000_000:
            findings.add(Problem("marks", f"it is an {code} incident, but not about the leaves after it.", n))
        else:
            announced[code].update(range(first, first + count))
    late, malformed = set(marks.late) - set(marks.malformed), set(marks.malformed)
    for n in marks.eventless:
        while (n := n + 1) in late or n in malformed:
            announced[LATE if n in late else MALFORMED].add(n)
    for n in malformed - announced[MALFORMED]:
        findings.add(Problem("marks", "it is marked malformed, but no incident announces it.", n))
    for n in announced[MALFORMED] - malformed:
        findings.add(Problem("marks", "an incident announces it as malformed, but it is not.", n))
    for n in late - announced[LATE]:
        findings.add(Problem("marks", "it is marked late, but no incident announces it.", n))
    for n in announced[LATE] - late:
        findings.add(Problem("marks", "an incident announces it as late, but it is not.", n))
    return f"{plural(len(marks.late), 'leaf', 'leaves')} late, {len(marks.malformed):,} malformed"


def check_closings(marks: Marks, parents_from: int, findings: Findings) -> None:
    """Check every manifest's newest time and number of late leaves, and that each closes the log for a later time."""
    previous, marked = BEGINNING, sorted(marks.marked)
    for n, recorded_at, newest, detail in marks.closings:
        if n < parents_from:
            continue
        closed_until = str(detail.get("closed_until"))
        late_n = bisect_left(marked, n)
        expected = {"newest": newest, "parents_from": parents_from, "late_n": late_n}
        for name, value in expected.items():
            if detail.get(name) != value:
                what = f"it states {name} {detail.get(name)}, but the leaves before it result in {value}."
                findings.add(Problem("manifests", what, n, at=recorded_at))
        if not previous <= closed_until <= _minute_before(recorded_at):
            what = (
                f"it closes the log until {closed_until} after {previous}, but was recorded at {recorded_at}."
            )
            findings.add(Problem("manifests", what, n, at=recorded_at))
        previous = max(previous, closed_until)


def _minute_before(text: str) -> str:
    return (datetime.fromisoformat(text) - _MARGIN).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
