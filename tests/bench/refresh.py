"""Keeping the copy fresh, against what the wire and the database would take by themselves.

CommBox is a process of its own, 50 ms away. Everything the product does counts: parsing, comparing, rows, custody
events in the trail, search rows, bookkeeping.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.request import urlopen

from django.db import connection
from django.test import override_settings
from django.utils import timezone

from recordings.commbox import CommBox, assembly
from recordings.models import CommBoxObject, Recording, Stream
from recordings.refresh import fetching, sweep
from tests.bench import memory, refresh_calls, refresh_hints, refresh_rows
from tests.bench.results import Measured

LATENCY, AT_ONCE, OBJECTS = 0.05, 20, 5_000
FIRST_ID = 7_000_000_000
UPSERTED, EACH = 50_000, 1_000
BUCKET = "https://files.example.org/recordings"  # of slow_commbox; else each recording is told of twice


def measure() -> Iterator[Measured]:
    """The figures of the refresh."""
    with far() as port, _client(port):
        yield from _many_objects(port)
        yield from _one_large_object(port)
        yield from _upsert(port)
        yield from _hint(port)
    yield refresh_calls.throttled()


@contextmanager
def far() -> Iterator[int]:
    command = [sys.executable, "-m", "tests.bench.slow_commbox", str(LATENCY * 1000)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def _client(port: int) -> Iterator[None]:
    """The process's client asks the far CommBox, without a budget in the way."""
    far_away = CommBox(f"http://127.0.0.1:{port}/", ["a-key-for-the-bench"])
    original, fetching.client = fetching.client, lambda: far_away  # type: ignore[assignment]
    try:
        with override_settings(COMMBOX_REQUESTS_AT_ONCE=AT_ONCE + 1, RECORDING_BUCKETS=[BUCKET]):
            yield
    finally:
        fetching.client = original  # type: ignore[assignment]
        far_away.close()
        assembly.client.cache_clear()


def _turn(port: int, number: int, each: int) -> None:
    """From now on every object has so many recordings, and all of them look as in this turn."""
    urlopen(f"http://127.0.0.1:{port}/turn/{number}/{each}").read()


def _make(first: int, count: int) -> None:
    stream, _ = Stream.objects.get_or_create(pk=31245)
    CommBoxObject.objects.update(refresh_due_at=None)
    CommBoxObject.objects.bulk_create(
        CommBoxObject(id=first + number, stream=stream, created_at=timezone.now()) for number in range(count)
    )
    _due(first, count)


def _due(first: int, count: int) -> None:
    CommBoxObject.objects.filter(pk__range=(first, first + count - 1)).update(
        refresh_due_at=timezone.now() - timedelta(seconds=1)
    )


def _swept(expected: int) -> tuple[float, float]:
    """Seconds on the clock and of the processor for a whole sweep."""
    started, burnt = time.perf_counter(), time.process_time()
    assert sweep.refresh_due(seconds=600) == expected
    return time.perf_counter() - started, time.process_time() - burnt


def _many_objects(port: int) -> Iterator[Measured]:
    ideal = OBJECTS * LATENCY / AT_ONCE
    against = f"requests × latency ÷ {AT_ONCE} in flight ({ideal:.1f} s)"
    _make(FIRST_ID, OBJECTS)
    _turn(port, 1, 1)
    taken, burnt = _swept(OBJECTS)
    yield Measured("refresh: 5,000 objects, a new recording each", taken, "s", ideal / taken, against)
    yield Measured("refresh: processor per object, new", burnt / OBJECTS * 1000, "ms")
    _due(FIRST_ID, OBJECTS)
    before = _writes()
    taken, burnt = _swept(OBJECTS)
    yield Measured("refresh: 5,000 objects, nothing new", taken, "s", ideal / taken, against)
    yield Measured("refresh: processor per object, nothing new", burnt / OBJECTS * 1000, "ms")
    yield Measured("refresh: recordings written by it", _writes() - before, "rows")


def _writes() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables"
            " WHERE relname IN ('recordings_recording', 'recordings_searchdoc', 'event')"
        )
        return int(cursor.fetchone()[0])


def _upsert(port: int) -> Iterator[Measured]:
    """50 objects with 1,000 recordings each: every figure but those of writing alone has everything in it."""
    first, count = FIRST_ID + 100_000, UPSERTED // EACH
    _make(first, count)
    times = []
    for turn in (1, 2, 2):
        _turn(port, turn, EACH)
        _due(first, count)
        times.append(_swept(count)[0])
    yield Measured("refresh: 50,000 new recordings, events and search rows too", times[0], "s")
    yield Measured("refresh: 50,000 changed recordings, events and search rows too", times[1], "s")
    yield Measured("refresh: 50,000 unchanged recordings", times[2], "s", times[1] / times[2], "changed ones")
    yield from refresh_rows.alone(first, first + count)


def _one_large_object(port: int) -> Iterator[Measured]:
    first = FIRST_ID + 200_000
    _make(first, 1)
    _turn(port, 1, 10_000)
    memory.forget_peak()
    before = memory.in_use()
    taken, _ = _swept(1)
    grown = memory.peak() - before
    assert Recording.objects.filter(object_id=first).count() == 10_000
    yield Measured("refresh: one object, 10,000 recordings", taken, "s", 30 / taken, "30 s allowed")
    yield Measured(
        "refresh: one object, 10,000 recordings: memory it adds", grown, "MiB", 256 / grown, "256 MiB allowed"
    )


def _hint(port: int) -> Iterator[Measured]:
    object_id = FIRST_ID + 300_000
    _make(object_id, 1)
    CommBoxObject.objects.update(refresh_due_at=None)
    yield from refresh_hints.hinted(port, object_id, 31245, lambda count: _turn(port, 1, count))
