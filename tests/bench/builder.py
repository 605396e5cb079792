"""Builds one report in a process of its own, as a worker does: `python -m tests.bench.builder <report id>`.

Says when it is ready, waits for a line, builds, and says how many seconds that took.
"""

import sys
import time
from uuid import UUID

import django


def _main(report_id: UUID) -> None:
    django.setup()
    from recordings.reports.building import build

    print("ready", flush=True)
    sys.stdin.readline()
    started = time.perf_counter()
    build(report_id)
    print(time.perf_counter() - started)


if __name__ == "__main__":
    _main(UUID(sys.argv[1]))
