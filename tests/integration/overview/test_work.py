"""What waits for a person in reviews, on their overview; without work there is no figure."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from recordings.models import CoachingSession, ItemSource
from recordings.reviews.supervision.items import add_to_queue
from tests.factories import person, recording
from tests.integration.overview.test_overview import tiles
from tests.integration.reviews.disputes.desk import BY, Desk

pytestmark = pytest.mark.django_db
WORK = {"Evaluations due today", "To supervise", "Evaluations disputed", "My reviews", "My coaching"}


def work_of(user: Any) -> dict[str, str]:
    client = Client()
    client.force_login(user)
    shown = tiles(client.get("/").content.decode())
    return {label: value for label, value in shown.items() if label in WORK}


def test_each_person_sees_their_own_work() -> None:
    officer, decider = person("compliance_officer", "officer"), person("qa_manager", "decider")
    desk = Desk()
    people = (officer, decider, desk.scorer, desk.agent)
    assert [work_of(user) for user in people] == [{}, {}, {}, {}]

    add_to_queue(recording=recording(), source=ItemSource.PLAN, by=BY)
    desk.release()
    CoachingSession.objects.create(
        person=desk.scorer, coach=decider, due_at=timezone.now() - timedelta(days=1), event_id=uuid4()
    )
    assert [work_of(user) for user in people] == [
        {"To supervise": "1"},
        {},
        {"My coaching": "1"},
        {"My reviews": "1"},
    ]

    # A dispute is for everybody who may decide it, but not for the scorer.
    desk.dispute()
    assert work_of(decider) == {"Evaluations disputed": "1"}
    assert work_of(desk.scorer) == {"My coaching": "1"}
    assert work_of(desk.agent) == {}
