"""Keep search rows up to date. Code that changes a fact calls this in the same transaction."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from django.db import connection, transaction

from recordings.catalog.class_of import CLASSIFY
from recordings.catalog.months import month_of
from recordings.catalog.text import (
    email_lexemes,
    in_month,
    length_lexeme,
    name_lexemes,
    phone_lexemes,
    state_lexeme,
    type_lexeme,
)
from recordings.models import CommBoxObject, RecordingState

BATCH = 1_000
WORST_FIRST = (
    RecordingState.VANISHED,
    RecordingState.FILE_MISSING,
    RecordingState.STORAGE_REFUSED,
    RecordingState.CHANGED,
    RecordingState.NOT_PLAYABLE,
    RecordingState.PLAYABLE,
)
_SEVERITY = {state.value: rank for rank, state in enumerate(WORST_FIRST)}

# Lock first and in order, so that two rebuilds of one object run one after the other.
_LOCK = "SELECT FROM recordings_commboxobject WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
# Ids and times are texts, and rows one JSON value: converting them to objects and arrays was half of the work.
_FACTS = f"""
SELECT o.id, o.stream_id, o.agent_id, o.sensitivity, o.status_id, o.customer_name, o.customer_email, o.customer_phone,
       s.name, coalesce(a.name, ''), coalesce(r.id::text, lpad(to_hex(o.id), 32, '0')), r.id IS NOT NULL,
       at::text, {month_of("at")}, r.duration_seconds, coalesce(r.recording_type, ''), coalesce(r.state, '')
FROM recordings_commboxobject o
JOIN recordings_stream s ON s.id = o.stream_id
LEFT JOIN recordings_agent a ON a.id = o.agent_id
LEFT JOIN recordings_recording r ON r.object_id = o.id
CROSS JOIN LATERAL (SELECT coalesce(r.shown_at, o.created_at, o.first_seen_at)) moment (at)
WHERE o.id = ANY(%s)
ORDER BY o.id, r.shown_at DESC, r.id DESC
"""  # noqa: S608 (our own expression)
_COLUMNS = (
    ("id", "uuid"),
    ("object_id", "bigint"),
    ("has_recording", "boolean"),
    ("newest", "boolean"),
    ("files", "integer"),
    ("shown_at", "timestamptz"),
    ("words", "text"),
    ("stream_id", "bigint"),
    ("agent_id", "bigint"),
    ("sensitivity", "text"),
    ("duration_seconds", "bigint"),
    ("recording_type", "text"),
    ("state", "text"),
    ("worst_state", "text"),
)
_NAMES = ", ".join(name for name, _ in _COLUMNS)
_DELETE = "DELETE FROM recordings_searchdoc WHERE object_id = ANY(%s) AND id <> ALL(%s::uuid[])"
_WRITE = f"""
INSERT INTO recordings_searchdoc AS d ({_NAMES})
SELECT {_NAMES.replace("words", "words::tsvector")}
FROM json_to_recordset(%s::json) AS new ({", ".join(f"{name} {kind}" for name, kind in _COLUMNS)})
ON CONFLICT (id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name, _ in _COLUMNS)}
WHERE d IS DISTINCT FROM excluded
"""  # noqa: S608 (our own column names)


class _Fact(NamedTuple):
    """A row of _FACTS: an object beside one of its recordings, or beside none."""

    object_id: int
    stream_id: int
    agent_id: int | None
    sensitivity: str
    status_id: int | None
    name: str
    email: str
    phone: str
    channel: str
    agent: str
    id: str
    is_recording: bool
    shown_at: str
    month: str
    seconds: int | None
    type: str
    state: str


@transaction.atomic
def rebuild_docs(object_ids: Sequence[int]) -> None:
    """Rebuild the class and the search rows of these objects in one transaction, with five statements in all."""
    ids = list(object_ids)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [ids])
        cursor.execute(CLASSIFY, [ids])
        cursor.execute(_FACTS, [ids])
        facts = map(_Fact._make, cursor.fetchall())
        rows = [row for _, of_one in groupby(facts, attrgetter("object_id")) for row in _rows(list(of_one))]
        cursor.execute(_DELETE, [ids, [row["id"] for row in rows]])
        cursor.execute(_WRITE, [json.dumps(rows)])


def rebuild_docs_for_agents(agent_ids: Sequence[int]) -> None:
    """Rebuild the search rows of agents whose names have changed, one transaction per batch."""
    _rebuild(CommBoxObject.objects.filter(agent_id__in=agent_ids).values_list("pk", flat=True))


def rebuild_docs_for_streams(stream_ids: Sequence[int]) -> None:
    """Rebuild the search rows of channels whose names have changed, one transaction per batch."""
    _rebuild(CommBoxObject.objects.filter(stream_id__in=stream_ids).values_list("pk", flat=True))


def _rebuild(ids: Iterable[int]) -> None:
    ordered = sorted(ids)
    for start in range(0, len(ordered), BATCH):
        rebuild_docs(ordered[start : start + BATCH])


def _rows(facts: list[_Fact]) -> Iterator[dict[str, Any]]:
    """Yield the search rows of one object, newest first."""
    common = _common_lexemes(facts[0])
    files = sum(fact.is_recording for fact in facts)
    worst = min((fact.state for fact in facts), key=lambda state: _SEVERITY.get(state, -1))
    for position, fact in enumerate(facts):
        yield {
            "id": fact.id,
            "object_id": fact.object_id,
            "has_recording": fact.is_recording,
            "newest": position == 0,
            "files": files,
            "shown_at": fact.shown_at,
            "words": in_month([*common, *_own_lexemes(fact)], fact.month),
            "stream_id": fact.stream_id,
            "agent_id": fact.agent_id,
            "sensitivity": fact.sensitivity,
            "duration_seconds": fact.seconds,
            "recording_type": fact.type,
            "state": fact.state,
            "worst_state": worst,
        }


def _common_lexemes(fact: _Fact) -> list[str]:
    """Return the lexemes of every row of an object."""
    lexemes = [f"o{fact.object_id}", f"c{fact.stream_id}", f"k{fact.sensitivity}"]
    lexemes += [*name_lexemes(fact.name), *name_lexemes(fact.agent), *name_lexemes(fact.channel)]
    lexemes += phone_lexemes(fact.phone) if fact.phone else []
    lexemes += email_lexemes(fact.email) if fact.email else []
    lexemes += [f"a{fact.agent_id}"] if fact.agent_id is not None else []
    return lexemes + ([f"s{fact.status_id}"] if fact.status_id is not None else [])


def _own_lexemes(fact: _Fact) -> list[str]:
    """Return the lexemes of one recording."""
    length = [length_lexeme(fact.seconds)] if fact.seconds is not None else []
    return [state_lexeme(fact.state), *length, *([type_lexeme(fact.type)] if fact.type else [])]
