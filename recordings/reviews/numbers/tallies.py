"""Count the current scores of a selection. Sums are of integers, so that the order of adding does not matter."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from recordings.db import fetch_all
from recordings.reach import Reach
from recordings.reviews.numbers.selection import Selection
from recordings.reviews.statistics import CONFIDENCE, Interval, t_quantile, wilson

# With fewer evaluations nobody is ranked: the interval of such an average says nothing about the order.
FEWEST_RANKED = 10
# Points that a bar of the distribution covers. The last bar has all scores from 100 on.
BIN = 5
BINS = 100 // BIN + 1

# The rows are summed once, by all keys; each group is summed from these sums.
_TALLIED = """
SELECT {keys}, {totals}
FROM (SELECT {expressions} FROM recordings_currentscore c {where} GROUP BY {places}) e
GROUP BY GROUPING SETS ({sets})
"""
_KEYS = {
    "week": "width_bucket(c.shown_at, %s::timestamptz[]) - 1",
    "bin": f"CASE WHEN c.score >= 10000 THEN {BINS - 1} ELSE c.score / {BIN * 100} END",
    "agent_id": "c.agent_id",
    "scorer_id": "c.scorer_id",
    "stratum": """(
        SELECT p.stratum FROM recordings_assignment a JOIN recordings_samplepick p ON p.id = a.pick_id
        WHERE a.evaluation_id = c.evaluation_id)""",
}
_SUMS = (
    "count(*)",
    "count(*) FILTER (WHERE c.fails > 0)",
    "count(*) FILTER (WHERE c.changes > 0)",
    *(
        sums.format(f"c.{column}")
        for column in ("score", "na_share", "watched_percent")
        for sums in ("count({0})", "sum({0})", "sum({0}::bigint * {0})")
    ),
)
Key = tuple[Any, ...]
Tallies = dict[tuple[str, ...], dict[Key, "Tally"]]


@dataclass(frozen=True)
class Sums:
    """Number, sum and sum of squares of integers."""

    n: int = 0
    total: int = 0
    squares: int = 0

    @classmethod
    def of(cls, values: Iterable[int]) -> "Sums":
        known = list(values)
        return cls(len(known), sum(known), sum(value * value for value in known))

    def mean(self, scale: int = 100) -> Interval | None:
        """Return the mean with Student's interval, divided by `scale`; None without values."""
        if not self.n:
            return None
        mean = self.total / self.n / scale
        if self.n == 1:
            return Interval(1, mean, None, None)
        variance = (self.n * self.squares - self.total**2) / (self.n * (self.n - 1))
        half = t_quantile((1 + CONFIDENCE) / 2, self.n - 1) * math.sqrt(variance / self.n) / scale
        return Interval(self.n, mean, mean - half, mean + half)


@dataclass(frozen=True)
class Tally:
    """What was counted of some evaluations. Shares are of `n`, averages of the evaluations that have the value."""

    n: int = 0
    failed: int = 0
    changed: int = 0
    scores: Sums = Sums()
    na_shares: Sums = Sums()
    watched: Sums = Sums()

    @property
    def score(self) -> Interval | None:
        return self.scores.mean()

    @property
    def na_share(self) -> Interval | None:
        """Return the average share of N/A, in per cent."""
        return self.na_shares.mean()

    @property
    def watched_share(self) -> Interval | None:
        """Return the average share of the recording that the scorer had watched, in per cent."""
        return self.watched.mean(1)

    @property
    def failed_share(self) -> Interval | None:
        """Return the share of evaluations with a failing answer, from 0 to 1."""
        return wilson(self.failed, self.n)

    @property
    def is_ranked(self) -> bool:
        return self.scores.n >= FEWEST_RANKED


def tallies(selection: Selection, reach: Reach, *groups: tuple[str, ...]) -> Tallies:
    """Count by each group of keys in one pass over the rows: `week` (its place), `bin`, `agent_id`, `scorer_id`,
    and `stratum` of a selected sample.

    The empty group is everything. Return, by group, the tally of each combination that has an evaluation.
    """
    keys = list(dict.fromkeys(key for group in groups for key in group))
    where = selection.where("c", reach)
    statement = _TALLIED.format(
        # Without a key there is nothing to ask GROUPING for: all rows are of the empty group.
        keys=", ".join([*keys, f"GROUPING({', '.join(keys)})" if keys else "0"]),
        expressions=", ".join(
            [
                *(f"{_KEYS[key]} AS {key}" for key in keys),
                *(f"{expression} AS s{place}" for place, expression in enumerate(_SUMS)),
            ]
        ),
        totals=", ".join(f"coalesce(sum(s{place}), 0)" for place in range(len(_SUMS))),
        where=where.clause(),
        places=", ".join(str(place + 1) for place in range(len(keys))) or "()",
        sets=", ".join(f"({', '.join(group)})" for group in groups),
    )
    edges = [selection.edges] if "week" in keys else []
    # GROUPING has a bit for each key, the first key the highest one: set where the group is not by this key.
    by_mask = {
        sum(1 << place for place, key in enumerate(reversed(keys)) if key not in group): group
        for group in groups
    }
    counted: Tallies = {group: {} for group in groups}
    for row in fetch_all(connection, statement, [*edges, *where.values]):
        group = by_mask[row[len(keys)]]
        counted[group][tuple(row[keys.index(key)] for key in group)] = _tally(row[len(keys) + 1 :])
    return counted


def _tally(row: tuple[Any, ...]) -> Tally:
    n, failed, changed, *sums = map(int, row)
    return Tally(n, failed, changed, Sums(*sums[:3]), Sums(*sums[3:6]), Sums(*sums[6:]))
