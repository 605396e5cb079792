"""Count for the map: expected recordings per day and channel, or per day and agent, with what is wrong among them."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from recordings.assurance.classified import MissingIn, select_classified
from recordings.assurance.findings import NOT_FOUND, Finding
from recordings.assurance.window import Window

AXES = {"channel": "stream_id", "agent": "coalesce(agent_id, 0)"}
# A cell is one shade darker for each of these percentages that its share of what is wrong exceeds.
SHADES = (0, 2, 5, 10, 25)

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

    def shade(self, finding: Finding | None) -> int:
        """How dark its cell is: 0 where nothing is wrong."""
        return sum(100 * self.of(finding) > percent * self.expected for percent in SHADES)


@dataclass
class BoardLine:
    """A channel's or an agent's days."""

    key: int
    days: dict[date, Tally] = field(default_factory=dict)
    total: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class Board:
    window: Window
    lines: list[BoardLine]
    total: Tally


def count_board(window: Window, axis: str, missing_in: MissingIn, *, stream: int | None = None) -> Board:
    """Count by `axis` (channel or agent) and day, the line with most that is wrong first: one query."""
    values: dict[str, Any] = {"stream": stream, "absent": [finding.value for finding in NOT_FOUND]}
    lines: dict[int, BoardLine] = {}
    rows = select_classified(_PER_DAY.format(axis=AXES[axis]), window, missing_in, **values)
    for key, day, expected, wrong, absent, *each in rows:
        findings = Counter(dict(zip(map(str, Finding), each, strict=True)))
        line = lines.setdefault(key, BoardLine(key))
        line.days[day] = Tally(expected, wrong, absent, findings)
        line.total.add(line.days[day])
    ordered = sorted(lines.values(), key=lambda line: (-line.total.wrong, -line.total.expected, line.key))
    total = Tally()
    for line in ordered:
        total.add(line.total)
    return Board(window, ordered, total)
