"""How playback writes the trail: committed before anything leaves, one event per fact, the viewing named in each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar
from uuid import UUID

from django.db import DatabaseError, transaction

from recordings.audit import Actor, AuditUnavailable, Kind, Outcome, Purpose, Target, record, record_durably
from recordings.exceptions import NotSealed, NotWitnessed
from recordings.media_urls import NoUrl
from recordings.models import Recording, Viewing
from recordings.playback.errors import Denial, Denied
from recordings.playback.policies import first_denial

Result = TypeVar("Result")


def durably(work: Callable[[], Result]) -> Result:
    """Run in a transaction of its own; when this returns, it is committed. Raises AuditUnavailable otherwise."""
    try:
        with transaction.atomic(durable=True):
            return work()
    except DatabaseError as error:
        raise AuditUnavailable from error


def note(
    kind: Kind, viewing: Viewing, by: Actor, *, detail: dict[str, Any] | None = None, **facts: Any
) -> UUID:
    """Append an event of this viewing in the caller's transaction and return its id; its target is the recording."""
    return record(
        kind,
        by=by,
        target=Target.of(viewing),
        purpose=Purpose(viewing.purpose),
        detail={"viewing": str(viewing.pk), **(detail or {})},
        **facts,
    )


def note_refusal(viewing: Viewing, refusal: NoUrl, by: Actor) -> None:
    """Append, in the caller's transaction, that there was no URL, and why."""
    detail = {"reason": refusal.code, "sentence": refusal.sentence}
    note(Kind.URL_REFUSED, viewing, by, outcome=refusal.outcome, detail=detail)


@contextmanager
def refused_unless_sealed(viewing: Viewing, by: Actor) -> Iterator[None]:
    """Turn a log that does not take up events into NoUrl, after the refusal is in the trail."""
    try:
        yield
    except (NotSealed, NotWitnessed) as trouble:
        code = "not_sealed" if isinstance(trouble, NotSealed) else "not_witnessed"
        refusal = NoUrl(code, trouble.sentence, again=True)
    else:
        return
    durably(lambda: note_refusal(viewing, refusal, by))
    raise refusal


def deny(
    denial: Denial,
    *,
    recording: Recording,
    by: Actor,
    viewing: Viewing | None = None,
    why: str = "",
    rule: str = "",
) -> NoReturn:
    """Write a refusal into the trail, then raise it."""
    sentence = why or denial.sentence
    detail = {"reason": denial.value, "sentence": sentence}
    if viewing is not None:
        detail["viewing"] = str(viewing.pk)
    target = Target.of(recording)
    record_durably(
        Kind.VIEWING_DENIED, by=by, target=target, outcome=Outcome.DENIED, detail=detail, rule=rule
    )
    raise Denied(denial, sentence)


def check_goes_on(viewing: Viewing, *, may_play: bool, by: Actor) -> None:
    """Raise Denied, after the refusal is in the trail, unless this person may go on with this viewing now."""
    denial = first_denial(viewing, may_play=may_play, by=by)
    if denial is not None:
        deny(denial, recording=viewing.recording, by=by, viewing=viewing)
