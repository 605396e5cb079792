"""Webhook deliveries: a hint marks an object as due, and nothing of it becomes a fact."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from auditportal.sandbox.commbox.webhooks import body_for
from auditportal.sandbox.control.control import Control
from recordings.models import CommBoxObject, Delivery, Recording, Stream
from recordings.refresh.sweep import refresh_due
from recordings.webhooks.hints import DeliveryOutcome, fetch_hinted
from tests.integration.refresh.helpers import VIDEO
from tests.integration.webhooks.helpers import deliver

pytestmark = pytest.mark.django_db


def delivery(object_id: int, stream_id: int = VIDEO, **activity: object) -> bytes:
    one = {"Id": "1", "Type": "27", "Data": {"recordingUrl": "https://evil.example/x.mp4"}, **activity}
    thing = {"Id": str(object_id), "StreamId": str(stream_id), "Activities": {"Activity": one}}
    return json.dumps({"Event": {"Name": "OnNewActivity", "Object": thing}}).encode()


def outcomes() -> list[str]:
    return list(Delivery.objects.order_by("received_at").values_list("outcome", flat=True))


def test_a_known_object_is_due_at_once_and_its_recording_comes_from_the_api(
    held: CommBoxObject, upstream: Control
) -> None:
    assert deliver(delivery(held.pk)) is DeliveryOutcome.DUE
    assert Delivery.objects.get().object_id == held.pk
    held.refresh_from_db()
    assert held.refresh_due_at is not None
    assert held.refresh_due_at <= timezone.now()
    assert refresh_due() == 1
    assert Recording.objects.count() == 0
    upstream.add_recording(held.pk)
    deliver(delivery(held.pk, Id="2"))
    refresh_due()
    assert "evil.example" not in Recording.objects.get().url


def test_a_replay_only_counts(held: CommBoxObject) -> None:
    deliver(delivery(held.pk))
    CommBoxObject.objects.update(refresh_due_at=None)
    for _ in range(10):
        assert deliver(delivery(held.pk)) == DeliveryOutcome.REPEATED
    assert Delivery.objects.get().repeats == 10
    assert CommBoxObject.objects.get().refresh_due_at is None


def test_a_new_object_of_a_known_stream_is_fetched_through_the_api(db: None, upstream: Control) -> None:
    Stream.objects.create(pk=VIDEO)
    call = upstream.make_call(VIDEO, listed_after=0)
    assert deliver(delivery(call.object_id)) == DeliveryOutcome.WAITING
    assert not CommBoxObject.objects.exists()
    assert fetch_hinted() == 1
    refresh_due()
    assert Recording.objects.get().object_id == call.object_id
    assert outcomes() == ["fetched"]
    assert fetch_hinted() == 0


@pytest.mark.parametrize(
    ("object_id", "stream_id", "outcome"),
    [(5, 5, DeliveryOutcome.UNKNOWN_STREAM), (5, VIDEO, DeliveryOutcome.WAITING)],
)
def test_an_unknown_object_is_never_made_up(
    db: None, upstream: Control, object_id: int, stream_id: int, outcome: DeliveryOutcome
) -> None:
    Stream.objects.create(pk=VIDEO)
    assert deliver(delivery(object_id, stream_id)) == outcome
    assert fetch_hinted() == 0
    assert not CommBoxObject.objects.exists()
    assert outcomes() == ["unknown_object" if outcome is DeliveryOutcome.WAITING else "unknown_stream"]


def test_an_object_of_another_stream_than_was_said_is_not_taken(db: None, upstream: Control) -> None:
    Stream.objects.create(pk=VIDEO)
    other = upstream.world.of_stream(31246)[0]
    deliver(delivery(other.id, VIDEO))
    assert fetch_hinted() == 0
    assert not CommBoxObject.objects.exists()


def test_while_commbox_fails_a_hint_waits(db: None, upstream: Control) -> None:
    Stream.objects.create(pk=VIDEO)
    call = upstream.make_call(VIDEO, listed_after=0)
    deliver(delivery(call.object_id))
    upstream.script_faults([{"kind": "invalid_json", "count": 9}])
    assert fetch_hinted() == 0
    assert outcomes() == ["waiting"]
    upstream.clear_faults()
    assert fetch_hinted() == 1
    Delivery.objects.update(outcome="waiting", received_at=timezone.now() - timedelta(hours=2))
    upstream.clear_logs()
    assert fetch_hinted() == 0
    assert upstream.requests() == []


def test_a_flood_asks_for_a_few_objects_at_a_time(db: None, upstream: Control) -> None:
    Stream.objects.create(pk=VIDEO)
    for number in range(1, 101):
        deliver(delivery(number))
    upstream.clear_logs()
    fetch_hinted()
    assert len(upstream.requests()) == 5


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b'{"Event": {"Name": "OnNewChild"}}', DeliveryOutcome.IGNORED),
        (delivery(5, Type="1"), DeliveryOutcome.IGNORED),
        (b"{", DeliveryOutcome.UNREADABLE),
        (b"<!DOCTYPE e><e/>", DeliveryOutcome.UNREADABLE),
    ],
)
def test_other_deliveries_are_stored_and_ignored(db: None, body: bytes, outcome: DeliveryOutcome) -> None:
    assert deliver(body) == outcome
    assert outcomes() == [outcome.value]
    assert deliver(body) == DeliveryOutcome.REPEATED


@pytest.mark.parametrize("form", ["json", "json_text", "json_several", "payload", "xml"])
def test_every_form_that_is_sent_is_understood(held: CommBoxObject, upstream: Control, form: str) -> None:
    activity = upstream.add_recording(held.pk)
    upstream.switch(webhook_form=form)
    talk = upstream.world.conversation(held.pk)
    _, body = body_for(talk, activity, upstream.hooks.urls, upstream.panel.now)
    assert deliver(body) is DeliveryOutcome.DUE
    assert Delivery.objects.get().stream_id == VIDEO
