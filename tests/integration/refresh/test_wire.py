"""The portal behind a bad wire to a real CommBox: nothing held is lost, nobody waits long, all returns by itself."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from auditportal.sandbox.control.control import Control
from recordings.commbox import assembly
from recordings.models import CommBoxObject, Recording, SourceStatus
from recordings.operations import banners
from recordings.refresh import sweep
from recordings.refresh.actions import mark_due, refresh_object
from tests.factories import person
from tests.faultproxy import FaultProxy, between
from tests.integration.refresh.helpers import BY

pytestmark = pytest.mark.django_db

LONG_AFTER_THE_DEADLINE = 120  # of two seconds; without a deadline it would be minutes more


@pytest.fixture
def wire(settings: Any, upstream: Control) -> Iterator[FaultProxy]:
    address = urlsplit(settings.COMMBOX_API_URL)
    with between(address.hostname or "", address.port or 0) as proxy:
        settings.COMMBOX_API_URL = proxy.url
        yield proxy
        if assembly.client.cache_info().currsize:
            assembly.client().close()
        assembly.client.cache_clear()


@pytest.fixture
def known(held: CommBoxObject, upstream: Control, wire: FaultProxy) -> CommBoxObject:
    """An object with three recordings that were stored over a good wire."""
    for _ in range(3):
        upstream.advance_clock(60)
        upstream.add_recording(held.pk, stored=False)
    assert refresh_object(object_id=held.pk, by=BY).ok
    return held


def fails(thing: CommBoxObject) -> str:
    rows = list(Recording.objects.order_by("pk").values())
    outcome = refresh_object(object_id=thing.pk, by=BY)
    assert not outcome.ok
    assert list(Recording.objects.order_by("pk").values()) == rows
    return outcome.error


def recovers(thing: CommBoxObject) -> None:
    """By the row's own due time, with the gate's next probe, and nothing else."""
    SourceStatus.objects.update(next_try_at=timezone.now())  # half a minute later
    CommBoxObject.objects.update(refresh_due_at=timezone.now())
    assert sweep.refresh_due() == 1
    assert banners.banners() == []
    thing.refresh_from_db()
    assert thing.refresh_error == ""


def test_refused_connections_are_said_and_waited_for(known: CommBoxObject, wire: FaultProxy) -> None:
    """F01."""
    wire.go_down()
    assert fails(known) == "CommBox could not be reached."
    (banner,) = banners.banners()
    assert banner["title"].startswith("CommBox has not been reachable since")
    mark_due(known.pk)
    assert sweep.refresh_due() == 0  # held back, not failed
    known.refresh_from_db()
    assert (known.refresh_attempts, known.refresh_due_at is not None) == (1, True)
    wire.come_back()
    recovers(known)


def test_a_page_never_waits_for_a_slow_commbox(
    known: CommBoxObject, wire: FaultProxy, client: Client, upstream: Control
) -> None:
    """F02: ten minutes to the first byte; the page asks CommBox nothing, the worker's call ends at its deadline."""
    wire.wire.latency = 600
    client.force_login(person("qa_manager"))
    upstream.clear_logs()
    assert client.get(f"/objects/{known.pk}/").status_code == 200
    assert upstream.requests() == []
    started = time.monotonic()
    assert fails(known) == "CommBox could not be reached."
    assert time.monotonic() - started < LONG_AFTER_THE_DEADLINE
    wire.wire.latency = 0
    recovers(known)


def test_a_drip_ends_with_the_whole_call(known: CommBoxObject, wire: FaultProxy) -> None:
    """F03: no single wait is long, the whole is; the worker is free again within its deadline."""
    wire.wire.drip = 0.9
    started = time.monotonic()
    assert fails(known) == "CommBox could not be reached."
    assert time.monotonic() - started < LONG_AFTER_THE_DEADLINE
    wire.wire.drip = 0
    recovers(known)


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("after", [0, 1, 40, 200, 600])
def test_an_answer_cut_at_any_byte_changes_nothing(
    known: CommBoxObject, wire: FaultProxy, after: int, reset: bool
) -> None:
    """F07."""
    wire.wire.cut_after, wire.wire.reset = after, reset
    assembly.client().close()
    assembly.client.cache_clear()  # new connections: the count of bytes begins with each
    assert fails(known).startswith("CommBox ")
    wire.wire.cut_after = None
    recovers(known)


def test_a_stalled_wire_ends_the_call_and_is_asked_again_later(
    known: CommBoxObject, wire: FaultProxy
) -> None:
    wire.wire.stall = True
    started = time.monotonic()
    assert fails(known) == "CommBox could not be reached."
    assert time.monotonic() - started < LONG_AFTER_THE_DEADLINE
    known.refresh_from_db()
    assert known.refresh_due_at is not None
    assert known.refresh_due_at > timezone.now() + timedelta(seconds=20)
    wire.wire.stall = False
    recovers(known)


def test_a_third_of_all_calls_failing_ends_with_every_object_fresh(
    db: None, upstream: Control, wire: FaultProxy
) -> None:
    """F06: through retries and later sweeps, without a doubled row and with few extra calls."""
    from tests.integration.refresh.helpers import hold

    things = [hold(upstream, nth=number) for number in range(20)]
    for thing in things:
        upstream.add_recording(thing.pk, stored=False)
    CommBoxObject.objects.update(refresh_due_at=timezone.now())
    upstream.clear_logs()
    upstream.fault_rate(0.3, seed=5)
    for _ in range(30):
        SourceStatus.objects.update(next_try_at=timezone.now())
        CommBoxObject.objects.filter(refreshed_at=None).update(refresh_due_at=timezone.now())
        if not sweep.refresh_due():
            break
    assert CommBoxObject.objects.filter(refreshed_at=None).count() == 0
    assert Recording.objects.count() == 20
    assert len(upstream.requests()) <= 60
