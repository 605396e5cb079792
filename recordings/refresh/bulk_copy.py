"""Write recordings by COPY: new ones directly, changed ones through a temporary table and one UPDATE."""

from collections.abc import Iterable, Sequence
from operator import attrgetter

from django.db import connection, models
from psycopg.types.json import Jsonb

from recordings.models import Recording

# Columns that a refresh never changes in an existing row; those of the file belong to custody.
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
    """Insert new recordings. The caller holds the locks of their objects (storing.wait_for_turn)."""
    if rows:
        _copy("recordings_recording", _ALL, rows)


def update(rows: Sequence[Recording]) -> None:
    """Update changed recordings."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(_ARRIVING)
        _copy("arriving_recording", ["id", *_CHANGING], rows)
        cursor.execute(_UPDATE)
        cursor.execute("DELETE FROM arriving_recording")  # a caller's transaction may hold several batches


def _copy(table: str, names: Sequence[str], rows: Iterable[Recording]) -> None:
    values_of, json = attrgetter(*names), [index for index, name in enumerate(names) if name in _JSON]
    statement = f"COPY {table} ({', '.join(names)}) FROM STDIN"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            cells = list(values_of(row))
            for index in json:
                cells[index] = Jsonb(cells[index])
            copy.write_row(cells)
