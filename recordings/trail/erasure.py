"""Erase a subject's personal values from the trail: two people, enforced by the database.

The subject's key, salts and values are destroyed. The commitments in the events stay, so every hash, proof and bundle
remains valid, and the field reads `erased`. The database's functions (migration 0006) refuse an approval by the person
who requested it, after seven days, a second time, or without its event.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import DatabaseError, connections, transaction
from django.db.models import Q
from psycopg import errors

from recordings.audit.actor import Actor, Target
from recordings.audit.event import Detail, Event, body_of
from recordings.audit.kinds import Kind, Outcome
from recordings.audit.lag import check_lag
from recordings.audit.record import record_committed
from recordings.audit.schema import canonical
from recordings.exceptions import NotPermitted, PortalError
from recordings.models import CommBoxObject, Evaluation, Viewing
from recordings.models.fields import uuid7
from recordings.permissions import Permission
from recordings.trail.phrases import count
from recordings.trail.word_index import FORGET, LOCK

OWNER = "owner"  # the database login of migrations, the only one that may call the functions
RIGHT = Permission.ERASE_SUBJECTS
_TRIES = 5
_VALUES = """
SELECT coalesce(sum(cardinality(array_positions(subjects, %s))), 0) FROM audit.personal WHERE %s = ANY (subjects)
"""


class ErasureRefused(PortalError):
    """The erasure was not done; the sentence says why."""

    status = 409


class UnknownPerson(PortalError):
    """No account has this name and password."""

    status = 403
    sentence = "There is no account with this name and password."


@dataclass(frozen=True)
class Erased:
    """What was destroyed, and what remains of the subject elsewhere."""

    subject: str
    values: int
    remains: tuple[str, ...]


def identify(username: str, password: str) -> Any:
    """Return the person with this name and password. Raises UnknownPerson or NotPermitted, after recording the attempt.

    Compliance officers and administrators have the permission RIGHT.
    """
    model = get_user_model()
    user: Any = model.objects.filter(username__iexact=username).first()
    if user is None or not user.is_active or not user.check_password(password):
        nobody = Actor(ref="anonymous", kind="anonymous")
        target = Target("person", f"user:{user.pk}") if user else None
        record_committed(
            Kind.SIGN_IN_FAILED, by=nobody, target=target, outcome=Outcome.DENIED, rule=RIGHT.value
        )
        raise UnknownPerson
    if not user.has_permission(RIGHT):
        record_committed(
            Kind.ACCESS_DENIED,
            by=_actor(user),
            target=Target("command", "erase_subject"),
            outcome=Outcome.DENIED,
            rule=RIGHT.value,
        )
        raise NotPermitted
    return user


def request_erasure(subject: str, reason: str, *, by: Any) -> UUID:
    """Request the erasure of a subject's personal values. Return the request's id, for a second person to approve.

    `reason` stays in the trail unencrypted, indefinitely. Raises ErasureRefused, and NotSealed while sealing is too far
    behind.
    """
    check_lag()
    request = uuid7()
    body = _body(request, Kind.SUBJECT_ERASURE_ASKED, subject, by, {"reason": reason})
    _call("SELECT audit.ask_erasure(%s, %s, %s, %s)", subject, reason, _actor(by).ref, body)
    return request


def approve_erasure(request: UUID, *, by: Any) -> Erased:
    """Approve another person's request, and erase. Raises ErasureRefused."""
    check_lag()
    for _ in range(_TRIES):
        try:
            # 1. The event says how many values are destroyed, so they are counted in the same transaction.
            with transaction.atomic(using=OWNER):
                rows = _call("SELECT subject FROM audit.erasure WHERE request = %s", request)
                subject = str(rows[0][0]) if rows else ""
                ((values,),) = _call(_VALUES, subject, subject)
                # 2. The search index forgets the words of these events. They are indexed again without the values.
                _call(LOCK)
                _call(FORGET, subject)
                detail: Detail = {"request": str(request), "values": int(values)}
                body = _body(uuid7(), Kind.SUBJECT_ERASED, subject, by, detail)
                _call("SELECT audit.approve_erasure(%s, %s, %s)", request, _actor(by).ref, body)
        except errors.SerializationFailure:
            continue  # an event about the subject was written after counting
        # 3. Remove the deleted rows from the database's files.
        _call("VACUUM audit.personal, audit.subject_key, recordings_trailwords")
        return Erased(subject, int(values), remains(subject))
    raise ErasureRefused("Events about this subject are being written continuously. Try again.")


def remains(subject: str) -> tuple[str, ...]:
    """Say what an erasure from the trail does not erase."""
    kind, _, number = subject.partition(":")
    sentences = []
    if kind == "customer" and number.isdecimal():
        mine = Q(customer_identity_id=int(number)) | Q(id=int(number), customer_identity_id__isnull=True)
        if rows := CommBoxObject.objects.filter(mine).count():
            sentences.append(
                f"The catalog still holds {rows:,} of this customer's objects as CommBox reports them: name, "
                "e-mail address, telephone number, messages, recordings and their search index. Erase them in "
                "CommBox. Notes about the customer are personal values of the person who wrote them."
            )
    if kind == "user" and number.isdecimal():
        if get_user_model().objects.filter(pk=int(number)).exists():
            sentences.append("The account itself (user name, full name, e-mail address) remains.")
        if notes := Viewing.objects.filter(viewer_id=int(number)).exclude(note="").count():
            sentences.append(f"{count(notes, 'note')} on viewings remain in the portal's table of viewings.")
        if (
            typed := Evaluation.objects.filter(scorer_id=int(number), submitted_at=None)
            .exclude(typed={})
            .count()
        ):
            sentences.append(f"{count(typed, 'open evaluation')} still hold what was typed, until submitted.")
    return (
        *sentences,
        "Exported bundles and reports, and backups made before today, still hold the values.",
        "New events are written under a new key. To prevent that, close the account or delete the rows first.",
    )


def _actor(user: Any) -> Actor:
    """Return the actor without a name: these events must hold no personal value that would have to be erased too."""
    return Actor(ref=f"user:{user.pk}", kind="person", role=user.role_codes, authn="password")


def _body(event_id: UUID, kind: Kind, subject: str, by: Any, detail: Detail) -> bytes:
    """Return the bytes of an event that the database writes in the transaction of the erasure."""
    prefix = subject.partition(":")[0]
    target = Target("person" if prefix == "user" else prefix, subject)
    event = Event(event_id, kind, _actor(by), target, personal=[], detail=detail, rule=RIGHT.value)
    return canonical(body_of(event, sealed=[]))


def _call(statement: str, *params: Any) -> list[Any]:
    """Run a statement as the owner of the tables. A refusal of its functions becomes ErasureRefused."""
    try:
        with connections[OWNER].cursor() as cursor:
            cursor.execute(statement, params)
            return list(cursor.fetchall()) if cursor.description else []
    except DatabaseError as error:
        cause = error.__cause__
        if isinstance(cause, errors.RaiseException):
            raise ErasureRefused(cause.diag.message_primary or "") from None
        if isinstance(cause, errors.SerializationFailure):
            raise cause from None
        if isinstance(cause, errors.InsufficientPrivilege):
            raise ErasureRefused("Only the database owner can erase. Set DATABASE_OWNER_URL.") from None
        raise
