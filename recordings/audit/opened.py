"""Open events: parse their bytes, and decrypt their personal values.

Two queries however many events: their encrypted values, and the keys of the subjects.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Value
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_noop
from pydantic_core import from_json

from recordings.audit.vault import ERASED, KEYS, Disclosed, Keyring
from recordings.models import AuditEvent

# An event may claim a time that Python's datetime cannot hold; it is shown all the same.
_EARLIEST, _LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
_OCCURRED_AT = Least(Greatest("occurred_at", Value(_EARLIEST)), Value(_LATEST))
_SECRETS = """
SELECT event_id, field, subject, sealed FROM audit.secret WHERE event_id = ANY(%s) AND field <> ALL(%s)
"""
# Names of actors that are no person, as exports have them; pages translate them.
SYSTEM, NOBODY = gettext_noop("The portal"), gettext_noop("Someone not signed in")
Values = dict[str, Disclosed | None]
COLUMNS = ("id", "event_id", "recorded_at", _OCCURRED_AT, "skewed", "kind", "outcome", "body", "body_hash")


class Stored(NamedTuple):
    """A row of the trail, in the order of COLUMNS."""

    id: int
    event_id: UUID
    recorded_at: datetime
    occurred_at: datetime
    skewed: bool
    kind: str
    outcome: str
    body: bytes
    body_hash: bytes


@dataclass(slots=True)
class Opened:
    """An event with its personal values."""

    body: Mapping[str, Any]
    disclosed: Mapping[str, Disclosed | None]
    # Parts that nearly every sentence reads several times.
    actor: Mapping[str, Any] = field(init=False, repr=False)
    target: Mapping[str, Any] = field(init=False, repr=False)
    detail: Mapping[str, Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.actor, self.target = self.part("actor"), self.part("object")
        self.detail = self.part("action_detail")

    @property
    def kind(self) -> str:
        return str(self.body.get("type", ""))

    @property
    def outcome(self) -> str:
        return str(self.body.get("outcome", ""))

    def private(self, name: str) -> str:
        """Return a personal value such as `actor.name`: empty without one, ERASED when it was erased."""
        if disclosed := self.disclosed.get(name):
            return disclosed.value
        return ERASED if self.is_erased(name) else ""

    def is_erased(self, name: str) -> bool:
        """Whether the event commits to a personal value of this name that can no longer be read."""
        if name in self.disclosed:
            return self.disclosed[name] is None
        part, _, key = name.partition(".")
        return key in self.part(part)

    def part(self, name: str) -> Mapping[str, Any]:
        """Return a part of the body such as `actor`; empty when the event has none."""
        part = self.body.get(name)
        return part if isinstance(part, dict) else {}

    def text(self, key: str) -> str:
        """Return a detail as text; empty when there is none."""
        value = self.detail.get(key, "")
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

    @property
    def actor_ref(self) -> str:
        return str(self.actor.get("ref", ""))

    @property
    def target_ref(self) -> str:
        return str(self.target.get("ref", ""))

    @property
    def target_kind(self) -> str:
        return str(self.target.get("kind", ""))

    @property
    def parent_ref(self) -> str:
        return str(self.target.get("parent", ""))

    @property
    def purpose(self) -> str:
        return str(self.part("purpose").get("code", ""))

    @property
    def actor_name(self) -> str:
        """Return the name as it was then; SYSTEM for the portal's own jobs, NOBODY without an actor."""
        ref = self.actor_ref
        if ref.startswith("system:"):
            return SYSTEM
        if ref in ("", "anonymous"):
            return NOBODY
        return self.private("actor.name") or ref


@dataclass(slots=True)
class OpenedRow(Opened):
    """An opened event with its row."""

    stored: Stored


def open_events(rows: Sequence[Stored]) -> list[OpenedRow]:
    """Parse these events and decrypt their personal values."""
    values = values_of(connection, [row.event_id for row in rows])
    return [OpenedRow(parsed(row.body), values[row.event_id], row) for row in rows]


def parsed(data: bytes) -> Mapping[str, Any]:
    """Parse the body of an event. Invalid bytes are read as an empty body, so that one row does not hide the others."""
    try:
        body = from_json(data, cache_strings="keys")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def stored(rows: Iterable[Sequence[Any]]) -> list[Stored]:
    """Convert rows of `values_list(*COLUMNS)`."""
    return [Stored._make([*row[:-2], bytes(row[-2]), bytes(row[-1])]) for row in rows]


def open_event(event_id: UUID) -> OpenedRow | None:
    """Return an event by its UUID; None without one."""
    rows = stored(AuditEvent.objects.filter(event_id=event_id).values_list(*COLUMNS))
    return open_events(rows)[0] if rows else None


def values_of(
    connection: Any, event_ids: Sequence[UUID], *, without: Sequence[str] = (), keys: Keyring | None = None
) -> dict[UUID, Values]:
    """Return the personal values of these events by name, `without` these names; None for an erased one.

    `connection` is Django's or psycopg's. Keys are read at each call, so that destroyed keys are not used any longer;
    only within a snapshot can they be kept, in `keys`.
    """
    keys = Keyring() if keys is None else keys
    values: dict[UUID, Values] = {event_id: {} for event_id in event_ids}
    with connection.cursor() as cursor:
        cursor.execute(_SECRETS, [list(event_ids), list(without)])
        secrets = cursor.fetchall()
        if missing := keys.missing({subject for _, _, subject, _ in secrets}):
            cursor.execute(KEYS, [list(missing)])
            keys.add(cursor.fetchall())
    for event_id, name, subject, sealed in secrets:
        values[event_id][name] = keys.disclose(event_id.bytes, name, subject, sealed)
    return values
