"""The one writer of the trail."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from recordings.audit.actor import Actor, Target, request_id
from recordings.audit.arrays import blobs, texts
from recordings.audit.kinds import Kind, Outcome, Purpose
from recordings.audit.schema import canonical, plain
from recordings.audit.vault import Private, Sealed, current_keys, known_keys, seal
from recordings.exceptions import AuditUnavailable
from recordings.models.fields import uuid7

_RECORD = "SELECT audit.record_event_under(%s, %s::text[], %s::text[], %s::bytea[], %s::text[], %s::bytea[])"

Detail = Mapping[str, int | str | list[Any] | Mapping[str, Any]]


def record(
    kind: Kind,
    *,
    by: Actor,
    target: Target | None = None,
    outcome: Outcome = Outcome.COMPLETED,
    purpose: Purpose | None = None,
    note: str = "",
    detail: Detail | None = None,
    private: Mapping[str, str] | None = None,
    change: tuple[Detail, Detail] | None = None,
    rule: str = "",
    asserted_by: str = "server",
) -> UUID:
    """Append one event in the caller's transaction and return its id.

    `private` holds further personal values (search terms, say): like names, addresses and notes they stand in the
    event as commitments only. `asserted_by` is "client" for what the browser alone can know. Raises AuditUnavailable
    when the trail cannot be written, SchemaError when the event is not of the schema (trail.md 2).
    """
    facts = _Facts(kind, outcome, target, purpose, detail, change, rule, asserted_by)
    try:
        return _recorded(by, facts, _personal(by, target, note, private or {}))
    except DatabaseError as error:
        raise AuditUnavailable from error


def record_durably(kind: Kind, *, by: Actor, **facts: Any) -> UUID:
    """Append one event in a transaction of its own and return once it is committed.

    Raises RuntimeError inside another transaction – an outer block would silently postpone the commit – and
    AuditUnavailable when the event could not be committed.
    """
    try:
        with transaction.atomic(durable=True):
            pass  # only to refuse an outer block: without one, the statement below commits by itself
    except DatabaseError as error:
        raise AuditUnavailable from error
    return record(kind, by=by, **facts)


def _recorded(by: Actor, facts: "_Facts", personal: list[Private]) -> UUID:
    """Append the event under the keys used last; when the database has others, under those it has now."""
    event_id, subjects = uuid7(), {value.subject for value in personal}
    keys = known_keys(subjects)
    if keys is not None and _append(event_id, by, facts, seal(event_id, personal, keys)):
        return event_id
    with transaction.atomic():  # keys made for an event that is refused do not stay, in whoever's transaction
        if not _append(event_id, by, facts, seal(event_id, personal, current_keys(subjects))):
            raise DatabaseError("a key was replaced at this very moment")
    return event_id


def _personal(by: Actor, target: Target | None, note: str, private: Mapping[str, str]) -> list[Private]:
    values = [
        Private("actor.name", by.ref, by.name),
        Private("source.ip", by.ref, by.address),
        Private("source.user_agent", by.ref, by.user_agent),
        Private("purpose.note", by.ref, note),
        *(Private(f"action_detail.{key}", by.ref, value) for key, value in private.items()),
    ]
    if target is not None:
        values.append(Private("object.label", target.subject or target.ref, target.label))
    return [Private(field, subject, plain(value)) for field, subject, value in values if value]


class _Facts(NamedTuple):
    """What happened, apart from who did it."""

    kind: Kind
    outcome: Outcome
    target: Target | None
    purpose: Purpose | None
    detail: Detail | None
    change: tuple[Detail, Detail] | None
    rule: str
    asserted_by: str


def _body(event_id: UUID, by: Actor, sealed: list[Sealed], facts: _Facts) -> dict[str, Any]:
    target, change = facts.target, facts.change
    body: dict[str, Any] = {
        "v": 1,
        "id": str(event_id),
        "type": facts.kind.value,
        "outcome": facts.outcome.value,
        "occurred_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "actor": _filled(ref=by.ref, kind=by.kind, role=by.role, authn=by.authn),
        "object": _filled(kind=target.kind, ref=target.ref, parent=target.parent) if target else {},
        "action_detail": dict(facts.detail or {}),
        "purpose": _filled(code=facts.purpose.value if facts.purpose else ""),
        "source": {},
        "request": _filled(id=request_id(), session=by.session, app_version=settings.APP_VERSION),
        "change": {"before": change[0], "after": change[1]} if change else {},
        "authz": _filled(rule=facts.rule),
        "asserted_by": facts.asserted_by,
    }
    for value in sealed:
        part, _, name = value.field.partition(".")
        body[part][name] = value.commitment
    return {name: part for name, part in body.items() if part != {}}


def _filled(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _append(event_id: UUID, by: Actor, facts: _Facts, sealed: list[Sealed]) -> bool:
    """One statement. False when a key is no longer the one in force: nothing was written then."""
    body = canonical(_body(event_id, by, sealed, facts))
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, [body, *_columns(sealed)])
        (answer,) = cursor.fetchone()
    if answer not in ("recorded", "other keys"):
        raise DatabaseError(answer)
    return bool(answer == "recorded")


def _columns(sealed: list[Sealed]) -> list[str]:
    """The values field by field, and the key of each subject once: arrays as PostgreSQL reads them."""
    keys = {value.subject: value.wrapped for value in sealed}
    return [
        texts(value.field for value in sealed),
        texts(value.subject for value in sealed),
        blobs(value.ciphertext for value in sealed),
        texts(keys),
        blobs(keys.values()),
    ]
