"""The one writer of the trail."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple, NoReturn
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from recordings.audit.actor import Actor, Target, request_id
from recordings.audit.arrays import blobs, texts
from recordings.audit.kinds import Kind, Outcome, Purpose
from recordings.audit.lag import check_lag, goes_on
from recordings.audit.schema import canonical, plain
from recordings.audit.vault import Private, Sealed, current_keys, known_keys, seal
from recordings.exceptions import AuditUnavailable
from recordings.models.fields import uuid7

_EVENT = "(%s::bytea, %s::text[], %s::text[], %s::bytea[], %s::text[], %s::bytea[])"
# One call of the trail's own function per event, in the order of the list: what it checks, it checks for each.
_RECORD = "SELECT audit.record_event_under(a, b, c, d, e, f) FROM (VALUES {}) AS events(a, b, c, d, e, f)"
_AT_ONCE = 500

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
    when the trail cannot be written, NotSealed when the log is too far behind for an event of this kind (lag.py),
    SchemaError when the event is not of the schema (trail.md 2).
    """
    facts = _Facts(kind, outcome, target, purpose, detail, change, rule, asserted_by)
    try:
        if not goes_on(kind, outcome, by):
            check_lag()
        return _recorded(by, facts, _personal(by, target, note, private or {}))
    except DatabaseError as error:
        raise AuditUnavailable from error


class Entry(NamedTuple):
    """An event of a list: what happened to what."""

    kind: Kind
    target: Target
    detail: Detail | None = None
    change: tuple[Detail, Detail] | None = None


def record_all(entries: Sequence[Entry], *, by: Actor) -> None:
    """Append many events in the caller's transaction, in their order, by one statement for each 500 of them: all of
    them or, raising as `record` does, none."""
    try:
        with transaction.atomic():
            if not all(goes_on(entry.kind, Outcome.COMPLETED, by) for entry in entries):
                check_lag()
            for start in range(0, len(entries), _AT_ONCE):
                _record_some(entries[start : start + _AT_ONCE], by)
    except DatabaseError as error:
        raise AuditUnavailable from error


@contextmanager
def committed() -> Iterator[None]:
    """Commit what the block writes – rows and the events about them – when it ends; nothing of it stays otherwise.

    Raises RuntimeError inside another transaction – an outer block would silently postpone the commit – and
    AuditUnavailable when the database refuses a statement or the commit.
    """
    try:
        with transaction.atomic(durable=True):
            yield
    except DatabaseError as error:
        raise AuditUnavailable from error


def record_committed(kind: Kind, *, by: Actor, **facts: Any) -> UUID:
    """Append one event in a transaction of its own and return its id once it is committed.

    Takes what `record` takes; raises what `record` and `committed` raise.
    """
    with committed():
        pass  # only to refuse an outer block: without one, the statement below commits by itself
    return record(kind, by=by, **facts)


record_durably = record_committed  # its name until every caller has the new one


def refuse(
    refusal: Exception, kind: Kind, *, by: Actor, outcome: Outcome = Outcome.DENIED, **facts: Any
) -> NoReturn:
    """Commit the event of a refusal, then raise the refusal.

    Takes what `record` takes. Raises AuditUnavailable instead when the event cannot be committed: then nobody is told
    a reason that the trail does not hold.
    """
    record_committed(kind, by=by, outcome=outcome, **facts)
    raise refusal


def _record_some(entries: Sequence[Entry], by: Actor) -> None:
    """Under the keys used last, made at first need; events whose key was replaced meanwhile follow one by one."""
    drafts = [_Draft.of(entry, by) for entry in entries]
    subjects = {value.subject for draft in drafts for value in draft.personal}
    keys = known_keys(subjects)
    if keys is None:
        keys = current_keys(subjects)
    rows = [_row(draft.id, by, draft.facts, seal(draft.id, draft.personal, keys)) for draft in drafts]
    for draft, written in zip(drafts, _append(rows), strict=True):
        if not written:
            _recorded(by, draft.facts, draft.personal)


def _recorded(by: Actor, facts: "_Facts", personal: list[Private]) -> UUID:
    """Append the event under the keys used last; when the database has others, under those it has now."""
    event_id, subjects = uuid7(), {value.subject for value in personal}
    keys = known_keys(subjects)
    if keys is not None and _append([_row(event_id, by, facts, seal(event_id, personal, keys))]) == [True]:
        return event_id
    with transaction.atomic():  # keys made for an event that is refused do not stay, in whoever's transaction
        if _append([_row(event_id, by, facts, seal(event_id, personal, current_keys(subjects)))]) != [True]:
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


class _Draft(NamedTuple):
    """An event on its way, before its personal values are sealed."""

    id: UUID
    facts: _Facts
    personal: list[Private]

    @classmethod
    def of(cls, entry: Entry, by: Actor) -> "_Draft":
        facts = _Facts(
            entry.kind, Outcome.COMPLETED, entry.target, None, entry.detail, entry.change, "", "server"
        )
        return cls(uuid7(), facts, _personal(by, entry.target, "", {}))


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


def _row(event_id: UUID, by: Actor, facts: _Facts, sealed: list[Sealed]) -> list[Any]:
    """What the trail's function is given for one event: its bytes, the values field by field, and the key of each
    subject once; arrays as PostgreSQL reads them."""
    keys = {value.subject: value.wrapped for value in sealed}
    return [
        canonical(_body(event_id, by, sealed, facts)),
        texts(value.field for value in sealed),
        texts(value.subject for value in sealed),
        blobs(value.ciphertext for value in sealed),
        texts(keys),
        blobs(keys.values()),
    ]


def _append(rows: Sequence[list[Any]]) -> list[bool]:
    """One statement. False for an event of which a key is no longer the one in force: it was not written then."""
    statement = _RECORD.format(", ".join([_EVENT] * len(rows)))
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for row in rows for value in row])
        answers = [answer for (answer,) in cursor.fetchall()]
    for answer in answers:
        if answer not in ("recorded", "other keys"):
            raise DatabaseError(answer)
    return [answer == "recorded" for answer in answers]
