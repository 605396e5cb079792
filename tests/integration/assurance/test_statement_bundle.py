"""A month's statement is proven to an outsider: the trail's own bundle, the verifier that ships in it, one hash."""

import csv
import hashlib
import io
import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from auditportal.embedded import Services
from recordings.assurance.statements import exceptions_csv, state_month
from recordings.audit import Actor
from recordings.models import CompletenessStatement, Report, ReportState
from recordings.proof.evidence.check.verify_audit import verify
from recordings.reports import files
from recordings.reports.tasks import build_report
from tests.factories import conversation, person, recording
from tests.integration.proof.evidence.bundles import Log, make_log

BY = Actor.system("assurance")
pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def log(services: Services, settings: Any, tmp_path: Path) -> Log:
    settings.REPORTS_DIR = tmp_path / "reports"
    return make_log(services, settings, tmp_path)


def test_the_page_leads_to_a_bundle_that_verifies_and_holds_the_statement_s_hash(log: Log) -> None:
    recording(conversation(), state="vanished_at_source")
    statement = state_month(month=date(2026, 11, 1), by=BY)
    client = Client()
    client.force_login(person("compliance_officer"))
    page = client.get(f"/assurance/statements/{statement.pk}/").content.decode()
    asking = f"/reports/?format=bundle&amp;q=statement:{statement.pk}"
    assert asking in page
    form = client.get(asking.replace("&amp;", "&")).context["form"]
    given = {name: form[name].value() or "" for name in ("format", "q")}
    assert client.post("/reports/request/", given).status_code == 302
    log.seal()
    row = proven(log)
    document = bytes(CompletenessStatement.objects.get().document)
    detail = json.loads(row["detail"])
    assert (row["type"], row["target"]) == ("assurance.stated", f"statement:{statement.pk}")
    assert detail["sha256"] == hashlib.sha256(document).hexdigest()
    assert detail["table_sha256"] == hashlib.sha256(exceptions_csv(document)).hexdigest()
    assert (detail["expected"], detail["exceptions"]) == (1, 1)


def proven(log: Log) -> dict[str, str]:
    """The one row of the bundle that was asked for, after the verifier an auditor runs has passed it."""
    report = Report.objects.get()
    build_report(str(report.pk))
    report.refresh_from_db()
    assert (report.state, report.error, report.rows_done) == (ReportState.READY, "", 1)
    path = files.file_of(report)
    assert verify(path, log.signer.policy_text).verdict == "CONSISTENT (self-signed only)"
    with zipfile.ZipFile(path) as bundle:
        (row,) = csv.DictReader(io.StringIO(bundle.read("report.csv").decode("utf-8-sig")))
        return row
