"""Celery tasks of reports. The row is the job; a message only starts it sooner."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from recordings.reports import files, leases
from recordings.reports.building import build

LONGEST = 2 * 3600  # seconds


@shared_task(soft_time_limit=LONGEST, time_limit=LONGEST + 60)
def build_report(report_id: str) -> None:
    """Build a report, unless it is finished or another worker builds it."""
    build(UUID(report_id))


@shared_task(soft_time_limit=LONGEST, time_limit=LONGEST + 60)
def sweep_reports() -> int:
    """Build reports whose message or worker was lost. Return their number."""
    waiting = leases.unclaimed()
    for report_id in waiting:
        build(report_id)
    return len(waiting)


@shared_task
def delete_old_reports() -> int:
    """Delete the files of old reports. Return their number."""
    return files.delete_old(timezone.now())
