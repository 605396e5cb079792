"""Events by the million: what the one writer would write, without its round trips.

A day as it is: somebody searches, opens an object, asks to watch, gets a URL, watches, finishes. The real writer gives
the bytes once per kind; only where events differ is something filled in. Names, notes and addresses are committed to
and encrypted as the real writer does it, and the index columns are taken from the bytes as record_event() takes them.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from recordings.audit import Actor, Kind, Outcome, Purpose, Target
from recordings.audit.event import Event as AuditEvent
from recordings.audit.event import body_of, personal_values
from recordings.audit.schema import canonical
from recordings.audit.vault import Sealed, _seal
from recordings.models.fields import uuid7

PEOPLE, CUSTOMERS, RECORDINGS = 40, 2_000, 20_000
# One person watches as much as makes a report of this many events, however many there are in all.
BUSIEST, BUSIEST_EVENTS = "user:0", 10_000
FIRST_OBJECT = 1_407_374_990_000_000
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_BATCH = 30_000
_MARK = re.compile(r"@([a-z_.]+)@")
_BY = Actor("@actor@", "person", "x", "qa_manager", "password", "x", "x", "5e55" * 8)
_TALK = Target("object", "@object@", "x", subject="@customer@")
_VIDEO = Target("recording", "@recording@", "x", "@object@", "@customer@")
_URL = {
    "viewing": "@viewing@",
    "host": "s3.eu-west-1.amazonaws.com",
    "bucket": "eu",
    "object_key": "@viewing@.mp4",
}
_SPANS = {"viewing": "@viewing@", "spans": [[0, 190_000], [282_000, 330_000]], "rate_percent": 150}

_FRESH = "CREATE TEMPORARY TABLE fresh (no integer, body bytea, recorded_at timestamptz) ON COMMIT DROP"
_INSERT = """
INSERT INTO audit.event (event_id, body, body_hash, recorded_at, occurred_at, skewed, kind, outcome, actor_ref,
                         actor_role, target_kind, target_ref, parent_ref, purpose, request_id)
SELECT (b->>'id')::uuid, body, sha256(body), recorded_at, (b->>'occurred_at')::timestamptz,
       abs(extract(epoch FROM recorded_at - (b->>'occurred_at')::timestamptz)) > 2, b->>'type',
       b->>'outcome', b#>>'{actor,ref}', coalesce(b#>>'{actor,role}', ''), coalesce(b#>>'{object,kind}', ''),
       coalesce(b#>>'{object,ref}', ''), coalesce(b#>>'{object,parent}', ''), coalesce(b#>>'{purpose,code}', ''),
       coalesce(b#>>'{request,id}', '')
FROM (SELECT *, convert_from(body, 'UTF8')::jsonb AS b FROM fresh ORDER BY no) AS parsed
"""
_SECRETS = "COPY audit.personal (event_id, fields, subjects, sealed) FROM STDIN (FORMAT binary)"
_KEYS = "INSERT INTO audit.subject_key VALUES (%s, %s)"


class Template(NamedTuple):
    """The bytes of one kind of event with the places of what differs; its personal values and whose they are."""

    text: str
    private: list[tuple[str, str]]  # field, "actor" or "customer"


class Event(NamedTuple):
    """An event as it goes to the database."""

    id: UUID
    body: bytes
    secrets: list[tuple[str, str, bytes]]  # field, subject, sealed


def events(count: int) -> Iterator[Event]:
    """So many events in the order of their ids, the six of each viewing one after the other."""
    templates, ciphers = _templates(), {subject: AESGCM(key) for subject, key in keys().items()}
    every = max(1, count // BUSIEST_EVENTS)
    for number in range(count):
        viewing, step = divmod(number, len(templates))
        who = viewing % (PEOPLE - 1) + 1 if viewing % every else 0
        yield _event(templates[step], _facts(viewing, who), ciphers)


def keys() -> dict[str, bytes]:
    """A key for everybody, the same each time."""
    people = [f"user:{number}" for number in range(PEOPLE)]
    people += [f"customer:{FIRST_OBJECT + number}" for number in range(CUSTOMERS)]
    return {subject: hashlib.sha256(subject.encode()).digest() for subject in people}


def fill(admin_url: str, count: int) -> None:
    """Put so many events into the empty trail of a database; `admin_url` is its superuser."""
    began = datetime.now(UTC) - timedelta(seconds=count)
    made = events(count)
    with psycopg.connect(admin_url, autocommit=True) as connection, connection.cursor() as cursor:
        wrapped = [
            (name, _seal(settings.AUDIT_FIELD_KEY, key, name.encode())) for name, key in keys().items()
        ]
        cursor.executemany(_KEYS, wrapped)
        for start in range(0, count, _BATCH):
            with connection.transaction():
                _insert(cursor, made, start, min(count, start + _BATCH), began)
        cursor.execute("VACUUM (ANALYZE) audit.event, audit.personal, audit.subject_key")


def _insert(cursor: Any, made: Iterator[Event], start: int, end: int, began: datetime) -> None:
    secrets = []
    cursor.execute(_FRESH)
    with cursor.copy("COPY fresh FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["int4", "bytea", "timestamptz"])
        for number in range(start, end):
            event = next(made)
            copy.write_row((number, event.body, began + timedelta(seconds=number)))
            secrets.append((event.id, *map(list, zip(*event.secrets, strict=True))))
    cursor.execute(_INSERT)
    with cursor.copy(_SECRETS) as copy:
        copy.set_types(["uuid", "text[]", "text[]", "bytea[]"])
        for secret in secrets:
            copy.write_row(secret)


def _facts(viewing: int, who: int) -> dict[str, str]:
    customer = FIRST_OBJECT + viewing % CUSTOMERS
    return {
        "actor": f"user:{who}",
        "object": f"object:{customer}",
        "customer": f"customer:{customer}",
        "recording": f"recording:{UUID(int=viewing % RECORDINGS)}",
        "viewing": str(UUID(int=viewing)),
        "request": f"{viewing:032x}",
        "actor.name": f"Person {who}",
        "object.label": "Dana Marlowe" if viewing % 3 else "דנה מרלו",
        "source.ip": "192.0.2.7",
        "source.user_agent": AGENT,
        "purpose.note": "sample",
        "action_detail.q": "Marlowe",
    }


def _event(template: Template, facts: dict[str, str], ciphers: dict[str, AESGCM]) -> Event:
    event_id, secrets = uuid7(), []
    said = {**facts, "id": str(event_id), "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    for field, whose in template.private:
        chance, value, name = os.urandom(28), facts[field].encode(), field.encode()
        salt, nonce = chance[:16], chance[16:]
        said[field] = hashlib.sha256(b"audit-field-v1\0" + name + b"\0" + salt + value).hexdigest()
        sealed = ciphers[facts[whose]].encrypt(nonce, salt + value, event_id.bytes + name)
        secrets.append((field, facts[whose], nonce + sealed))
    return Event(event_id, (template.text % said).encode(), secrets)


def _templates() -> list[Template]:
    granted = Outcome.GRANTED
    return [
        _template(Kind.SEARCHED, None, detail={"area": "objects", "found": 14}, private={"q": "x"}),
        _template(Kind.OBJECT_OPENED, _TALK, granted),
        _template(Kind.VIEWING_REQUESTED, _VIDEO, granted, purpose=Purpose.QUALITY, note="x"),
        _template(Kind.URL_ISSUED, _VIDEO, granted, detail={**_URL, "ttl_seconds": 90}),
        _template(Kind.WATCHED, _VIDEO, detail=_SPANS, asserted_by="client"),
        _template(Kind.VIEWING_FINISHED, _VIDEO, detail={"viewing": "@viewing@", "seconds": 238}),
    ]


def _template(
    kind: Kind,
    target: Target | None,
    outcome: Outcome = Outcome.COMPLETED,
    *,
    purpose: Purpose | None = None,
    note: str = "",
    detail: dict[str, Any] | None = None,
    private: dict[str, str] | None = None,
    asserted_by: str = "server",
) -> Template:
    """What the writer makes of these facts, with marks in the places of what differs."""
    personal = personal_values(_BY, target, note, private)
    marks = [Sealed(value.field, value.subject, f"@{value.field}@", b"", b"") for value in personal]
    event = AuditEvent(
        uuid7(), kind, _BY, target, personal, outcome, purpose, detail, asserted_by=asserted_by
    )
    body = body_of(event, marks) | {"id": "@id@", "occurred_at": "@at@"}
    body["request"] = {**body["request"], "id": "@request@"}
    text = canonical(body).decode().replace("%", "%%")
    return Template(_MARK.sub(r"%(\1)s", text), [(one.field, one.subject.strip("@")) for one in personal])
