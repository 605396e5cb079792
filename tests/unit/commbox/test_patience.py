"""When to ask again: Retry-After in all its forms (F05), full jitter, merged calls."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.commbox import retry
from recordings.commbox.errors import (
    BadResponse,
    Forbidden,
    NotFound,
    ServerError,
    Throttled,
    Unauthorized,
    Unreachable,
)
from recordings.commbox.inflight import SharedCalls
from recordings.commbox.retry import INTERACTIVE, Backoff, RetryDecision, retry_after_seconds

NOW = datetime(2026, 5, 13, 9, 20, 11, tzinfo=UTC)


def _date(**ahead: float) -> str:
    return format_datetime(NOW + timedelta(**ahead), usegmt=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0007", 7.0),
        ("3600", 3600.0),
        ("3601", 3600.0),
        ("2027", 2027.0),
        ("99999", 3600.0),
        ("9" * 5000, 3600.0),
        ("0" * 5000, 0.0),
        (_date(seconds=30), 30.0),
        (_date(days=365), 3600.0),
        (_date(seconds=-30), 0.0),
        (_date(days=-9999), 0.0),
        ("Wed, 13 May 2026 09:20:41 -0000", 30.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("１２", None),
        ("7, 8", None),
        ("Wed, 99 May 2026 09:20:41 GMT", None),
        ("Wed, 13 May 99999 09:20:41 GMT", None),
        ("x" * 5000, None),
    ],
)
def test_retry_after_in_every_form(header: str, seconds: float | None) -> None:
    """F05: seconds, dates, the past, garbage, years, 5,000 digits."""
    assert retry_after_seconds(header, NOW) == seconds


@given(st.text())
def test_no_header_makes_it_stumble(header: str) -> None:
    seconds = retry_after_seconds(header, NOW)
    assert seconds is None or 0 <= seconds <= 3600


def patience(backoff: Backoff | None = None) -> RetryDecision:
    return RetryDecision(backoff or Backoff())


def test_full_jitter_spreads_over_the_whole_ceiling() -> None:
    for failures, ceiling in [(1, 1.0), (2, 2.0), (3, 4.0), (7, 60.0), (5000, 60.0)]:
        assert Backoff().ceiling(failures) == ceiling
    waits = [patience()(ServerError()) for _ in range(400)]
    assert all(isinstance(wait, float) and 0 <= wait <= 1 for wait in waits)
    assert min(waits) < 0.1 < 0.9 < max(waits)


@pytest.mark.parametrize("wished", [0.0, 0.5, 4.0, 10.0])
def test_a_wish_is_obeyed_and_never_shortens_our_own_backoff(wished: float) -> None:
    for _ in range(50):
        wait = patience()(Throttled(status=429, retry_after=wished))
        assert max(wished, 0.0) <= wait <= max(wished, 1.0)


@pytest.mark.parametrize("wished", [10.1, 60.0, 3600.0])
def test_a_wait_too_long_to_sleep_through_is_handed_on(wished: float) -> None:
    assert patience()(Throttled(status=429, retry_after=wished)) is False


def test_interactive_calls_hardly_wait() -> None:
    assert patience(INTERACTIVE)(Throttled(status=429, retry_after=2.0)) is False
    assert patience(INTERACTIVE)(ServerError()) <= 0.5
    assert 7.9 < patience(INTERACTIVE).seconds_left() <= 8.0
    assert 49.9 < patience().seconds_left() <= 50.0


@pytest.mark.parametrize(
    "error", [NotFound(), Unauthorized(), Forbidden(), BadResponse(retriable=False), ValueError()]
)
def test_what_will_not_change_is_not_asked_again(error: Exception) -> None:
    assert patience()(error) is False


def test_a_bad_answer_is_asked_for_three_times_at_most() -> None:
    """F07."""
    hook = patience()
    assert [hook(BadResponse()) is False for _ in range(3)] == [False, False, True]


def test_no_wait_goes_beyond_the_end_of_the_whole_call() -> None:
    hook = patience(Backoff(total=5.0))
    assert hook(Throttled(status=429, retry_after=4.0)) == 4.0
    assert hook(Throttled(status=429, retry_after=6.0)) is False


@pytest.mark.parametrize(
    ("seconds", "tries", "at_most"),
    [(30.0, 1, 30.0), (13.0, 1, 13.0), (11.0, 5, 50.0), (5.0, 5, 50.0), (0.01, 5, 50.0)],
)
def test_one_object_costs_a_worker_one_silent_exchange_and_never_more_than_the_whole_call(
    monkeypatch: pytest.MonkeyPatch, seconds: float, tries: int, at_most: float
) -> None:
    """Of a call that is silent, or drips, for the 30 seconds of an exchange there is no second one."""
    clock = [1000.0]
    monkeypatch.setattr(retry.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(retry.random, "uniform", lambda least, most: 0.0)
    hook, made = patience(), 0
    while True:
        made += 1
        clock[0] += min(seconds, hook.seconds_left())
        wait = hook(Unreachable())
        if wait is False:
            break
        clock[0] += wait
    assert made <= tries
    assert (made == 1) is (tries == 1)
    assert clock[0] - 1000.0 <= at_most


def test_the_same_call_in_flight_is_made_once_and_shared() -> None:
    merged: SharedCalls[str, object] = SharedCalls()
    calls: Counter[str] = Counter()
    released = threading.Event()

    def work(key: str) -> object:
        calls[key] += 1
        released.wait(60)
        return object()

    results: list[object] = []
    threads = [
        threading.Thread(target=lambda: results.append(merged.call("a", lambda: work("a")))) for _ in range(5)
    ] + [threading.Thread(target=lambda: merged.call("b", lambda: work("b")))]
    for thread in threads:
        thread.start()
    while sum(calls.values()) < 2:
        threading.Event().wait(0.01)
    threading.Event().wait(0.1)
    released.set()
    for thread in threads:
        thread.join()

    assert (calls, len(results), len(set(map(id, results)))) == (Counter(a=1, b=1), 5, 1)
    assert merged.call("a", lambda: "again") == "again"


def test_an_error_is_shared_and_forgotten() -> None:
    merged: SharedCalls[str, int] = SharedCalls()

    def fail() -> int:
        raise NotFound

    for _ in range(2):
        with pytest.raises(NotFound):
            merged.call("a", fail)
    assert merged.call("a", lambda: 1) == 1
