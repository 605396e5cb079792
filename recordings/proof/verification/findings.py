"""The results of a verification: problems, one line for each check, and the verdict."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL counts microseconds from here


def moment(microseconds: int) -> str:
    """Format a time of PostgreSQL's binary form (microseconds since 2000) as in the trail."""
    return (_EPOCH + timedelta(microseconds=microseconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True)
class Problem:
    """A problem: the check, what is wrong, its leaf (-1 for none in particular), event and time of recording."""

    check: str
    what: str
    n: int = -1
    event_id: str = ""
    at: str = ""

    def __str__(self) -> str:
        where = f"leaf {self.n}" if self.n >= 0 else ""
        event = f"event {self.event_id}" if self.event_id else ""
        location = ", ".join(filter(None, [event, where, f"recorded {self.at}" if self.at else ""]))
        return f"{location}: {self.what}" if location else self.what


@dataclass
class Findings:
    """The problems of each check: how many, and the first. Not all are kept, because there may be millions."""

    counts: dict[str, int] = field(default_factory=dict)
    firsts: dict[str, Problem] = field(default_factory=dict)

    def add(self, problem: Problem) -> None:
        self.counts[problem.check] = self.counts.get(problem.check, 0) + 1
        known = self.firsts.get(problem.check)
        if known is None or _order(problem) < _order(known):
            self.firsts[problem.check] = problem

    def merge(self, other: "Findings") -> None:
        """Add the findings of another segment."""
        for problem in other.firsts.values():
            self.add(problem)
        for check, count in other.counts.items():
            self.counts[check] += count - 1

    @property
    def first(self) -> Problem | None:
        """The problem with the lowest leaf; one without a leaf only if there is no other."""
        return min(self.firsts.values(), key=_order, default=None)


def _order(problem: Problem) -> tuple[bool, int]:
    return problem.n < 0, problem.n


@dataclass(frozen=True)
class Check:
    """The result of one check in a line. `seconds` is None when it ran together with another check."""

    name: str
    ok: bool
    sentence: str
    seconds: float | None = None

    def __str__(self) -> str:
        took = f"{self.seconds:8.2f} s" if self.seconds is not None else " " * 10
        return f"{'ok  ' if self.ok else 'FAIL'}  {self.name:<12} {took}  {self.sentence}"


@dataclass
class Verification:
    """The result of a verification. `problem` is the first problem; None when all is well."""

    events: int
    leaves: int
    root: bytes
    started_at: datetime
    seconds: float = 0.0
    checks: list[Check] = field(default_factory=list)
    problem: Problem | None = None

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    def lines(self) -> list[dict[str, Any]]:
        """Return the checks as stored in a TrailVerification row."""
        return [
            {
                "name": check.name,
                "ok": check.ok,
                "sentence": check.sentence,
                "milliseconds": None if check.seconds is None else round(check.seconds * 1000),
            }
            for check in self.checks
        ]


def plural(count: int, singular: str, plural_form: str = "") -> str:
    """Format a count with its noun: "1 leaf", "1,000 leaves"."""
    return f"{count:,} {singular if count == 1 else plural_form or singular + 's'}"
