"""The lease on a report: in its row, held by one worker at a time, extended while it works."""

from datetime import timedelta
from uuid import UUID

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from recordings.models import Report, ReportState
from recordings.reach import Reach

LEASE = timedelta(seconds=60)
ATTEMPTS = 3
OPEN = (ReportState.WAITING, ReportState.BUILDING)


class LeaseLost(Exception):
    """Another worker holds the lease: stop, and do not change the row."""


def claim(report_id: UUID) -> Report | None:
    """Lease a report to this worker; None when it is finished or another worker holds the lease."""
    with transaction.atomic():
        report = _free().select_for_update(skip_locked=True).filter(pk=report_id).first()
        if report is None:
            return None
        report.state, report.attempts = ReportState.BUILDING, report.attempts + 1
        report.leased_until, report.started_at = timezone.now() + LEASE, timezone.now()
        report.rows_done = 0
        report.save(update_fields=["state", "attempts", "leased_until", "started_at", "rows_done"])
    return report


def renew(report: Report, *, rows_done: int, rows_expected: int | None) -> None:
    """Save the progress and extend the lease by LEASE. Raises LeaseLost when another worker holds it."""
    until = timezone.now() + LEASE
    if not mine(report).update(leased_until=until, rows_done=rows_done, rows_expected=rows_expected):
        raise LeaseLost


def set_reach(report: Report, reach: Reach) -> None:
    """Save what the report is to cover. Raises LeaseLost when another worker holds the lease."""
    report.scopes = reach.as_detail()
    if not mine(report).update(scopes=report.scopes):
        raise LeaseLost


def mine(report: Report) -> "models.QuerySet[Report]":
    """Return the row while this attempt holds the lease: a later attempt has a higher number."""
    return Report.objects.filter(pk=report.pk, state=ReportState.BUILDING, attempts=report.attempts)


def unclaimed() -> list[UUID]:
    """Return reports without a worker, because a message or a worker was lost."""
    return list(_free().order_by("requested_at").values_list("pk", flat=True)[:100])


def _free() -> "models.QuerySet[Report]":
    lease_over = Q(leased_until=None) | Q(leased_until__lt=timezone.now())
    return Report.objects.filter(lease_over, state__in=OPEN)
