"""The trail says when it was being written, and under which settings (PCI DSS 10.2.1.6)."""

import json

from django.test import override_settings

from auditportal import lifecycle
from recordings.audit import AuditUnavailable, Kind
from recordings.models import AuditEvent


def noted(monkeypatch):
    """Note a start without leaving an end behind for when the test process ends; returns what was to be run then."""
    at_the_end = []
    monkeypatch.setattr(
        lifecycle, "Finalize", lambda _, function, args, exitpriority: at_the_end.append((function, *args))
    )
    monkeypatch.setattr(lifecycle.connection, "close", lambda: None)
    lifecycle.note_start("web")
    return at_the_end


def bodies():
    return [json.loads(bytes(event.body)) for event in AuditEvent.objects.order_by("id")]


@override_settings(RECORDING_BUCKETS=("https://s3.example.com/b",), PLAYBACK_URL_TTL=120)
def test_a_start_is_an_event_with_the_settings_that_matter(db, monkeypatch):
    noted(monkeypatch)
    (event,) = bodies()
    assert event["type"] == Kind.LOGGING_STARTED
    assert event["actor"] == {"ref": "system:web", "kind": "system"}
    assert event["action_detail"]["buckets"] == ["https://s3.example.com/b"]
    assert event["action_detail"]["playback_url_ttl"] == 120


def test_an_end_is_an_event(db, monkeypatch):
    ((function, *arguments),) = noted(monkeypatch)
    function(*arguments)
    assert [event["type"] for event in bodies()] == [Kind.LOGGING_STARTED, Kind.LOGGING_STOPPED]


def test_a_database_that_is_away_does_not_keep_the_part_from_starting(db, monkeypatch):
    def away(*_, **__):
        raise AuditUnavailable

    monkeypatch.setattr(lifecycle, "record_committed", away)
    noted(monkeypatch)
    assert bodies() == []
