"""Ask for access, and decide what somebody asked for. Each act and its event are one transaction."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from auditportal.accounts.access_models import AccessRequest
from auditportal.accounts.actions import AlreadyDone, OwnAccount
from auditportal.accounts.models import User
from recordings.audit import Actor, Kind, Outcome, Target, record
from recordings.reach import Level


def ask(*, asked_by: User, thing: str, level: Level, reason: str, by: Actor) -> bool:
    """Store a request for access to a recording or an object, by its number as it was typed.

    Whether there is such a thing is not looked up here, so that the answer is the same for both. Return False when the
    person has already asked for the same and nobody has decided yet.
    """
    try:
        with transaction.atomic():
            AccessRequest.objects.create(asked_by=asked_by, thing=thing, level=level, reason=reason)
            record(
                Kind.ACCESS_REQUESTED,
                by=by,
                target=Target.of(asked_by),
                detail={"level": level.value},
                private={"thing": thing},
                note=reason,
            )
    except IntegrityError:
        return False
    return True


@transaction.atomic
def decide(*, request: AccessRequest, decided_by: User, was_granted: bool, answer: str, by: Actor) -> None:
    """Close a request: granted (the grant itself is made by grant_role) or refused, with an answer to the person.

    Raises AlreadyDone when somebody has decided it, and OwnAccount for one's own request.
    """
    if request.asked_by_id == decided_by.pk:
        raise OwnAccount
    undecided = AccessRequest.objects.filter(pk=request.pk, decided_at=None)
    if not undecided.update(
        decided_at=timezone.now(), decided_by=decided_by, was_granted=was_granted, answer=answer
    ):
        raise AlreadyDone
    record(
        Kind.ACCESS_REQUEST_DECIDED,
        by=by,
        target=Target.of(request.asked_by),
        outcome=Outcome.GRANTED if was_granted else Outcome.DENIED,
        detail={"level": request.level},
        private={"thing": request.thing},
        note=answer,
    )
