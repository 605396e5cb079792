"""Reminders of supervision by mail: once a day, in the person's language, without names of customers."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.utils import timezone

from auditportal.accounts.tasks import remind_supervisors
from recordings.audit import Actor
from recordings.models import AuditEvent, ItemSource
from recordings.reviews.supervision.items import add_to_queue
from tests.factories import person, recording

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mail_server(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.SMTP_URL, settings.PUBLIC_URL = "smtp://mail.example", "https://audit.example.com"
    settings.DEFAULT_FROM_EMAIL = "AuditPortal <portal@audit.example.com>"
    outbox.outbox = []


def test_a_supervisor_is_reminded_once_a_day_of_what_is_due(settings: Any) -> None:
    now = timezone.now()
    noa = person("compliance_officer", email="noa@audit.example.com", language="he")
    person("compliance_officer")  # without an address
    person("qa_manager", email="tom@audit.example.com")
    remind_supervisors()
    assert outbox.outbox == []
    for days in (-1, 1, 9):
        due_at = now + timedelta(days=days)
        add_to_queue(recording=recording(), source=ItemSource.PLAN, by=Actor.system("tests"), due_at=due_at)
    settings.SMTP_URL = ""
    remind_supervisors()
    assert outbox.outbox == []
    settings.SMTP_URL = "smtp://mail.example"
    remind_supervisors()
    remind_supervisors()
    (mail,) = outbox.outbox
    assert mail.to == ["noa@audit.example.com"]
    assert "https://audit.example.com/reviews/supervision/" in mail.body
    assert "Dana" not in mail.body
    event = AuditEvent.objects.get(kind="supervision.reminded")
    assert event.target_ref == f"user:{noa.pk}"
    assert b'"due":2' in bytes(event.body)
    assert b'"overdue":1' in bytes(event.body)
