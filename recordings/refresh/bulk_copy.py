"""Recordings into their table by COPY: new ones directly, changed ones through a temporary table and one UPDATE."""

from collections.abc import Iterable, Sequence
from operator import attrgetter

from django.db import connection, models
from psycopg.types.json import Jsonb

from recordings.models import Recording

# What the refresh never touches once a row is there; the file's columns belong to the custody probe.
_KEPT = {
    *("id", "object_id", "first_seen_at"),
    *("file_badge", "file_judged", "file_seen_at", "file_due_at", "plus_is_blank"),
}
_ALL = [field.attname for field in Recording._meta.concrete_fields]
_CHANGING = [name for name in _ALL if name not in _KEPT]
_JSON = {field.attname for field in Recording._meta.concrete_fields if isinstance(field, models.JSONField)}

_ARRIVING = f"""
CREATE TEMP TABLE IF NOT EXISTS arriving_recording ON COMMIT DELETE ROWS AS
SELECT {", ".join(["id", *_CHANGING])} FROM recordings_recording WITH NO DATA
"""  # noqa: S608 (names of our own columns)
_UPDATE = f"""
UPDATE recordings_recording r SET ({", ".join(_CHANGING)}) = ROW ({", ".join(f"new.{name}" for name in _CHANGING)})
FROM arriving_recording new WHERE r.id = new.id
"""  # noqa: S608 (names of our own columns)


def insert(rows: Sequence[Recording]) -> None:
    """Write recordings that were not known. Whoever calls is alone with their objects."""
    if rows:
        _copy("recordings_recording", _ALL, rows)


def update(rows: Sequence[Recording]) -> None:
    """Write recordings again that have changed."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(_ARRIVING)
        _copy("arriving_recording", ["id", *_CHANGING], rows)
        cursor.execute(_UPDATE)
        cursor.execute("DELETE FROM arriving_recording")  # a caller's transaction may hold several batches


def _copy(table: str, names: Sequence[str], rows: Iterable[Recording]) -> None:
    values_of, json = attrgetter(*names), [place for place, name in enumerate(names) if name in _JSON]
    statement = f"COPY {table} ({', '.join(names)}) FROM STDIN"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            cells = list(values_of(row))
            for place in json:
                cells[place] = Jsonb(cells[place])
            copy.write_row(cells)
