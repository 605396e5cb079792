"""The map: expected recordings per day and channel, or per day and agent, with what is wrong among them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from recordings.assurance.classified import ask
from recordings.assurance.findings import NOT_FOUND, Finding
from recordings.assurance.window import Window

NO_AGENT = 0
AXES = {"channel": "stream_id", "agent": "coalesce(agent_id, 0)"}
# Shares of what is wrong, in percent, from which on a cell is one step darker.
STEPS = (0, 2, 5, 10, 25)

_COUNTS = ", ".join(f"count(*) FILTER (WHERE '{finding.value}' = ANY(findings))" for finding in Finding)
_PER_DAY = f"""
SELECT {{axis}}, (at AT TIME ZONE 'UTC')::date, count(*), count(*) FILTER (WHERE findings && %(open)s),
       count(*) FILTER (WHERE findings && %(absent)s), {_COUNTS}
FROM classified WHERE (%(stream)s::bigint IS NULL OR stream_id = %(stream)s) GROUP BY 1, 2
"""  # noqa: S608 (words of our own)


@dataclass
class Tally:
    """How many recordings were expected, how many of them have something wrong, and what."""

    expected: int = 0
    wrong: int = 0
    absent: int = 0
    findings: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        self.expected += other.expected
        self.wrong += other.wrong
        self.absent += other.absent
        self.findings.update(other.findings)

    @property
    def found(self) -> int:
        return self.expected - self.absent

    @property
    def percent_found(self) -> str:
        """Cut, not rounded: 100 % is all of them."""
        return f"{1000 * self.found // self.expected / 10:g}" if self.expected else ""

    def of(self, finding: Finding | None) -> int:
        """How many have this finding; without one, how many have anything that is still wrong."""
        return self.findings[finding.value] if finding else self.wrong

    def step(self, finding: Finding | None) -> int:
        """How dark its cell is: 0 where nothing is wrong."""
        if not (number := self.of(finding)):
            return 0
        return sum(100 * number > least * self.expected for least in STEPS)


@dataclass
class Line:
    """A channel's or an agent's days."""

    key: int
    days: dict[date, Tally] = field(default_factory=dict)
    total: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class Board:
    window: Window
    lines: list[Line]
    total: Tally


def board(window: Window, axis: str, sure: list[int], *, stream: int | None = None) -> Board:
    """Count by `axis` (channel or agent) and day, the line with most that is wrong first: one query."""
    values: dict[str, Any] = {"stream": stream, "absent": [finding.value for finding in NOT_FOUND]}
    lines: dict[int, Line] = {}
    for key, day, *counts in ask(_PER_DAY.format(axis=AXES[axis]), window, sure, **values):
        line = lines.setdefault(key, Line(key))
        line.days[day] = _tally(counts)
        line.total.add(line.days[day])
    ordered = sorted(lines.values(), key=lambda line: (-line.total.wrong, -line.total.expected, line.key))
    return Board(window, ordered, total_of(line.total for line in ordered))


def _tally(counts: list[int]) -> Tally:
    expected, wrong, absent, *each = counts
    return Tally(expected, wrong, absent, Counter(dict(zip(map(str, Finding), each, strict=True))))


def total_of(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total
