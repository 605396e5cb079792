"""Many answers in one transaction: one that cannot be stored costs its neighbours nothing; suspects go alone."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from unittest import mock

import psycopg
import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auditportal.sandbox.control.control import Control
from recordings import breaker
from recordings.audit import Actor, AuditUnavailable, vault
from recordings.commbox import Unreachable
from recordings.models import AuditEvent, CommBoxObject, Recording, SearchDoc
from recordings.refresh import actions, fetching, leases, storing, sweep
from recordings.refresh.actions import refresh
from recordings.refresh.differences import RecordingChange
from tests.integration.refresh.helpers import BY, hold, kinds

pytestmark = pytest.mark.django_db
GONE = 2**31 - 1  # no database session has this number


@pytest.fixture
def four(db: None, upstream: Control) -> list[CommBoxObject]:
    """Four due objects with a recording each upstream."""
    things = [hold(upstream, nth=number) for number in range(4)]
    for thing in things:
        upstream.add_recording(thing.pk, stored=False)
    CommBoxObject.objects.update(refresh_due_at=timezone.now())
    return things


def refuse(of: CommBoxObject, error: Exception) -> object:
    """Whatever transaction holds this object's rows fails."""
    original = storing.record_custody

    def refusing(changes: Sequence[RecordingChange], *, by: Actor) -> None:
        if any(change.recording.object_id == of.pk for change in changes):
            raise error
        original(changes, by=by)

    return mock.patch.object(storing, "record_custody", refusing)


def store(things: Sequence[CommBoxObject]) -> list[str]:
    return [result.error for result in refresh([thing.pk for thing in things], by=BY)]


def test_a_batch_is_written_by_as_many_statements_as_one_object(
    four: list[CommBoxObject],
) -> None:
    vault._met.clear()  # keys of tests that were rolled back
    store(four[:1])  # looks at the queue and at the source, which are looked at now and then
    counts = []
    for some in (four[1:2], four[2:]):
        answers = [fetching.fetch(thing.pk) for thing in some]
        with CaptureQueriesContext(connection) as captured:
            refresh([], by=BY, fetch=lambda _, answers=answers: answers)  # type: ignore[misc]
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert (Recording.objects.count(), SearchDoc.objects.count()) == (4, 4)
    assert kinds() == ["recording.discovered"] * 4


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("poison"), actions.NOT_STORED),
        (DatabaseError("poison"), actions.NOT_STORED),
        (AuditUnavailable(), AuditUnavailable.sentence),
    ],
)
def test_what_cannot_be_stored_costs_its_neighbours_nothing(
    four: list[CommBoxObject], error: Exception, sentence: str
) -> None:
    with refuse(four[1], error):
        assert store(four) == ["", sentence, "", ""]
    assert Recording.objects.count() == AuditEvent.objects.count() == 3
    four[1].refresh_from_db()
    assert (four[1].refreshed_at, four[1].refresh_error, four[1].refresh_attempts) == (None, sentence, 1)
    assert store(four[1:2]) == [""]


def test_a_trail_that_refuses_three_in_a_row_is_not_asked_for_each(four: list[CommBoxObject]) -> None:
    """F29: each refusal may take two seconds."""
    with mock.patch.object(storing, "record_custody", side_effect=AuditUnavailable) as trail:
        assert store(four) == [AuditUnavailable.sentence] * 4
    assert trail.call_count == 1 + actions.MOST_AUDIT_FAILURES
    assert not Recording.objects.exists()


def test_an_answer_that_breaks_the_parser_is_noted_and_stops_no_sweep(four: list[CommBoxObject]) -> None:
    original = fetching.client

    def broken() -> object:
        client = mock.Mock(wraps=original())
        client.recordings.side_effect = lambda number: (
            1 / (number - four[2].pk) and original().recordings(number)
        )
        return client

    with mock.patch.object(fetching, "client", broken):
        assert sweep.refresh_due() == 4
    assert Recording.objects.count() == 3
    four[2].refresh_from_db()
    assert four[2].refresh_error == actions.NOT_STORED


def test_more_recordings_than_a_transaction_holds_become_several_groups(
    four: list[CommBoxObject], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "BATCH", 2)
    answers = [fetching.fetch(thing.pk) for thing in four]
    assert [len(group) for group in storing.groups_of(answers)] == [2, 2]  # type: ignore[arg-type]


def test_a_lease_ends_with_its_holders_session(four: list[CommBoxObject]) -> None:
    """F17, F18: a minute of waiting is for those who only stopped answering."""
    claimed = leases.claim_due(4)
    assert len(claimed) == 4
    assert leases.claim_suspect() is None
    CommBoxObject.objects.filter(pk=claimed[0]).update(refresh_leased_by=GONE)
    CommBoxObject.objects.filter(pk=claimed[1]).update(refresh_leased_by=None)  # the release before
    assert leases.claim_suspect() == claimed[0]
    assert leases.claim_suspect() is None
    CommBoxObject.objects.filter(pk=claimed[1]).update(refresh_leased_until=timezone.now())
    assert leases.claim_suspect() == claimed[1]


def test_whoever_died_together_travels_alone_until_one_refresh_ended_well(four: list[CommBoxObject]) -> None:
    """F19: three deaths of a batch set nobody aside but the one who dies alone as well."""
    leases.claim_due(4)
    CommBoxObject.objects.update(refresh_leased_by=GONE)
    assert leases.claim_due(4) == []
    in_hand: list[int] = []
    original = sweep.refresh

    def alone(leased: Sequence[int], **options: Any) -> object:
        in_hand.append(
            CommBoxObject.objects.exclude(refresh_leased_until=None).filter(refresh_deaths=1).count()
        )
        CommBoxObject.objects.filter(refresh_leased_by=GONE).update(refresh_leased_until=timezone.now())
        return original(leased, **options)

    with mock.patch.object(sweep, "refresh", alone):
        assert sweep.refresh_due() == 4
    assert in_hand == [1, 1, 1, 1]
    assert list(CommBoxObject.objects.values_list("refresh_deaths", flat=True)) == [0] * 4


def test_while_the_source_fails_a_suspect_waits_like_everybody(
    four: list[CommBoxObject], upstream: Control
) -> None:
    leases.claim_due(1)
    CommBoxObject.objects.update(refresh_leased_by=GONE)
    breaker.record_result(Unreachable())
    assert sweep.refresh_due() == 0
    assert not CommBoxObject.objects.exclude(refresh_leased_until=None).exists()


def test_a_long_call_keeps_its_lease(four: list[CommBoxObject]) -> None:
    claimed = leases.claim_due(2)
    leased = CommBoxObject.objects.filter(pk__in=claimed)
    leased.update(refresh_leased_until=timezone.now() + timedelta(seconds=1))
    leases.extend(claimed)
    soon = timezone.now() + timedelta(seconds=50)
    held = CommBoxObject.objects.filter(refresh_leased_until__gt=soon)
    assert set(held.values_list("pk", flat=True)) == set(claimed)


def test_batches_with_objects_in_common_wait_for_each_other(
    committed_db: None, upstream: Control, admin_connection: psycopg.Connection
) -> None:
    """Another transaction holds one of them: nothing is written until it lets go, and then everything."""
    things = [hold(upstream, nth=number) for number in range(3)]
    for thing in things:
        upstream.add_recording(thing.pk, stored=False)
    answers = [fetching.fetch(thing.pk) for thing in things]

    def work() -> None:
        refresh([], by=BY, fetch=lambda _: answers)
        connection.close()

    with admin_connection.transaction():
        admin_connection.execute("SELECT pg_advisory_xact_lock(%s)", [things[1].pk])
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
        assert not Recording.objects.exists()
    thread.join()
    assert Recording.objects.count() == 3
