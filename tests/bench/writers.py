"""Processes that write to the trail at once, each with a connection of its own, all beginning at the same moment.

Run as a module it is one of them: it reads its job, says that it is ready, waits for a line, writes.
Knows nothing of Django, so that eight of them are there in a second.
"""

import json
import pickle
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg


@dataclass(frozen=True)
class Job:
    """What one writer does: `statement` with one row after the other, each committed by itself, for so many seconds or
    until there are no more rows, as on a fast machine.

    `pause` is how long after the beginning of one row the next one begins; 0 means at once.
    """

    url: str
    statement: str
    rows: Sequence[tuple[Any, ...]]
    seconds: float
    pause: float = 0.0


@dataclass(frozen=True)
class Written:
    """What came of it: rows committed, and over how many seconds."""

    rows: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.rows / self.seconds


def write(jobs: Sequence[Job]) -> Written:
    """Run these jobs at once. Raises RuntimeError when a writer fails."""
    command = [sys.executable, "-m", __name__]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    writers = [subprocess.Popen(command, **pipes) for _ in jobs]  # type: ignore[call-overload]
    for writer, job in zip(writers, jobs, strict=True):
        pickle.dump(job, writer.stdin)
        writer.stdin.flush()
    for writer in writers:
        writer.stdout.readline()
    for writer in writers:
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    return _together(writers)


def _together(writers: Sequence[Any]) -> Written:
    found: list[Written] = []
    for writer in writers:
        out, _ = writer.communicate()
        if writer.returncode:
            raise RuntimeError("a writer failed: see what it said above")
        found.append(Written(*json.loads(out)))
    return Written(sum(one.rows for one in found), max(one.seconds for one in found))


def _main() -> None:
    job: Job = pickle.load(sys.stdin.buffer)
    with psycopg.connect(job.url, autocommit=True, prepare_threshold=0) as connection:
        connection.execute("SELECT 1")
        sys.stdout.buffer.write(b"ready\n")
        sys.stdout.flush()
        sys.stdin.buffer.readline()
        written = _write(connection, job)
    print(json.dumps([written.rows, written.seconds]))


def _write(connection: psycopg.Connection[Any], job: Job) -> Written:
    started = time.perf_counter()
    for number, row in enumerate(job.rows):
        if (elapsed := time.perf_counter() - started) >= job.seconds:
            return Written(number, elapsed)
        time.sleep(max(0.0, number * job.pause - elapsed))
        connection.execute(job.statement, row)
    return Written(len(job.rows), time.perf_counter() - started)


if __name__ == "__main__":
    _main()
