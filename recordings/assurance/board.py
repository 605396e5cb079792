"""Count expected recordings and their findings by day and channel, or by day and agent."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from recordings.assurance.classified import MissingIn, select_classified
from recordings.assurance.findings import NOT_FOUND, Finding
from recordings.assurance.window import Window
from recordings.reach import Reach

AXES = {"channel": "stream_id", "agent": "coalesce(agent_id, 0)"}
# A cell of the map is one shade darker for each of these percentages that its share of findings exceeds.
SHADES = (0, 2, 5, 10, 25)

_COUNTS = ", ".join(f"count(*) FILTER (WHERE '{finding.value}' = ANY(findings))" for finding in Finding)
_PER_DAY = f"""
SELECT {{axis}}, (at AT TIME ZONE 'UTC')::date, count(*), count(*) FILTER (WHERE findings && %(open)s),
       count(*) FILTER (WHERE findings && %(absent)s), {_COUNTS}
FROM classified WHERE (%(stream)s::bigint IS NULL OR stream_id = %(stream)s) GROUP BY 1, 2
"""  # noqa: S608 (constants of this module)


@dataclass
class Tally:
    """Counts of expected recordings: all, with an open finding (`wrong`), not found (`absent`), and by finding."""

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
        """In percent with one decimal, rounded down: 100 means all of them. Empty when none was expected."""
        return f"{1000 * self.found // self.expected / 10:g}" if self.expected else ""

    def of(self, finding: Finding | None) -> int:
        """Return how many have this finding; without one, how many have any open finding."""
        return self.findings[finding.value] if finding else self.wrong

    def shade(self, finding: Finding | None) -> int:
        """Return how dark the cell is, from 0 for no finding to 5."""
        return sum(100 * self.of(finding) > percent * self.expected for percent in SHADES)


@dataclass
class BoardLine:
    """A row of the map: a channel or an agent (`key`: its id) with its days."""

    key: int
    days: dict[date, Tally] = field(default_factory=dict)
    total: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class Board:
    window: Window
    lines: list[BoardLine]
    total: Tally


def count_board(
    window: Window, axis: str, missing_in: MissingIn, reach: Reach, *, stream: int | None = None
) -> Board:
    """Count what is in this reach by `axis` (channel or agent) and day, the row with most findings first. One query."""
    values: dict[str, Any] = {"stream": stream, "absent": [finding.value for finding in NOT_FOUND]}
    lines: dict[int, BoardLine] = {}
    rows = select_classified(_PER_DAY.format(axis=AXES[axis]), window, missing_in, reach, **values)
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
