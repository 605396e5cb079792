"""The one circuit breaker: what opens it for the background and for a person who waits, and what closes it (F01)."""

from copy import copy
from datetime import timedelta

import pytest
from django.utils import timezone

from auditportal.sandbox.control.control import Control
from auditportal.sandbox.world.seed import PRESIGNED_BUCKET
from recordings import breaker
from recordings.commbox import (
    BadResponse,
    CommBoxError,
    Forbidden,
    NotFound,
    ServerError,
    Throttled,
    Unauthorized,
    Unreachable,
)
from recordings.media_urls import NoUrl, fresh_url
from recordings.models import CommBoxObject, Recording, SourceStatus
from recordings.models.fields import uuid7
from recordings.refresh.actions import refresh_object
from tests.integration.refresh.helpers import BY

pytestmark = pytest.mark.django_db


def who_may_call() -> tuple[bool, bool]:
    """The background, a person."""
    return breaker.may_call(), breaker.may_call(interactive=True)


def fail(error: CommBoxError, times: int = 1, *, interactive: bool = False) -> None:
    for _ in range(times):
        breaker.record_result(copy(error), interactive=interactive)


def test_while_it_fails_one_caller_in_half_a_minute_may_call() -> None:
    assert breaker.may_call()
    fail(Unreachable())
    later = timezone.now() + timedelta(seconds=31)
    assert [breaker.may_call(), breaker.may_call(later), breaker.may_call(later)] == [False, True, False]
    breaker.record_result()
    assert [breaker.may_call(), breaker.may_call()] == [True, True]


def test_an_exchange_that_several_shared_has_failed_once() -> None:
    error = Unreachable()
    for _ in range(5):
        breaker.record_result(error, interactive=True)
    assert SourceStatus.objects.get().failures == 1
    assert breaker.may_call(interactive=True)


def test_the_row_is_not_rewritten_by_every_success() -> None:
    breaker.record_result()
    before = SourceStatus.objects.values().get()
    breaker.record_result()
    assert SourceStatus.objects.values().get() == before


@pytest.mark.parametrize("error", [Unreachable(), ServerError(), Unauthorized()])
def test_a_person_is_let_through_until_five_calls_in_a_row_have_failed(error: CommBoxError) -> None:
    fail(error, 4)
    assert who_may_call() == (False, True)
    fail(error)
    assert who_may_call() == (False, False)
    later = timezone.now() + timedelta(seconds=31)
    assert [breaker.may_call(later, interactive=True), breaker.may_call(later)] == [True, False]
    breaker.record_result(interactive=True)
    assert who_may_call() == (True, True)


@pytest.mark.parametrize("error", [Throttled(status=429), Forbidden(), BadResponse()])
def test_a_person_is_let_through_while_commbox_is_there(error: CommBoxError) -> None:
    """F04: playback keeps its share while CommBox throttles."""
    fail(error, 9)
    assert who_may_call() == (False, True)


def test_a_call_that_a_person_waited_for_does_not_stop_the_background_at_once() -> None:
    fail(Unreachable(), 4, interactive=True)
    assert who_may_call() == (True, True)
    fail(Unreachable(), interactive=True)
    assert who_may_call() == (False, False)


def test_any_answer_shows_that_commbox_is_there() -> None:
    fail(ServerError(), 4, interactive=True)
    breaker.record_result(NotFound(), interactive=True)
    fail(ServerError(), 4, interactive=True)
    assert who_may_call() == (True, True)


def test_our_own_call_budget_says_nothing_about_commbox() -> None:
    fail(Throttled())
    assert who_may_call() == (True, True)
    assert not SourceStatus.objects.exists()


def test_retry_after_holds_the_next_try_back() -> None:
    fail(ServerError(retry_after=300.0))
    now = timezone.now()
    assert [breaker.may_call(now + timedelta(seconds=seconds)) for seconds in (290, 310)] == [False, True]


def test_a_person_s_success_does_not_hide_that_the_refresh_stands_still() -> None:
    breaker.record_result()
    long_ago = timezone.now() - timedelta(minutes=11)
    SourceStatus.objects.update(last_success_at=long_ago)
    breaker.record_result(interactive=True)
    assert SourceStatus.objects.get().last_success_at == long_ago


@pytest.fixture
def presigned(held: CommBoxObject, upstream: Control) -> Recording:
    """A recording whose URL only CommBox can sign."""
    upstream.add_recording(held.pk, presigned=True, bucket=PRESIGNED_BUCKET)
    assert refresh_object(object_id=held.pk, by=BY).ok
    return Recording.objects.select_related("object").get()


def test_playback_calls_through_the_same_breaker(presigned: Recording, upstream: Control) -> None:
    """Five failed calls, then a refusal without a call; the first good one lets everybody through again."""
    upstream.script_faults([{"kind": "error_500", "count": 999}])
    upstream.clear_logs()
    for _ in range(6):
        with pytest.raises(NoUrl) as refusal:
            fresh_url(presigned, uuid7())
    assert len(upstream.requests()) == 10  # five calls of two tries
    assert (refusal.value.code, refusal.value.again) == ("commbox_unreachable", True)
    assert not breaker.may_call()
    upstream.clear_faults()
    SourceStatus.objects.update(next_try_at=timezone.now())  # half a minute later
    assert fresh_url(presigned, uuid7()).signed_by == "commbox"
    assert who_may_call() == (True, True)


def test_custody_and_samples_wait_with_the_rest_of_the_background(
    presigned: Recording, upstream: Control
) -> None:
    fail(Unreachable())
    upstream.clear_logs()
    with pytest.raises(NoUrl):
        fresh_url(presigned, uuid7(), interactive=False)
    assert upstream.requests() == []
    assert fresh_url(presigned, uuid7()).signed_by == "commbox"
