"""Celery tasks that build reports. The row is the job; a message only saves waiting."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from recordings.reports import files, leases
from recordings.reports.building import build

LONGEST = 2 * 3600  # seconds: millions of events take their time, and the row shows how far they are


@shared_task(soft_time_limit=LONGEST, time_limit=LONGEST + 60)
def build_report(report_id: str) -> None:
    """Build one report, unless it is built or somebody else builds it."""
    build(UUID(report_id))


@shared_task(soft_time_limit=LONGEST, time_limit=LONGEST + 60)
def sweep_reports() -> int:
    """Find reports whose message or worker was lost, and build them here. Returns how many there were."""
    waiting = leases.unclaimed()
    for report_id in waiting:
        build(report_id)
    return len(waiting)


@shared_task
def delete_old_reports() -> int:
    """Delete the files of reports that are a month old. Returns how many there were."""
    return files.delete_old(timezone.now())
