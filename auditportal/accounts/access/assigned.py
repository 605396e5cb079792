"""Who could play a recording because a viewing of it was assigned to them, now or on an earlier day (ADR 0030)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min, Prefetch

from auditportal.accounts.access.who import Period, was_open
from auditportal.accounts.access_models import AccountClosure
from recordings.models import AssignedViewing, Dispute, Recording


@dataclass(frozen=True)
class AssignedAccess:
    """An assigned viewing, and when the right to play ended or will end."""

    viewing: AssignedViewing
    until: datetime


def assigned_access(recording: Recording, since: datetime, until: datetime) -> list[AssignedAccess]:
    """Return the assigned viewings that allowed somebody to play a recording at some moment of a period."""
    closed = Prefetch(
        "person__closures", AccountClosure.objects.order_by("closed_at"), to_attr="closed_times"
    )
    rows = AssignedViewing.objects.filter(exemplar__recording=recording, assigned_at__lt=until)
    rows = rows.select_related("exemplar", "person", "assigned_by").defer("exemplar__quiz")
    disputes = Dispute.objects.filter(evaluation__recording=recording, decided_at=None)
    disputed = disputes.aggregate(since=Min("opened_at"))["since"]
    found = []
    for row in rows.prefetch_related(closed, "attempts").order_by("person__full_name", "pk"):
        exemplar = row.exemplar
        ends = (
            row.done_at,
            row.cancelled_at,
            exemplar.withdrawn_at,
            exemplar.expires_at,
            recording.vanished_at,
            disputed,
        )
        end = min(at for at in ends if at is not None)
        in_force = Period(row.assigned_at, end).both(Period(since, until))
        if was_open(row.person, in_force):
            found.append(AssignedAccess(row, end))
    return found
