"""A figure of the bench, and how the times behind it are taken."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from time import perf_counter
from typing import Any


@dataclass(frozen=True)
class Measured:
    """A figure; `ratio` says how many times better than `against` it is, measured in the same run."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    against: str = ""

    def __str__(self) -> str:
        beside = f"{self.ratio:>10,.1f} x  {self.against}" if self.ratio else ""
        return f"{self.name:<52} {self.value:>10,.2f} {self.unit:<11}{beside}"

    def as_dict(self) -> dict[str, Any]:
        rounded = round(self.ratio, 2) if self.ratio else None
        return {**asdict(self), "value": round(self.value, 3), "ratio": rounded}


@dataclass
class Stopwatch:
    """Milliseconds of several runs."""

    runs: list[float]

    @property
    def p50(self) -> float:
        return median(self.runs)

    @property
    def p95(self) -> float:
        return quantiles(self.runs, n=20)[-1] if len(self.runs) > 1 else self.runs[0]


def timed(work: Callable[[Any], object], over: Sequence[Any], runs: int) -> Stopwatch:
    """Do the work so many times, taking its subjects in turn; the first round warms up and does not count."""
    for subject in over:
        work(subject)
    watch = Stopwatch([])
    for number in range(runs):
        started = perf_counter()
        work(over[number % len(over)])
        watch.runs.append((perf_counter() - started) * 1000)
    return watch


@contextmanager
def in_database() -> Iterator[list[float]]:
    """The milliseconds each statement of the block took, sent to answered."""
    from django.db import connection

    taken: list[float] = []

    def watch(execute: Any, *args: Any) -> Any:
        started = perf_counter()
        try:
            return execute(*args)
        finally:
            taken.append((perf_counter() - started) * 1000)

    with connection.execute_wrapper(watch):
        yield taken
