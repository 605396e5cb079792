"""What leaves say beside their events: late, malformed, closed until; and who may speak as the log itself.

A segment of the log collects marks while it is read; what they must be shows in the whole log only.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from recordings.proof.verification.findings import Findings, Problem, plural

ACTOR = "system:sealer"
OWN_KINDS = frozenset(["log.opened", "heads.manifest", "sealer.incident", "key.rotated", "backup.restored"])
BEGINNING = "1970-01-01T00:00:00.000000Z"
LATE, MALFORMED = "event_late", "event_malformed"
_MARGIN = timedelta(seconds=60)


class Closing(NamedTuple):
    """A manifest: its leaf, when it was recorded, the largest time of the leaves before it in its segment, and what it
    says."""

    n: int
    recorded_at: str
    newest: str
    detail: dict[str, Any]


@dataclass
class Marks:
    """Of a segment, and then of the whole log."""

    newest: str = BEGINNING
    closed_until: str = BEGINNING
    unsure_until: str = BEGINNING  # the log may be closed until then: a manifest's event is gone
    closings: list[Closing] = field(default_factory=list)
    late: list[int] = field(default_factory=list)  # those that an incident must speak of
    marked: list[int] = field(default_factory=list)  # all that are marked late
    malformed: list[int] = field(default_factory=list)
    spans: list[tuple[int, str, Any, Any]] = field(default_factory=list)  # leaf, code, first, count
    foreign: list[tuple[int, str]] = field(default_factory=list)
    silent: list[int] = field(default_factory=list)  # incidents whose events are gone

    def add(
        self, n: int, recorded_at: str, late: bool, kind: str, actor: str, body: Mapping[str, Any]
    ) -> None:
        """Add a leaf that is late, or that speaks as the log does of itself."""
        detail = body.get("action_detail") or {}
        code = detail.get("code") if kind == "sealer.incident" and "settled" not in detail else None
        if (kind in OWN_KINDS) is not (actor == ACTOR):
            self.foreign.append((n, f"{kind} by {actor}"))
        elif kind == "heads.manifest":
            self.closings.append(Closing(n, recorded_at, self.newest, dict(detail)))
            self.closed_until = max(self.closed_until, str(detail.get("closed_until", BEGINNING)))
        elif code in (LATE, MALFORMED):
            self.spans.append((n, code, detail.get("first"), detail.get("count")))
        if late:
            self.marked.append(n)
        if late and code != LATE:
            self.late.append(n)
        self.newest = max(self.newest, recorded_at)

    def add_restored(self, n: int, recorded_at: str, late: bool, kind: str) -> None:
        """Add a leaf whose event is gone."""
        if kind == "sealer.incident":
            self.silent.append(n)
        elif kind == "heads.manifest":
            self.unsure_until = max(self.unsure_until, _minute_before(recorded_at))
        if late:
            self.marked.append(n)
        if late and kind != "sealer.incident":
            self.late.append(n)
        self.newest = max(self.newest, recorded_at)

    def add_malformed(self, n: int, recorded_at: str, late: bool) -> None:
        """Add a leaf of bytes that are no event."""
        self.malformed.append(n)
        if late:
            self.marked.append(n)
        self.newest = max(self.newest, recorded_at)

    def merge(self, later: "Marks") -> None:
        """Put the marks of the next segment behind these."""
        self.closings += [
            closing._replace(newest=max(closing.newest, self.newest)) for closing in later.closings
        ]
        self.newest = max(self.newest, later.newest)
        for name in ("late", "marked", "malformed", "spans", "foreign", "silent"):
            getattr(self, name).extend(getattr(later, name))


def check_marks(marks: Marks, findings: Findings) -> str:
    """Late and malformed leaves stand behind the incident that speaks of them, and nothing else does; only the sealer
    speaks as the log does; the sentence of the check."""
    for n, what in marks.foreign:
        findings.add(Problem("marks", f"speaks as the log does of itself and is {what}.", n))
    spoken: dict[str, set[int]] = {LATE: set(), MALFORMED: set()}
    for n, code, first, count in marks.spans:
        if first != n + 1 or type(count) is not int or not 1 <= count <= 1_000_000:
            findings.add(Problem("marks", f"speaks as {code} of other leaves than those after it.", n))
        else:
            spoken[code].update(range(first, first + count))
    late, malformed = set(marks.late) - set(marks.malformed), set(marks.malformed)
    for n in marks.silent:
        while (n := n + 1) in late or n in malformed:
            spoken[LATE if n in late else MALFORMED].add(n)
    for n in malformed ^ spoken[MALFORMED]:
        fate = (
            "no incident speaks of it"
            if n not in spoken[MALFORMED]
            else "an incident calls it so and it is not"
        )
        findings.add(Problem("marks", f"event.malformed: {fate}.", n))
    for n in late ^ spoken[LATE]:
        fate = (
            "no incident speaks of it" if n not in spoken[LATE] else "an incident calls it so and it is not"
        )
        findings.add(Problem("marks", f"sealed late: {fate}.", n))
    return f"{plural(len(marks.late), 'leaf', 'leaves')} late, {len(marks.malformed):,} malformed"


def check_closings(marks: Marks, parents_from: int, findings: Findings) -> None:
    """Every manifest says what the leaves before it give: the newest time, how many are late; and the log is closed
    further each time."""
    before, marked = BEGINNING, sorted(marks.marked)
    for n, recorded_at, newest, detail in marks.closings:
        if n < parents_from:
            continue
        closed_until = str(detail.get("closed_until"))
        late_n = bisect_left(marked, n)
        expected = {"newest": newest, "parents_from": parents_from, "late_n": late_n}
        for name, value in expected.items():
            if detail.get(name) != value:
                what = f"says {name} {detail.get(name)}; the leaves before it give {value}."
                findings.add(Problem("manifests", what, n, at=recorded_at))
        if not before <= closed_until <= _minute_before(recorded_at):
            what = (
                f"says that the log is closed until {closed_until}, after {before}, recorded {recorded_at}."
            )
            findings.add(Problem("manifests", what, n, at=recorded_at))
        before = max(before, closed_until)


def _minute_before(text: str) -> str:
    return (datetime.fromisoformat(text) - _MARGIN).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
