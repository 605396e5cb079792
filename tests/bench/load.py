"""`make bench-load`: how many pages a second the web server answers well, and what happens beyond.

Whole pages of a list, and half as many reports of a player (beats), arrive at a fixed rate whether or not the answers
have come: as people do. Everything runs on loopback on one machine, the generator beside the server, each part bounded
in time. It ends with 1, and names what was not kept, unless all of this holds:

1. The rate is raised by a quarter until p95 is over 300 ms or an answer is wrong (or it is given: BENCH_LOAD_RATE).
2. The highest good rate is kept for five minutes (BENCH_LOAD_SECONDS): no wrong answer, p95 at most 300 ms, and the
   server's processes grow by at most 50 MiB together.
3. Three times that rate for thirty seconds: each answer is right, or 503 with Retry-After within two seconds.
4. The highest good rate again: no wrong answer.
5. Half the highest rate while parts are slow or away, one after the other (load_faults.py).
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.ground import ground_with_servers
from tests.bench.load_faults import with_parts_away
from tests.bench.load_generator import WELL_SECONDS, Served, ask, serving
from tests.bench.results import Measured

PROMISED_SECONDS = 2.0
GROWTH_BYTES = 50 * 2**20
STEP_SECONDS = 10.0
HELD_SECONDS = float(os.environ.get("BENCH_LOAD_SECONDS", "300"))
OVER_SECONDS = min(30.0, HELD_SECONDS)
FIRST_RATE, LARGEST_RATE, GROWTH = 10.0, 400.0, 1.25


def main() -> None:
    """Measure, print each step, and end with 1 when a promise is not kept."""
    with ground_with_servers() as (services, embedded):
        with serving(os.environ) as served:
            rate = float(os.environ.get("BENCH_LOAD_RATE", "0")) or _highest(served)
            broken = list(_at_the_highest_rate(served, rate))
        broken += with_parts_away(services, embedded, rate / 2, seconds=min(60.0, HELD_SECONDS))
    sys.exit("\n".join(broken) or 0)


def _at_the_highest_rate(served: Served, rate: float) -> Iterator[str]:
    """Phases 2 to 4; yields what was not kept."""
    before = _memory(served)
    held = asyncio.run(ask(served, rate, HELD_SECONDS))
    grown = _memory(served) - before
    over = asyncio.run(ask(served, 3 * rate, OVER_SECONDS))
    after = asyncio.run(ask(served, rate, STEP_SECONDS))
    for measured in (
        Measured("pages a second", rate, "1/s"),
        Measured("p95 held at that rate", held.p95 * 1000, "ms"),
        Measured("memory grown meanwhile", grown / 2**20, "MiB"),
        Measured("at three times the rate: answered", over.kinds["right"], "answers"),
        Measured("at three times the rate: 503 with Retry-After", over.kinds["refused"], "answers"),
        Measured("at three times the rate: the slowest 503", over.slowest_refusal * 1000, "ms"),
        Measured("p95 at the first rate afterwards", after.p95 * 1000, "ms"),
    ):
        print(f"  {measured}")
    if held.kinds.keys() - {"right"}:
        yield f"wrong answers at the highest rate: {dict(held.kinds)}"
    if held.p95 > WELL_SECONDS:
        yield f"p95 at the highest rate was {held.p95 * 1000:,.0f} ms: is the machine busy?"
    if grown > GROWTH_BYTES:
        yield f"the server grew by {grown / 2**20:,.0f} MiB at the highest rate"
    if over.kinds.keys() - {"right", "refused"}:
        yield f"wrong answers beyond it: {dict(over.kinds)}"
    if over.slowest_refusal > PROMISED_SECONDS:
        yield "a refusal beyond it took longer than two seconds"
    if after.kinds.keys() - {"right"}:
        yield f"wrong answers afterwards: {dict(after.kinds)}"


def _highest(served: Served) -> float:
    """The highest rate that was answered well; the first is answered once before, to warm up."""
    asyncio.run(ask(served, FIRST_RATE, STEP_SECONDS))
    rate, best = FIRST_RATE, 0.0
    while rate <= LARGEST_RATE:
        heard = asyncio.run(ask(served, rate, STEP_SECONDS))
        print(
            f"  {rate:6.1f} + {rate / 2:5.1f} a second: p95 {heard.p95 * 1000:6.0f} ms, {dict(heard.kinds)}",
            flush=True,
        )
        if not heard.is_well:
            break
        best, rate = rate, rate * GROWTH
    if not best:
        sys.exit("Not even the first rate is answered well: is the machine busy?")
    return best


def _memory(served: Served) -> int:
    """Bytes of the server's processes: the one that was started and its children."""
    pages, parent = 0, served.process.pid
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            own, after = int(status.parent.name), status.read_text().rpartition(")")[2].split()
            if parent in (own, int(after[1])):
                pages += int((status.parent / "statm").read_text().split()[1])
        except (OSError, ValueError):
            continue
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
