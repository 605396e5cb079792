"""A person has five reports under way at most, and their files go after a month."""

import os
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from recordings.models import Report, ReportState
from recordings.reports import files
from recordings.reports.tasks import delete_old_reports
from tests.factories import person


def ask(client: Client) -> Any:
    return client.post("/reports/request/", {"format": "csv", "group": "viewing"})


def test_the_sixth_report_waits_until_one_is_done(db: None, client: Client) -> None:
    client.force_login(person("compliance_officer"))
    for _ in range(5):
        assert ask(client).status_code == 302
    refused = ask(client)
    assert refused.status_code == 429
    assert "Five of your reports are not finished" in refused.content.decode()
    assert Report.objects.count() == 5
    colleague = Client()
    colleague.force_login(person("external_auditor"))
    assert ask(colleague).status_code == 302
    first = Report.objects.order_by("requested_at").first()
    assert first is not None
    Report.objects.filter(pk=first.pk).update(state=ReportState.FAILED)
    assert ask(client).status_code == 302


@pytest.mark.parametrize(("days", "stays"), [(29, True), (31, False)])
def test_a_file_goes_after_a_month(db: None, settings: Any, tmp_path: Any, days: int, stays: bool) -> None:
    settings.REPORTS_DIR = tmp_path / "reports"
    report = Report.objects.create(
        requested_by=person("compliance_officer"),
        format="csv",
        last_event_id=1,
        state=ReportState.READY,
        size_bytes=4,
    )
    files.folder()
    files.file_of(report).write_bytes(b"rows")
    made = (timezone.now() - timedelta(days=days)).timestamp()
    os.utime(files.file_of(report), (made, made))
    assert delete_old_reports() == (0 if stays else 1)
    if stays:
        assert files.checked_size(report) == 4
    else:
        with pytest.raises(files.FileGone, match="kept for 30 days"):
            files.checked_size(report)
