"""Recordings into the table: our row writing beside a bare COPY + INSERT of the same rows into the same table.

Row writing alone is what the refresh does with rows that were compared: no call, no parsing, no trail, no search rows.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from django.db import connection, transaction

from recordings.models import Recording
from recordings.models.fields import uuid7
from recordings.refresh import bulk_copy
from recordings.refresh.storing import BATCH
from tests.bench.results import Measured

_NAMES = [field.attname for field in Recording._meta.concrete_fields]
_COLUMNS = ", ".join(_NAMES)
_UPSERT = f"""
INSERT INTO recordings_recording SELECT * FROM arriving ON CONFLICT (fingerprint)
DO UPDATE SET ({_COLUMNS}) = ROW ({", ".join(f"excluded.{name}" for name in _NAMES)})
"""
_numbers = count()


def alone(first: int, last: int) -> Iterator[Measured]:
    """Copies of the recordings of these objects, written as new ones and then as changed ones, both ways."""
    known = list(Recording.objects.filter(object__gte=first, object__lte=last))
    ours, theirs = _copies(known), _copies(known)
    bare = _bare(theirs)
    taken = _clocked(lambda: _in_batches(bulk_copy.insert, ours))
    name = "refresh: 50,000 new rows, their writing alone"
    yield Measured(name, taken, "s", bare / taken, f"bare COPY + INSERT … ON CONFLICT ({bare:.1f} s)")
    for row in (*ours, *theirs):
        row.duration_seconds = 7
    bare = _bare(theirs)
    taken = _clocked(lambda: _in_batches(bulk_copy.update, ours))
    name = "refresh: 50,000 changed rows, their writing alone"
    yield Measured(name, taken, "s", bare / taken, f"bare COPY + INSERT … ON CONFLICT ({bare:.1f} s)")


def _copies(known: Sequence[Recording]) -> list[Recording]:
    values = [{name: getattr(row, name) for name in _NAMES} for row in known]
    return [Recording(**{**one, "id": uuid7(), "fingerprint": f"copy-{next(_numbers)}"}) for one in values]


def _in_batches(write: Callable[[Sequence[Recording]], None], recordings: Sequence[Recording]) -> None:
    for start in range(0, len(recordings), BATCH):
        with transaction.atomic():
            write(recordings[start : start + BATCH])


def _bare(recordings: Sequence[Recording]) -> float:
    """One COPY of bytes that are ready and one INSERT, in one transaction: nothing of Python in it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE arriving (LIKE recordings_recording) ON COMMIT DROP")
        bulk_copy._copy("arriving", _NAMES, recordings)
        with cursor.copy(f"COPY arriving ({_COLUMNS}) TO STDOUT") as source:  # type: ignore[attr-defined]
            data = b"".join(bytes(block) for block in source)
        cursor.execute("TRUNCATE arriving")
        started = time.perf_counter()
        with cursor.copy(f"COPY arriving ({_COLUMNS}) FROM STDIN") as target:  # type: ignore[attr-defined]
            target.write(data)
        cursor.execute(_UPSERT)
    return time.perf_counter() - started


def _clocked(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
