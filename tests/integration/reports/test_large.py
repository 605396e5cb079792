"""A large report asks for a confirmation: without a filter, or with very many events."""

from typing import Any

import pytest
from django.test import Client

from recordings.models import AuditEvent, Report, ReportState
from recordings.reports import large
from tests.factories import PASSWORD, forget_confirmation, person

WHOLE = {"format": "csv"}
FEW = {"format": "csv", "group": "catalog"}


@pytest.fixture
def client(db: None) -> Client:
    client = Client()
    person("compliance_officer", "noa.levi")
    client.post("/accounts/login/", {"login": "noa.levi", "password": PASSWORD})
    forget_confirmation(client)
    return client


def asked(client: Client, **fields: str) -> Any:
    return client.post("/reports/request/", fields)


def test_the_whole_trail_is_exported_after_a_confirmation_only(client: Client) -> None:
    question = asked(client, **WHOLE)
    assert question.status_code == 200
    assert "Confirm a large report" in question.content.decode()
    assert 'name="format" value="csv"' in question.content.decode()
    assert asked(client, **WHOLE, password="wrong").status_code == 422
    assert not Report.objects.exists()
    assert AuditEvent.objects.filter(kind="auth.confirmation_failed").count() == 1
    assert asked(client, **WHOLE, password=PASSWORD).status_code == 302
    # Confirmed for five minutes.
    assert asked(client, **WHOLE).status_code == 302
    assert Report.objects.count() == 2


def test_a_filtered_report_is_large_by_its_events(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(client, **FEW).status_code == 302
    group = {"format": "csv", "group": "people"}
    assert AuditEvent.objects.filter(kind="auth.signed_in").count() == 1
    monkeypatch.setattr(large, "LARGE_ROWS", 0)
    assert "Confirm a large report" in asked(client, **group).content.decode()
    assert asked(client, **FEW).status_code == 302


def test_building_a_large_report_again_asks_too(client: Client) -> None:
    asked(client, **WHOLE, password=PASSWORD)
    report = Report.objects.get()
    Report.objects.update(state=ReportState.FAILED)
    forget_confirmation(client)
    again = f"/reports/{report.pk}/again/"
    assert "Confirm a large report" in client.post(again).content.decode()
    assert Report.objects.count() == 1
    assert client.post(again, {"password": PASSWORD}).status_code == 302
    assert Report.objects.count() == 2
