"""Recertify access: every grant in force is kept or removed, with a reason, until a due date."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count, Max, OuterRef
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from auditportal.accounts.access_models import Decision, Recertification, RecertifiedGrant
from auditportal.accounts.actions import AlreadyDone, OwnAccount, end_grant
from auditportal.accounts.models import Grant, User
from recordings.audit import Actor, Kind, Target, record
from recordings.exceptions import PortalError
from recordings.models import Viewing

UNUSED_AFTER = timedelta(days=90)


class NotFinished(PortalError):
    """A recertification would be closed while somebody else's grants are undecided."""

    status = 409
    sentence = gettext_lazy(
        "Some grants are not decided yet. Decide each of them, then close the recertification."
    )


def open_recertification(*, opened_by: User, due_at: datetime, by: Actor) -> Recertification:
    """Open a recertification of all grants in force, or that will be. Raises AlreadyDone while one is open."""
    viewed = (
        Viewing.objects.filter(viewer=OuterRef("user"))
        .order_by()
        .values("viewer")
        .annotate(at=Max("started_at"))
    )
    try:
        with transaction.atomic():
            recertification = Recertification.objects.create(opened_by=opened_by, due_at=due_at)
            grants = Grant.objects.filter(ended_at=None).exclude(until__lte=timezone.now())
            used = grants.values_list("pk", Greatest("user__last_login", viewed.values("at")[:1]))
            RecertifiedGrant.objects.bulk_create(
                [
                    RecertifiedGrant(recertification=recertification, grant_id=grant, last_used_at=used_at)
                    for grant, used_at in used
                ],
                batch_size=1_000,
            )
            record(
                Kind.RECERTIFICATION_OPENED,
                by=by,
                target=_target(recertification),
                detail={"grants": len(used), "due": due_at.date().isoformat()},
            )
    except IntegrityError:
        raise AlreadyDone from None
    return recertification


@transaction.atomic
def decide(
    *,
    recertification: Recertification,
    row_ids: Iterable[int],
    decision: Decision,
    reason: str,
    decided_by: User,
    by: Actor,
) -> int:
    """Keep or remove grants of an open recertification, and return how many. A removed grant ends at once.

    Raises OwnAccount for one's own grant, AlreadyDone when one was decided meanwhile or it is closed, and
    LastAdministrator.
    """
    ids = set(row_ids)
    rows = recertification.grants.select_related("grant__user").filter(
        pk__in=ids, decision=Decision.OPEN, recertification__closed_at=None
    )
    found = list(rows.select_for_update(of=("self",)).order_by("pk"))
    if len(found) < len(ids):
        raise AlreadyDone
    for row in found:
        if row.grant.user_id == decided_by.pk:
            raise OwnAccount
        row.decision, row.reason, row.decided_by, row.decided_at = (
            decision,
            reason,
            decided_by,
            timezone.now(),
        )
        row.save(update_fields=["decision", "reason", "decided_by", "decided_at"])
        record(
            Kind.GRANT_RECERTIFIED,
            by=by,
            target=Target.of(row.grant.user),
            detail={
                "decision": decision.value,
                "role": row.grant.role,
                "recertification": recertification.pk,
            },
            note=reason,
        )
        if decision == Decision.REMOVE:
            end_grant(grant=row.grant, by=by, ended_by=decided_by, reason=reason)
    return len(found)


@transaction.atomic
def close(*, recertification: Recertification, closed_by: User, by: Actor) -> None:
    """Close a recertification when every grant is decided. Raises NotFinished, or AlreadyDone when it is closed.

    Nobody decides about their own grants. Where there is one administrator only, theirs stay open, and the event says
    how many.
    """
    undecided = recertification.grants.filter(decision=Decision.OPEN)
    if undecided.exclude(grant__user=closed_by).exists():
        raise NotFinished
    open_rows = Recertification.objects.filter(pk=recertification.pk, closed_at=None)
    if not open_rows.update(closed_at=timezone.now(), closed_by=closed_by):
        raise AlreadyDone
    numbers = dict(recertification.grants.order_by().values_list("decision").annotate(Count("pk")))
    record(
        Kind.RECERTIFICATION_CLOSED,
        by=by,
        target=_target(recertification),
        detail={
            "kept": numbers.get(Decision.KEEP, 0),
            "removed": numbers.get(Decision.REMOVE, 0),
            "undecided": numbers.get(Decision.OPEN, 0),
        },
    )


def _target(recertification: Recertification) -> Target:
    return Target("recertification", f"recertification:{recertification.pk}")
