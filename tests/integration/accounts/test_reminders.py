"""Administrators are mailed about alarms and due dates, and pages count what waits for them."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from auditportal.accounts import break_glass, reminders, tasks
from auditportal.accounts.access import recertification, requests
from auditportal.accounts.access_models import Decision
from auditportal.accounts.models import BreakGlassUse, Recertification, User
from auditportal.accounts.waiting import waiting_for
from recordings.audit import Actor
from recordings.reach import Level
from tests.factories import person
from tests.integration.portal.test_gauges import metrics
from tests.integration.portal.test_mail import box, parts, sent_through
from tests.mailbox import Mailbox

__all__ = ["box", "sent_through"]

BY = Actor.system("test")


@pytest.fixture
def sam(db: None) -> User:
    return person("administrator", "sam.ortiz", email="sam@audit.example.com")


@pytest.fixture
def dana(db: None) -> User:
    return person("administrator", "dana.admin", email="dana@audit.example.com", language="he")


def opened_by(sam: User, days: float) -> Recertification:
    due_at = timezone.now() + timedelta(days=days)
    return recertification.open_recertification(opened_by=sam, due_at=due_at, by=BY)


class TestBreakGlass:
    def test_a_use_is_mailed_once_to_the_other_administrators(
        self, sam: User, dana: User, box: Mailbox
    ) -> None:
        person("administrator", "no.mail")
        person("administrator", "gone", email="gone@audit.example.com", is_active=False)
        person("qa_manager", "rut", email="rut@audit.example.com")
        rescue = person("administrator", "rescue", email="rescue@audit.example.com", full_name="Rescue")
        break_glass.note_use(user=rescue, by=BY)
        for _ in range(2):
            tasks.mail_alarms()
        assert sorted(letter.message["To"] for letter in box.letters) == [
            "dana@audit.example.com",
            "sam@audit.example.com",
        ]
        plain, html = parts(next(each for each in box.letters if "sam@" in each.message["To"]))
        assert "with the break-glass account of Rescue at " in plain
        assert f"https://audit.example.com/people/{rescue.pk}/security/" in html
        assert "<time" not in plain

    def test_what_the_server_refuses_is_tried_again(self, sam: User, box: Mailbox) -> None:
        break_glass.note_use(user=person("administrator", "rescue"), by=BY)
        box.refuse = {"MAIL": "451 later"}
        tasks.mail_alarms()
        assert BreakGlassUse.objects.get().mailed_at is None
        box.refuse = {}
        tasks.mail_alarms()
        assert len(box.letters) == 1

    def test_metrics_count_the_uses_and_those_that_nobody_acknowledged(self, sam: User) -> None:
        rescue = person("administrator", "rescue")
        for _ in range(2):
            break_glass.note_use(user=rescue, by=BY)
        use = BreakGlassUse.objects.order_by("pk")[0]
        break_glass.acknowledge(use=use, acknowledged_by=sam, by=BY)
        found = metrics()
        assert (found["portal_break_glass_sign_ins"], found["portal_break_glass_unacknowledged"]) == (2, 1)


class TestRecertification:
    def test_a_reminder_from_before_it_was_opened_is_not_mailed(self, sam: User, box: Mailbox) -> None:
        opened_by(sam, days=6.9)
        tasks.remind_of_recertification()
        assert box.letters == []

    def test_each_reminder_is_mailed_once(
        self, sam: User, dana: User, box: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        due_at = opened_by(sam, days=15).due_at
        mailed = []
        for left in (15, 13.9, 6.9, 2.9, 0.9, -0.1, -9):
            now = due_at - timedelta(days=left)
            monkeypatch.setattr(reminders.timezone, "now", lambda now=now: now)
            for _ in range(2):
                tasks.remind_of_recertification()
            mailed.append(sum("sam@" in letter.message["To"] for letter in box.letters))
        assert mailed == [0, 1, 2, 3, 4, 5, 5]
        texts = [parts(each)[0] for each in box.letters if "sam@" in each.message["To"]]
        assert "1 grant in AuditPortal (https://audit.example.com) waits for your decision." in texts[0]
        assert ["They were due" in text for text in texts] == [False] * 4 + [True]

    def test_whoever_has_nothing_to_decide_is_not_mailed(
        self, sam: User, dana: User, box: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened = opened_by(sam, days=15)
        danas = opened.grants.get(grant__user=dana)
        recertification.decide(
            recertification=opened,
            row_ids=[danas.pk],
            decision=Decision.KEEP,
            reason="still an administrator",
            decided_by=sam,
            by=BY,
        )
        now = opened.due_at + timedelta(hours=1)
        monkeypatch.setattr(reminders.timezone, "now", lambda: now)
        tasks.remind_of_recertification()
        (letter,) = box.letters
        assert letter.message["To"] == "dana@audit.example.com"


def test_tabs_and_overview_count_what_waits_for_this_administrator(sam: User, dana: User) -> None:
    cache.clear()
    client = Client()
    client.force_login(sam)
    assert "Waiting for you" not in client.get("/").content.decode()
    tom = person("qa_manager", "tom.brandt")
    requests.ask(asked_by=tom, thing="4711", level=Level.VIEW, reason="complaint", by=BY)
    requests.ask(asked_by=sam, thing="4711", level=Level.VIEW, reason="mine", by=BY)
    opened_by(sam, days=20)
    page = client.get("/").content.decode()
    # Neither one's own request nor one's own grant.
    assert "1 request for access" in page
    assert "2 grants to keep or remove" in page
    for path in ("/people/", "/access/asked/", "/people/recertifications/", "/people/provisioning/"):
        tabs = client.get(path).content.decode()
        assert "1 waiting" in tabs
        assert "2 waiting" in tabs
    client.force_login(tom)
    assert "Waiting for you" not in client.get("/").content.decode()


def test_counting_it_takes_one_statement(sam: User, dana: User, django_assert_num_queries: Any) -> None:
    opened_by(sam, days=20)
    with django_assert_num_queries(1):
        assert waiting_for(sam).decisions == 1
