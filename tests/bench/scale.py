"""`make bench-scale`: search at a million objects and at three million, in one run; others with SIZES="20000 40000".

No plain Django list beside it: a page of that takes seconds here. What counts is how each kind of query grows from the
first size to the others, and how it stands to the slowest ordinary kind of the same size.
"""

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from recordings.processes import in_children
from tests.bench.ground import ground

if TYPE_CHECKING:
    from tests.bench.search import Kind

RUNS = 100
SIZES = (1_000_000, 3_000_000)


def main(sizes: Sequence[int]) -> None:
    """Print what a page of each kind of query costs at each size, and its processor time against the first size."""
    from tests.bench.scale import measure  # as the child knows it

    first: dict[str, float] = {}
    for size in sizes:
        print(f"\n{size:,} objects", flush=True)
        # A child, because Django connects to one ground in its life.
        with in_children([partial(measure, size)]) as figures:
            for name, processor, p50, p95 in figures:
                growth = f"{processor / first[name]:>8.2f} x" if name in first else ""
                first.setdefault(name, processor)
                print(
                    f"  {name:<52}{p50:>10.2f} ms p50{p95:>10.2f} ms p95{processor:>10.2f} ms processor{growth}",
                    flush=True,
                )


def measure(size: int) -> Iterator[tuple[str, float, float, float]]:
    """Load so many objects; give for each kind of query its name and milliseconds in the database for a page.

    They are the server's processor time (median), which a busy machine hardly changes, then p50 and p95 as a client
    sees them.
    """
    with ground(objects=size):
        from tests.bench import search

        for kind in search.kinds():
            spent = search.measured(kind, RUNS)[1]
            yield kind.name, processor_time(kind), spent.p50, spent.p95


def processor_time(kind: "Kind") -> float:
    """The milliseconds of a processor that PostgreSQL spends on a page of this kind: median of RUNS (Linux only)."""
    from django.db import connection

    from tests.bench import search

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        account = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
    page, spent = search.page_of(kind, []), []
    for number in range(RUNS):
        before = int(account.read_text().split()[0])
        page(kind.subjects[number % len(kind.subjects)])
        spent.append((int(account.read_text().split()[0]) - before) / 1e6)
    return median(spent)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or SIZES)
