"""Events that are written later: the end of a session while the trail is away, and refusals beyond twenty a minute."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from auditportal.accounts import session
from auditportal.embedded import Services
from auditportal.gauges import DatabaseGauges
from recordings.audit import AuditUnavailable, Kind, owed
from recordings.audit.tasks import write_owed_events
from recordings.models import AuditEvent, OwedEvent, SourceStatus
from recordings.operations.banners import banners
from tests.factories import person


@contextmanager
def trail_away(services: Services) -> Iterator[None]:
    """The application may not write the trail."""
    functions = "audit.record_event(bytea, text[], text[], bytea[])"
    with psycopg.connect(services.admin_url, autocommit=True) as admin:
        admin.execute(f"REVOKE EXECUTE ON FUNCTION {functions} FROM auditportal_app")
        try:
            yield
        finally:
            admin.execute(f"GRANT EXECUTE ON FUNCTION {functions} TO auditportal_app")


def kinds(*wanted: Kind) -> list[str]:
    return list(AuditEvent.objects.filter(kind__in=wanted).order_by("id").values_list("kind", flat=True))


def sign_out(client: Client, clock: Any) -> Any:
    return client.post("/accounts/logout/")


def run_out(client: Client, clock: Any) -> Any:
    clock.shift(16 * 60)
    return client.get("/")


@pytest.mark.parametrize(("end", "kind"), [(sign_out, Kind.SIGNED_OUT), (run_out, Kind.SESSION_ENDED)])
def test_a_session_ends_while_the_trail_is_away_and_its_event_follows(
    committed_db: None, services: Services, client: Client, database_clock: Any, end: Any, kind: Kind
) -> None:
    user = person("compliance_officer", "noa.levi")
    client.force_login(user)
    stored = client.session
    now = timezone.now().timestamp()
    stored[session.SEEN_AT], stored[session.ENDS_AT] = now, now + 12 * 3600
    stored.save()
    cookie = client.cookies["session"].value
    with trail_away(services):
        assert end(client, database_clock).status_code == 302
        client.cookies["session"] = cookie
        assert client.get("/")["Location"].startswith("/accounts/login/")
        with pytest.raises(AuditUnavailable):
            write_owed_events()
        assert OwedEvent.objects.count() == 1
        assert kinds(kind) == []
    assert write_owed_events() == 1
    assert kinds(kind) == [kind]
    event = AuditEvent.objects.get(kind=kind)
    assert (event.actor_ref, event.target_ref) == (f"user:{user.pk}", f"user:{user.pk}")
    assert not OwedEvent.objects.exists()
    assert write_owed_events() == 0


def test_what_is_owed_for_minutes_is_an_alarm(db: None) -> None:
    SourceStatus.objects.create(pk=1, last_success_at=timezone.now())
    row = {"kind": Kind.SIGNED_OUT, "actor_ref": "user:7", "session": "s" * 32}
    OwedEvent.objects.create(**row, happened_at=timezone.now())

    def alarm() -> tuple[float, list[str]]:
        gauges = {
            family.name: family.samples[0].value for family in DatabaseGauges().collect() if family.samples
        }
        return gauges["portal_trail_owed_events"], [banner["title"] for banner in banners(operations=True)]

    assert alarm() == (0, [])
    OwedEvent.objects.create(**row, happened_at=timezone.now() - owed.ALARMING * 2)
    assert alarm() == (1, ["The audit trail is missing events about ended sessions."])


def test_refusals_beyond_twenty_a_minute_are_one_event_with_their_number(db: None, client: Client) -> None:
    """The same page again, other pages, other methods: whatever the lowest role is refused."""
    auditor = person("external_auditor")
    with time_machine.travel("2026-11-30T14:02:05Z", tick=False) as clock:
        client.force_login(auditor)
        for number in range(200):
            assert client.get(f"/objects/{number}/").status_code == 403
            assert client.get("/objects/").status_code == 403
            assert client.post(f"/people/{number}/grant/").status_code == 403
        refused = AuditEvent.objects.filter(kind=Kind.ACCESS_DENIED)
        assert refused.count() == owed.REFUSALS_A_MINUTE
        assert OwedEvent.objects.get().count == 600
        # Another session has its own first twenty.
        other = Client()
        other.force_login(person("external_auditor"))
        other.get("/objects/")
        assert refused.count() == owed.REFUSALS_A_MINUTE + 1
        assert write_owed_events() == 0
        clock.shift(60)
        assert write_owed_events() == 2
    assert refused.count() == owed.REFUSALS_A_MINUTE + 2
    newest = refused.order_by("-id").first()
    assert newest is not None
    assert b'"more":580' in bytes(newest.body).replace(b" ", b"")
    assert newest.actor_ref == f"user:{auditor.pk}"


def test_a_refusal_that_cannot_be_counted_is_not_answered_as_one(
    committed_db: None, services: Services, client: Client
) -> None:
    client.force_login(person("external_auditor"))
    with trail_away(services):
        assert client.get("/objects/").status_code == 503
