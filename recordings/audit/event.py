"""An event before it is written: its body, and the personal values to which it only commits."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings

from recordings.audit.actor import Actor, Target, request_id
from recordings.audit.kinds import Kind, Outcome, Purpose
from recordings.audit.schema import plain
from recordings.audit.vault import Private, Sealed

Detail = Mapping[str, int | str | list[Any] | Mapping[str, Any]]


class Event(NamedTuple):
    """What happened, the actor, the target, and the personal values to be encrypted."""

    id: UUID
    kind: Kind
    by: Actor
    target: Target | None
    personal: list[Private]
    outcome: Outcome = Outcome.COMPLETED
    purpose: Purpose | None = None
    detail: Detail | None = None
    change: tuple[Detail, Detail] | None = None
    rule: str = ""
    asserted_by: str = "server"

    @property
    def subjects(self) -> set[str]:
        """Return whose personal values it has."""
        return {value.subject for value in self.personal}


def personal_values(
    by: Actor,
    target: Target | None,
    note: str = "",
    private: Mapping[str, str] | None = None,
    about: Mapping[str, str] | None = None,
) -> list[Private]:
    """List the personal values of an event that are not empty, each with its field and subject.

    Those of `private` are the actor's, those of `about` the target's.
    """
    values = [
        Private("actor.name", by.ref, by.name),
        Private("source.ip", by.ref, by.address),
        Private("source.user_agent", by.ref, by.user_agent),
        Private("purpose.note", by.ref, note),
        *(Private(f"action_detail.{key}", by.ref, value) for key, value in (private or {}).items()),
    ]
    if target is not None:
        subject = target.subject or target.ref
        values.append(Private("object.label", subject, target.label))
        values += [Private(f"action_detail.{key}", subject, value) for key, value in (about or {}).items()]
    return [Private(field, subject, plain(value)) for field, subject, value in values if value]


def body_of(event: Event, sealed: Iterable[Sealed]) -> dict[str, Any]:
    """Return the body of an event in its schema, with a commitment in place of each personal value."""
    by, target, change = event.by, event.target, event.change
    body: dict[str, Any] = {
        "v": 1,
        "id": str(event.id),
        "type": event.kind.value,
        "outcome": event.outcome.value,
        "occurred_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "actor": _filled(ref=by.ref, kind=by.kind, role=by.role, authn=by.authn),
        "object": _filled(kind=target.kind, ref=target.ref, parent=target.parent) if target else {},
        "action_detail": dict(event.detail or {}),
        "purpose": _filled(code=event.purpose.value if event.purpose else ""),
        "source": {},
        "request": _filled(id=request_id(), session=by.session, app_version=settings.APP_VERSION),
        "change": {"before": change[0], "after": change[1]} if change else {},
        "authz": _filled(rule=event.rule),
        "asserted_by": event.asserted_by,
    }
    for value in sealed:
        part, _, name = value.field.partition(".")
        body[part][name] = value.commitment
    return {name: part for name, part in body.items() if part != {}}


def _filled(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
