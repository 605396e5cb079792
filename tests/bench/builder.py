"""Builds one report in a process of its own, as a worker does: `python -m tests.bench.builder <report id>`.

Says as JSON how many seconds it took and how many MiB it needed beyond what the process had before.
"""

import json
import sys
import time
from uuid import UUID

import django

from tests.bench.memory import in_use, peak


def _main(report_id: UUID) -> None:
    django.setup()
    from recordings.reports.building import build

    before, started = in_use(), time.perf_counter()
    build(report_id)
    print(json.dumps([time.perf_counter() - started, peak() - before]))


if __name__ == "__main__":
    _main(UUID(sys.argv[1]))
