"""Read what the recording's page shows: the recording, its neighbours, what was watched and by whom."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import JSONField
from django.utils.translation import gettext
from psycopg.types.multirange import Int8Multirange

from recordings.audit import Purpose
from recordings.models import Agent, CommBoxObject, FileSighting, Recording, Viewing
from recordings.models.fields import Spans
from recordings.playback.errors import UnknownViewing
from recordings.playback.spans import is_beyond_length, total_ms
from recordings.storage import NotPlayable, locate

VIEWINGS_LISTED = 50

_COLUMNS, _OBJECT_COLUMNS = (
    [field.attname for field in model._meta.concrete_fields if not isinstance(field, JSONField)]
    for model in (Recording, CommBoxObject)
)
_RECORDING = f"""
SELECT {", ".join(f"r.{name}" for name in _COLUMNS)}, {", ".join(f"o.{name}" for name in _OBJECT_COLUMNS)}
FROM recordings_recording r JOIN recordings_commboxobject o ON o.id = r.object_id WHERE r.id = %s
"""  # noqa: S608 (nothing but the column names above)
_WATCHED = """
SELECT range_agg(watched) FILTER (WHERE viewer_id = %(viewer)s), range_agg(watched)
FROM recordings_viewing WHERE recording_id = %(recording)s
"""
_POSITION = """
SELECT number, count, previous, next FROM (
    SELECT id, row_number() OVER walk AS number, count(*) OVER () AS count,
           lag(id) OVER walk AS previous, lead(id) OVER walk AS next
    FROM recordings_recording WHERE object_id = %(object)s WINDOW walk AS (ORDER BY shown_at, id)
) AS walked WHERE id = %(recording)s
"""


@dataclass(frozen=True, slots=True)
class WatchedSpans:
    """The watched ranges of a recording, of one person and of everyone, from all viewings."""

    mine: Spans
    everyone: Spans

    def is_beyond(self, reported_seconds: int | None) -> bool:
        """Return whether anyone watched clearly beyond the length that CommBox reports."""
        return is_beyond_length(self.everyone, reported_seconds)

    def as_json(self) -> dict[str, Any]:
        """Return ranges and totals in milliseconds, for the player's timeline."""
        return {
            "mine": self.mine,
            "everyone": self.everyone,
            "mine_ms": total_ms(self.mine),
            "everyone_ms": total_ms(self.everyone),
        }


@dataclass(frozen=True, slots=True)
class Position:
    """The position of a recording among those of its object, oldest first, and its neighbours."""

    number: int
    count: int
    previous: UUID | None
    next: UUID | None


@dataclass(frozen=True, slots=True)
class ViewingRow:
    """A row of the list of viewings."""

    viewer_id: int
    viewer_name: str
    short_id: str
    purpose: str
    started_at: datetime
    ended: bool
    seconds: int

    @property
    def purpose_label(self) -> str:
        return str(Purpose(self.purpose).label)


def find_recording(pk: UUID) -> Recording | None:
    """Return the recording with its object; None when there is none.

    Written out, because it runs for every viewing and Django would take three times as long to compose the query as
    the query takes. The JSON columns are read on access.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RECORDING, [pk])
        row = cursor.fetchone()
    if row is None:
        return None
    recording = Recording.from_db("default", _COLUMNS, row[: len(_COLUMNS)])
    recording.object = CommBoxObject.from_db("default", _OBJECT_COLUMNS, row[len(_COLUMNS) :])
    return recording


def agent_of(recording: Recording) -> str:
    """Return the agent's name: the recording's own, else the object's; may be empty."""
    if recording.actor_name or recording.object.agent_id is None:
        return recording.actor_name
    return Agent.objects.filter(pk=recording.object.agent_id).values_list("name", flat=True).first() or ""


def viewing_of(pk: UUID) -> Viewing:
    """Return the viewing with its recording and object. Raises UnknownViewing."""
    rows = Viewing.objects.select_related("recording__object").defer(
        "recording__raw", "recording__object__raw"
    )
    viewing = rows.filter(pk=pk).first()
    if viewing is None:
        raise UnknownViewing
    return viewing


def watched_of(recording_id: UUID, viewer_id: int) -> WatchedSpans:
    """Return the watched ranges of a recording, of this viewer and of everyone."""

    def spans(watched: Int8Multirange | None) -> Spans:
        # Neither end is ever open: reports have both.
        return [(span.lower or 0, span.upper or 0) for span in watched or ()]

    with connection.cursor() as cursor:
        cursor.execute(_WATCHED, {"recording": recording_id, "viewer": viewer_id})
        mine, everyone = cursor.fetchone()
    return WatchedSpans(spans(mine), spans(everyone))


def position_of(recording: Recording) -> Position:
    """Return the position of a recording among those of its object."""
    with connection.cursor() as cursor:
        cursor.execute(_POSITION, {"recording": recording.pk, "object": recording.object_id})
        return Position(*cursor.fetchone())


def viewings_of(recording_id: UUID) -> list[ViewingRow]:
    """Return the newest VIEWINGS_LISTED viewings of a recording.

    A viewing starts with its first issued URL, so refused ones are not in the list.
    """
    begun = Viewing.objects.filter(recording_id=recording_id, url_issued_at__isnull=False)
    rows = begun.select_related("viewer").order_by("-pk")
    return [
        ViewingRow(
            viewer_id=row.viewer_id,
            viewer_name=row.viewer.display_name,
            short_id=row.short_id,
            purpose=row.purpose,
            started_at=row.started_at,
            ended=row.ended_at is not None,
            seconds=total_ms(row.watched) // 1000,
        )
        for row in rows[:VIEWINGS_LISTED]
    ]


def sha256_of(recording: Recording) -> str:
    """Return the hash of the whole file when it was last read; empty when it never was."""
    read = FileSighting.objects.filter(recording=recording).exclude(sha256="").order_by("-seen_at")
    return read.values_list("sha256", flat=True).first() or ""


def storage_words(recording: Recording) -> str:
    """Return host and bucket of the file; for one that is not on the allow-list, the host from CommBox."""
    try:
        location = locate(recording.url, settings.RECORDING_BUCKETS)
    except NotPlayable:
        try:
            return urlsplit(recording.url).netloc or gettext("not given")
        except ValueError:
            return gettext("not readable")
    if location.bucket == location.host:
        return location.bucket
    return f"{location.authority} · {location.bucket}"
