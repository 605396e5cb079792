"""The one writer of the trail."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, NoReturn
from uuid import UUID

from django.db import DatabaseError, connection, transaction

from recordings.audit.actor import Actor, Target
from recordings.audit.arrays import blobs, texts
from recordings.audit.event import Detail, Event, body_of, personal_values
from recordings.audit.kinds import Kind, Outcome, Purpose
from recordings.audit.lag import check_lag, written_despite_lag
from recordings.audit.schema import canonical
from recordings.audit.vault import current_keys, known_keys, seal
from recordings.exceptions import AuditUnavailable
from recordings.models.fields import uuid7

_EVENT = "(%s::bytea, %s::text[], %s::text[], %s::bytea[], %s::text[], %s::bytea[])"
# One call of the trail's function for each event, in the order of the list.
_RECORD = "SELECT audit.record_event_under(a, b, c, d, e, f) FROM (VALUES {}) AS events(a, b, c, d, e, f)"
_AT_ONCE = 500


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
    about: Mapping[str, str] | None = None,
    change: tuple[Detail, Detail] | None = None,
    rule: str = "",
    asserted_by: str = "server",
) -> UUID:
    """Append an event in the caller's transaction, and return its id.

    `private`: further personal values of the actor, such as search words; `about`: of the target, such as a mail
    address. As with names, addresses and notes, the event only commits to them. `asserted_by` is "client" for what
    only the browser can know. Raises AuditUnavailable when the trail cannot be written, NotSealed when sealing is too
    far behind for this kind (lag.py), SchemaError when the event does not have the schema (schema.py).
    """
    personal = personal_values(by, target, note, private, about)
    event = Event(
        uuid7(), kind, by, target, personal, outcome, purpose, detail, change, rule, asserted_by=asserted_by
    )
    try:
        if not written_despite_lag(kind, outcome, by):
            check_lag()
        _write(event)
    except DatabaseError as error:
        raise AuditUnavailable from error
    return event.id


class Entry(NamedTuple):
    """An event of a list: its kind, target and facts."""

    kind: Kind
    target: Target
    detail: Detail | None = None
    change: tuple[Detail, Detail] | None = None
    note: str = ""
    private: Mapping[str, str] | None = None


def record_all(entries: Sequence[Entry], *, by: Actor) -> None:
    """Append events in order, all or none, in the caller's transaction, with one statement for each _AT_ONCE of them.

    Raises what `record` raises.
    """
    try:
        with transaction.atomic():
            if not all(written_despite_lag(entry.kind, Outcome.COMPLETED, by) for entry in entries):
                check_lag()
            for start in range(0, len(entries), _AT_ONCE):
                events = [
                    Event(
                        uuid7(),
                        entry.kind,
                        by,
                        entry.target,
                        personal_values(by, entry.target, entry.note, entry.private),
                        detail=entry.detail,
                        change=entry.change,
                    )
                    for entry in entries[start : start + _AT_ONCE]
                ]
                subjects = {subject for event in events for subject in event.subjects}
                keys = known_keys(subjects)
                if keys is None:
                    keys = current_keys(subjects)
                # Events whose key was replaced meanwhile are written one by one.
                for event, written in zip(events, _append(events, keys), strict=True):
                    if not written:
                        _write(event)
    except DatabaseError as error:
        raise AuditUnavailable from error


@contextmanager
def committed() -> Iterator[None]:
    """Commit the rows and events that the block writes, when it ends; on an error nothing of it is kept.

    Raises RuntimeError inside another transaction, which would postpone the commit, and AuditUnavailable when the
    database refuses a statement or the commit.
    """
    try:
        with transaction.atomic(durable=True):
            yield
    except DatabaseError as error:
        raise AuditUnavailable from error


def record_committed(kind: Kind, *, by: Actor, **facts: Any) -> UUID:
    """Append an event in its own transaction, and return its id when it is committed.

    Takes what `record` takes; raises what `record` and `committed` raise.
    """
    with committed():
        pass  # raises inside an outer transaction; without one, the statement below commits
    return record(kind, by=by, **facts)


def refuse(
    refusal: Exception, kind: Kind, *, by: Actor, outcome: Outcome = Outcome.DENIED, **facts: Any
) -> NoReturn:
    """Commit the event of a refusal, then raise the refusal.

    Takes what `record` takes. Raises AuditUnavailable instead when the event cannot be committed, so that no reason is
    shown that the trail does not have.
    """
    record_committed(kind, by=by, outcome=outcome, **facts)
    raise refusal


def _write(event: Event) -> None:
    # 1. With the keys used last, one statement. The database refuses a key that is no longer in use.
    keys = known_keys(event.subjects)
    if keys is not None and _append([event], keys) == [True]:
        return
    # 2. Else with the current keys, created when missing. Keys created for an event that is refused are rolled back,
    #    whatever the caller's transaction does.
    with transaction.atomic():
        if _append([event], current_keys(event.subjects)) != [True]:
            raise DatabaseError("a key was replaced at this very moment")


def _append(events: Sequence[Event], keys: Mapping[str, bytes]) -> list[bool]:
    """Encrypt the personal values with these keys, and append all events with one statement.

    Return False for each event that was not written because a key is no longer in use.
    """
    # 1. The parameters of the trail's function: bytes, values by field, and the key of each subject once.
    values: list[Any] = []
    for event in events:
        sealed = seal(event.id, event.personal, keys)
        wrapped = {value.subject: value.wrapped for value in sealed}
        values += [
            canonical(body_of(event, sealed)),
            texts(value.field for value in sealed),
            texts(value.subject for value in sealed),
            blobs(value.ciphertext for value in sealed),
            texts(wrapped),
            blobs(wrapped.values()),
        ]
    # 2. The function checks the bytes, derives the index columns from them, and writes event and values together.
    with connection.cursor() as cursor:
        cursor.execute(_RECORD.format(", ".join([_EVENT] * len(events))), values)
        results = [result for (result,) in cursor.fetchall()]
    for result in results:
        if result not in ("recorded", "other keys"):
            raise DatabaseError(result)
    return [result == "recorded" for result in results]
