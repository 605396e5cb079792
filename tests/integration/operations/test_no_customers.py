"""Operations is never limited to a scope, so its pages show numbers of objects and no customer."""

import pytest
from django.test import Client
from django.utils import timezone

from auditportal.accounts.models import Grant
from recordings.models import CommBoxObject, Delivery, ParseProblem
from tests.factories import person, recording

NAME, PHONE = "Zerubavel Canary", "15550009876"


@pytest.mark.parametrize("scope", [{}, {"channels": [1]}])
def test_no_page_of_operations_names_a_customer(db: None, scope: dict[str, list[int]]) -> None:
    made = recording(state="not_playable", flags=["negative_duration"])
    thing, now = made.object, timezone.now()
    CommBoxObject.objects.filter(pk=thing.pk).update(
        customer_name=NAME,
        customer_phone=PHONE,
        refresh_error="Timeout",
        refresh_error_at=now,
        refresh_due_at=now,
    )
    ParseProblem.objects.create(
        object_id=thing.pk, stream_id=thing.stream_id, reason="not an object", excerpt=NAME
    )
    Delivery.objects.create(object_id=thing.pk, event_name="recording", outcome="", body_sha256="0" * 64)
    administrator = person()
    Grant.objects.create(user=administrator, role="administrator", **scope)
    client = Client()
    client.force_login(administrator)
    for address in (
        "/operations/",
        "/operations/problems/",
        "/operations/runs/",
        f"/channels/{thing.stream_id}/",
    ):
        page = client.get(address)
        assert page.status_code == 200, address
        assert NAME not in page.content.decode()
        assert PHONE not in page.content.decode()
    assert str(thing.pk) in client.get("/operations/").content.decode()
