"""Events and the lag that a database login forged, again with real SQL and logins (docs/threats.md: T8, T11, T13)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from auditportal.embedded import Services
from recordings.audit import Actor, Kind, Outcome, Target, record, record_all, record_committed
from recordings.audit.lag import lag, written_despite_lag
from recordings.audit.record import Entry
from recordings.exceptions import NotSealed
from recordings.models import AuditEvent
from recordings.models.fields import uuid7
from tests.integration.proof.sealing.helpers import age
from tests.sealing import Signer, seal_all, settings_for, signer_of, write_events

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

NOA = Actor("user:7", "person", "Noa Levi", "compliance_officer", address="192.0.2.7", user_agent="Browser 1")
SAM = Actor("user:9", "person", "Sam Ortiz", "administrator")
RECORDING = Target("recording", "recording:1", "Dana Marlowe", "object:1", "customer:1")


@pytest.fixture
def signer(services: Services, settings: Any, tmp_path: Path) -> Signer:
    """A log that the portal's policy names."""
    signer = signer_of(services)
    for name, value in settings_for(services, signer, tmp_path).items():
        setattr(settings, name, value)
    return signer


def body(**more: Any) -> dict[str, Any]:
    return {
        "v": 1,
        "id": str(uuid7()),
        "type": "recording.opened",
        "outcome": "granted",
        "occurred_at": "2026-11-20T09:14:22.123456Z",
        "actor": {"ref": "user:1", "kind": "person"},
        "asserted_by": "server",
        "object": {"ref": "recording:1", "kind": "recording"},
        **more,
    }


def write(url: str, data: bytes | dict[str, Any]) -> None:
    """Through the one door, as this login."""
    given = (
        data if isinstance(data, bytes) else json.dumps(data, separators=(",", ":"), sort_keys=True).encode()
    )
    with psycopg.connect(url, autocommit=True) as login:
        login.execute("SELECT audit.record_event(%s, '{}', '{}', '{}')", [given])


# --- T8: the log's own words


OWN = ("log.opened", "heads.manifest", "sealer.incident", "key.rotated", "backup.restored")


@pytest.mark.parametrize("kind", [*OWN, "event.malformed", "subject.erased", "subject.erasure_asked"])
@pytest.mark.parametrize("actor", ["system:sealer", "user:1"])
def test_T8_the_application_cannot_speak_as_the_log(services: Services, kind: str, actor: str) -> None:
    """T8: a manifest by portal_web that becomes the last leaf of a batch proves that nobody watched."""
    with pytest.raises(errors.InsufficientPrivilege):
        write(services.database_url, body(type=kind, actor={"ref": actor, "kind": "system"}))
    assert not AuditEvent.objects.exists()


def test_T8_nor_under_the_sealers_name(services: Services) -> None:
    """T8: `system:sealer` is the log's own name, whatever it says."""
    with pytest.raises(errors.InsufficientPrivilege, match="Only the sealer"):
        write(services.database_url, body(actor={"ref": "system:sealer", "kind": "system"}))


def test_T8_the_sealer_speaks_of_nothing_else(services: Services) -> None:
    """T8: what people did comes from the application's login only."""
    for event in (body(), body(actor={"ref": "system:sealer"}), body(type="heads.manifest")):
        with pytest.raises(errors.InsufficientPrivilege, match="The sealer speaks of the log only"):
            write(services.sealer_url, event)
    write(services.sealer_url, body(type="sealer.incident", actor={"ref": "system:sealer", "kind": "system"}))
    assert AuditEvent.objects.get().kind == "sealer.incident"


# --- T13: bytes that are no event


SHAPELESS: dict[str, Callable[[], bytes | dict[str, Any]]] = {
    "no object": lambda: b"[]",
    "a text": lambda: b'"v"',
    "nothing": lambda: b"null",
    "version 2": lambda: body(v=2),
    "version as text": lambda: body(v="1"),
    "version 1.0 and a part too many": lambda: body(extra={"a": 1}),
    "an id in upper case": lambda: body(id=str(uuid7()).upper()),
    "an id without hyphens": lambda: body(id=uuid7().hex),
    "a kind in upper case": lambda: body(type="Recording.Opened"),
    "a kind without a dot": lambda: body(type="opened"),
    "an unknown outcome": lambda: body(outcome="maybe"),
    "nobody asserts it": lambda: body(asserted_by="nobody"),
    "a day that does not exist": lambda: body(occurred_at="2026-02-30T09:14:22.123456Z"),
    "the hour 24": lambda: body(occurred_at="2026-11-20T24:00:00.000000Z"),
    "three digits of a second": lambda: body(occurred_at="2026-11-20T09:14:22.123Z"),
    "another zone": lambda: body(occurred_at="2026-11-20T09:14:22.123456+00:00Z"),
    "the year 10000": lambda: body(occurred_at="10000-11-20T09:14:22.123456Z"),
    "infinity": lambda: body(occurred_at="infinity"),
    "an actor without a ref": lambda: body(actor={"kind": "person"}),
    "an object without a ref": lambda: body(object={"kind": "recording"}),
    "an actor who is a text": lambda: body(actor="user:1"),
    "a purpose that is a list": lambda: body(purpose=["quality"]),
    "an empty part": lambda: body(action_detail={}),
    "a ref that is a number": lambda: body(actor={"ref": 1}),
    "a label that is an object": lambda: body(object={"ref": "object:1", "label": {"a": "b"}}),
    "too many bytes": lambda: body(action_detail={"a": "x" * 65_000}),
    **{
        f"no {name}": lambda name=name: {key: value for key, value in body().items() if key != name}
        for name in ("v", "id", "type", "outcome", "occurred_at", "actor", "asserted_by")
    },
}


@pytest.mark.parametrize("shape", SHAPELESS)
def test_T13_what_has_no_shape_is_refused_at_the_door(services: Services, shape: str) -> None:
    """T13: bytes that are no event stopped the sealer for good."""
    with pytest.raises(psycopg.DatabaseError) as refused:
        write(services.database_url, SHAPELESS[shape]())
    assert not AuditEvent.objects.exists()
    assert not isinstance(refused.value, errors.InternalError | errors.SyntaxError)


# What the door lets through all the same, and what older rows may hold.
HOSTILE: dict[str, dict[str, Any]] = {
    "null": {"action_detail": {"a": None}},
    "one and a half": {
        "type": "viewing.watched",
        "action_detail": {"spans": 1.5, "rate_percent": [], "watched_ms": "x"},
    },
    "an unknown kind": {"type": "coffee.made"},
    "a person who is no number": {
        "actor": {"ref": "user:1.5"},
        "object": {"ref": "user:x", "kind": "person"},
    },
    "an object that is no number": {
        "object": {"ref": "object:01/../x", "kind": "object", "parent": "object:"}
    },
    "a key with blanks": {"action_detail": {"a b": {"c": [[[]]]}}},
    "details of another kind": {"type": "config.changed", "change": {"before": [], "after": "x"}},
    "a manifest's details": {
        "type": "export.requested",
        "action_detail": {"scope": "x", "filters": 1, "format": []},
    },
}
OLDER = {
    "no JSON": b"\xff\xfe",
    "a list": b"[1]",
    "deep": b'{"a":' * 900 + b"1" + b"}" * 900,
    "numbers for objects": b'{"type":1,"actor":2,"object":3,"action_detail":4,"id":5}',
}


def older(admin: psycopg.Connection[Any], data: bytes, number: int) -> UUID:
    """A row as it may lie there from before: only a superuser can still write it."""
    event_id = uuid7()
    admin.execute(
        "INSERT INTO audit.event (event_id, body, body_hash, recorded_at, occurred_at, skewed, kind, outcome,"
        " actor_ref, actor_role, target_kind, target_ref, parent_ref, purpose, request_id)"
        " VALUES (%s, %s, sha256(%s), now(), %s, true, 'recording.opened', 'granted', 'user:1', '', 'recording',"
        " 'recording:1', '', 'x', '')",
        [event_id, data, data, ["infinity", "-infinity", "12000-01-01T00:00:00Z", "now"][number]],
    )
    return event_id


def test_T13_no_page_dies_of_a_row(services: Services, admin_connection: psycopg.Connection[Any]) -> None:
    """T13: one row of an odd shape and the page of the trail answered 500, for everybody."""
    from tests.factories import person
    from tests.integration.trail.helpers import signed_in

    officer = person("compliance_officer", "noa.levi")
    client = signed_in(officer)
    events = []
    for more in HOSTILE.values():
        event = body(**({"actor": {"ref": f"user:{officer.pk}"}} | more))
        write(services.database_url, event)
        events.append(event["id"])
    events += [str(older(admin_connection, data, n)) for n, data in enumerate(OLDER.values())]
    for address in (
        "/audit/",
        "/audit/?q=recording:1",
        f"/audit/people/{officer.pk}/",
        *(f"/audit/events/{event}/" for event in events),
        *(f"/audit/events/{event}/body" for event in events),
    ):
        assert client.get(address).status_code == 200, address


def test_T13_no_report_dies_of_a_row(
    services: Services, admin_connection: psycopg.Connection[Any], tmp_path: Path
) -> None:
    """T13: a period report "built" for ever over one row."""
    from recordings.reach import EVERYTHING
    from recordings.reports.events import Wanted, snapshot
    from recordings.reports.lines import FORMATS
    from recordings.trail.filters import TrailFilters

    for more in HOSTILE.values():
        write(services.database_url, body(**more))
    for n, data in enumerate(OLDER.values()):
        older(admin_connection, data, n)
    last = AuditEvent.objects.order_by("-id")[0].id
    with snapshot(Wanted(TrailFilters(), EVERYTHING, last, ())) as found:
        lines = [line for one in found.slices() for line in found.read(one)]
    assert len(lines) == len(HOSTILE) + len(OLDER)
    for name in FORMATS:
        assert FORMATS[name].encoder()(lines)


# --- T11: the lag


def test_T11_leaves_that_nobody_signed_do_not_count(
    services: Services, signer: Signer, settings: Any, admin_connection: psycopg.Connection[Any]
) -> None:
    """T11: the lag was read from a mark, and leaves were believed as they lay, all writable by portal_sealer."""
    seal_all(services, signer=signer)
    write_events(services, 3)
    age(services, settings.AUDIT_LAG_LIMIT_SECONDS + 1)
    with psycopg.connect(services.sealer_url, autocommit=True) as sealer:
        sealer.execute(
            "INSERT INTO audit.leaf (n, event_no, event_id, entry, hash, act, act_n)"
            " SELECT (SELECT max(n) FROM audit.leaf) + row_number() OVER (ORDER BY id), id, event_id, 'x',"
            " sha256('\\x00'::bytea || 'x'), sha256('x'), 1000 + id FROM audit.event e"
            " WHERE NOT EXISTS (SELECT FROM audit.leaf WHERE event_no = e.id)"
        )
        sealer.execute(
            "INSERT INTO audit.checkpoint (size, root, origin, note) SELECT 1000000, root, origin, note"
            " FROM audit.checkpoint ORDER BY size DESC LIMIT 1"
        )
    assert lag().count == 3
    assert lag().alarming
    with pytest.raises(NotSealed):
        record(Kind.SEARCHED, by=NOA)


ALWAYS = {
    "auth.signed_out", "auth.session_ended", "auth.failed", "auth.locked", "auth.unlocked",
    "auth.confirmation_failed", "auth.factor_refused", "auth.sessions_ended",
    "auth.enrolment_closed", "auth.break_glass_used", "role.revoked", "person.deactivated",
    "person.invitation_refused",
    "person.invitation_mailed",
    "access.denied", "viewing.denied", "download.requested", "download.refused",
    "viewing.url_refused", "viewing.requested", "viewing.watched", "viewing.watch_excess",
    "viewing.finished", "refresh.requested",
    "recording.discovered", "recording.changed_at_source", "recording.vanished_at_source", "recording.reappeared",
    "recording.file_identified", "recording.file_differs", "recording.mass_absence_accepted",
    "recording.not_playable", "recording.media_failed", "config.changed", "logging.started", "logging.stopped",
    "audit.verified", "export.built", "export.failed",
    "person.removed", "group.removed", "group.member_removed", "group.role_ended", "provisioning.token_revoked",
    "provisioning.refused", "agent.unlinked", "exemplar.withdrawn", "training.cancelled", "coaching.reminded",
}  # fmt: skip
WHEN_IT_CONTRADICTS = {"audit.checkpoint_compared", "audit.bundle_checked"}


@pytest.mark.parametrize("kind", Kind)
def test_T11_every_kind_stops_or_goes_on(
    services: Services, signer: Signer, settings: Any, kind: Kind
) -> None:
    """T11, A17: searches and openings were answered 200 and never sealed. The truth table, kind by kind."""
    seal_all(services, signer=signer)
    write_events(services, 1)
    age(services, settings.AUDIT_LAG_LIMIT_SECONDS + 1)
    expected = {
        (NOA, Outcome.COMPLETED): kind in ALWAYS,
        (SAM, Outcome.COMPLETED): kind in ALWAYS | {"auth.signed_in"},
        (NOA, Outcome.ERROR): kind in ALWAYS | WHEN_IT_CONTRADICTS,
    }
    for (by, outcome), goes in expected.items():
        assert written_despite_lag(kind, outcome, by) == goes
        if kind.value in OWN or kind.value.startswith("subject."):
            continue  # not the application's to write
        for write_it in (
            lambda by=by, outcome=outcome: record(kind, by=by, outcome=outcome),
            lambda by=by, outcome=outcome: record_committed(kind, by=by, outcome=outcome),
            *(
                [lambda by=by: record_all([Entry(kind, RECORDING)], by=by)]
                if outcome is Outcome.COMPLETED
                else []
            ),
        ):
            before = AuditEvent.objects.count()
            if goes:
                write_it()
            else:
                with pytest.raises(NotSealed):
                    write_it()
            assert AuditEvent.objects.count() == before + goes


def test_T11_without_a_log_nothing_waits(services: Services, settings: Any) -> None:
    settings.AUDIT_ORIGIN = ""
    write_events(services, 1)
    age(services, settings.AUDIT_LAG_LIMIT_SECONDS + 1)
    record(Kind.SEARCHED, by=NOA)


def test_T11_it_opens_again_once_the_log_has_caught_up(
    services: Services, signer: Signer, settings: Any
) -> None:
    write_events(services, 2)
    age(services, settings.AUDIT_LAG_LIMIT_SECONDS + 1)
    with pytest.raises(NotSealed):
        record(Kind.SEARCHED, by=NOA)
    seal_all(services, signer=signer)
    record(Kind.SEARCHED, by=NOA)
