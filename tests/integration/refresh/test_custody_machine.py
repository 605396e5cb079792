"""Whatever CommBox does between refreshes, and wherever one is killed: what was seen stays listed, and refreshing twice
is refreshing once."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
from django.conf import settings as conf
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from auditportal.sandbox.control.control import Control
from auditportal.sandbox.world.account import Activity
from recordings.commbox import CommBox
from recordings.models import AuditEvent, CommBoxObject, Recording, RecordingState, SourceStatus
from recordings.refresh import actions, fetching, leases, sweep
from recordings.timed import forget_all
from tests.integration.refresh.helpers import BY, hold
from tests.thorough import examples

FAULTS = [
    "error_500",
    "html_200",
    "invalid_json",
    "unauthorized",
    "throttled",
    "not_found",
    "body_status",
    "cut",
]


GONE = 2**31 - 1  # no database session has this number


class Killed(BaseException):
    """As if the process had died here."""


class Deadly:
    """Instead of the n-th statement the process dies.

    Where that is a commit (here the release of a savepoint), the server undoes what was not committed.
    """

    def __init__(self, statement: int) -> None:
        self._left, self.has_struck = statement, False

    def __call__(self, execute: Any, sql: str, *args: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            self.has_struck = True
            if sql.startswith("RELEASE SAVEPOINT"):
                execute(sql.replace("RELEASE", "ROLLBACK TO", 1), *args)
            raise Killed
        return execute(sql, *args)


class Custody(RuleBasedStateMachine):
    """Adds, removes, re-signs, renames and breaks recordings upstream; refreshes, is killed and starts again."""

    upstream: Control

    def __init__(self) -> None:
        super().__init__()
        self.before = transaction.savepoint()
        self.upstream.switch(activity_shape="A", activity_ids=False)
        self.thing = hold(self.upstream)
        self.activities: list[Activity] = []
        self.ever_seen: set[Any] = set()
        self.foreign = 0
        self.renamed = 0

    def teardown(self) -> None:
        # The application's login may not delete what was seen.
        transaction.savepoint_rollback(self.before)
        self.upstream.world.conversation(self.thing.pk).activities.clear()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """With a client of its own: breaker and budget remember, and here each refresh stands alone."""
        with (
            CommBox(conf.COMMBOX_API_URL, [conf.COMMBOX_API_KEY], attempts=1) as client,
            mock.patch.object(fetching, "client", return_value=client),
        ):
            yield

    def _refresh(self) -> bool:
        with self._asking():
            return actions.refresh_object(object_id=self.thing.pk, by=BY).ok

    def _one(self, number: int) -> Activity:
        return self.activities[number % len(self.activities)]

    @rule(duration=st.integers(-3, 100), virtual_host=st.booleans(), presigned=st.booleans())
    def add(self, duration: int, virtual_host: bool, presigned: bool) -> None:
        self.upstream.advance_clock(60)
        self.activities.append(
            self.upstream.add_recording(
                self.thing.pk, duration=duration, virtual_host=virtual_host, presigned=presigned, stored=False
            )
        )

    @precondition(lambda self: self.activities)
    @rule(number=st.integers(0, 9))
    def drop_or_restore(self, number: int) -> None:
        activity = self._one(number)
        activity.dropped = not activity.dropped

    @precondition(lambda self: self.activities)
    @rule(number=st.integers(0, 9), duration=st.integers(0, 100))
    def change(self, number: int, duration: int) -> None:
        self._one(number).metadata["duration"] = duration

    @precondition(lambda self: self.activities)
    @rule(number=st.integers(0, 9), presigned=st.booleans())
    def sign_otherwise(self, number: int, presigned: bool) -> None:
        """A signature of another second, or one where there was none, is no other recording."""
        activity = self._one(number)
        assert activity.file is not None
        assert self._refresh()
        known = Recording.objects.count()
        self.upstream.advance_clock(1)
        activity.file = replace(activity.file, presigned=presigned)
        assert self._refresh()
        assert Recording.objects.count() == known

    @precondition(lambda self: self.activities)
    @rule(number=st.integers(0, 9))
    def rename(self, number: int) -> None:
        """The file lies elsewhere from now on: without an id of the activity that may be another recording."""
        activity = self._one(number)
        assert activity.file is not None
        self.renamed += 1
        activity.file = replace(activity.file, key=f"renamed/{self.renamed}.mp4")

    @precondition(lambda self: self.activities)
    @rule(number=st.integers(0, 9))
    def repeat(self, number: int) -> None:
        self.upstream.repeat_activity(self._one(number).id)

    @rule()
    def add_a_foreign_one(self) -> None:
        self.upstream.add_recording(self.thing.pk, claims_object=5, stored=False)
        self.foreign += 1

    @rule(shape=st.sampled_from(["A", "B", "C", "mixed"]), ids=st.booleans())
    def change_manners(self, shape: str, ids: bool) -> None:
        self.refresh_twice()
        self.upstream.switch(activity_shape=shape, activity_ids=ids)
        self.refresh_twice()

    @rule(fault=st.sampled_from(FAULTS))
    def refresh_in_vain(self, fault: str) -> None:
        before = list(Recording.objects.order_by("pk").values())
        self.upstream.script_faults([{"kind": fault, "path": "*activities", "count": 9}])
        assert not self._refresh()
        self.upstream.clear_faults()
        assert list(Recording.objects.order_by("pk").values()) == before

    @rule(statement=st.integers(1, 20))
    def refresh_and_be_killed(self, statement: int) -> None:
        """At any statement of the whole way, with the object leased: nothing is half done."""
        CommBoxObject.objects.update(refresh_due_at=timezone.now())
        leases.claim_one(self.thing.pk)
        before = self._held()
        deadly = Deadly(statement)
        with connection.execute_wrapper(deadly), suppress(Killed):
            self._refresh()
        assert not deadly.has_struck or self._held() == before

    @rule()
    def restart(self) -> None:
        """Whoever held the lease is gone with his session; the next worker's sweep takes it up."""
        CommBoxObject.objects.update(refresh_due_at=timezone.now())
        CommBoxObject.objects.exclude(refresh_leased_until=None).update(refresh_leased_by=GONE)
        SourceStatus.objects.update(
            failing_since=None, error="", error_class="", failures=0, next_try_at=None
        )
        forget_all()
        with self._asking():
            asked = sweep.refresh_due()
        assert asked in (1, 2)  # twice when something is missing: the second look is at once
        row = CommBoxObject.objects.get()
        assert (row.refresh_leased_until, row.refresh_deaths, row.refresh_error) == (None, 0, "")

    def _held(self) -> tuple[list[Any], int]:
        return list(Recording.objects.order_by("pk").values()), AuditEvent.objects.count()

    @rule()
    def refresh_twice(self) -> None:
        """Once more before: what is missing is marked at a second look."""
        assert self._refresh()
        assert self._refresh()
        rows, events = list(Recording.objects.order_by("pk").values()), AuditEvent.objects.count()
        assert self._refresh()
        assert list(Recording.objects.order_by("pk").values()) == rows
        assert AuditEvent.objects.count() == events
        self._compare()

    def _compare(self) -> None:
        told = {activity.id for activity in self.activities if not activity.dropped}
        listed = Recording.objects.filter(vanished_at=None).count()
        foreign = any(
            a.claims_object for a in self.upstream.world.conversation(self.thing.pk).activities_of(27)
        )
        assert listed == len(told) or (foreign and listed >= len(told))

    @invariant()
    def what_was_seen_is_still_listed(self) -> None:
        known = set(Recording.objects.values_list("pk", flat=True))
        assert self.ever_seen <= known
        assert len(known) <= len(self.activities) + self.foreign + self.renamed
        self.ever_seen |= known
        gone = Recording.objects.filter(state=RecordingState.VANISHED)
        assert not gone.filter(vanished_at=None).exists()
        assert Recording.objects.exclude(vanished_at=None).count() == gone.count()


@pytest.mark.slow
@pytest.mark.django_db
def test_custody(upstream: Control) -> None:
    Custody.upstream = upstream
    run_state_machine_as_test(
        Custody,
        settings=settings(
            max_examples=examples(5),
            stateful_step_count=15,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
