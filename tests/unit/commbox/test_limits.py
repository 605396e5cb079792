"""The call budget: 4 a second, 2 at a time, a reserved part for playback, and life without Redis (F04, F20–F22)."""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from unittest import mock

import pytest
from fakeredis import FakeRedis
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from recordings.commbox import counters, limits
from recordings.commbox.counters import LocalCounter, Priority, SharedCounter
from recordings.commbox.errors import Throttled
from recordings.commbox.limits import CallBudget

GONE = Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2, retry=None)


@pytest.fixture
def redis() -> Iterator[FakeRedis]:
    with FakeRedis() as server:
        yield server


Counter = SharedCounter | LocalCounter


def shared(redis: FakeRedis, account: str = "acme", per_second: int = 4, at_once: int = 2) -> SharedCounter:
    return SharedCounter(redis, account, per_second, at_once)


@pytest.fixture(params=["shared", "local"])
def counter(request: pytest.FixtureRequest, redis: FakeRedis) -> Counter:
    return shared(redis) if request.param == "shared" else LocalCounter(4)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PATIENCE_SECONDS", {"background": 0.1, "playback": 0.1})


def enter(counter: Counter, priority: Priority) -> str | None:
    """A call that was counted, or None."""
    call = uuid.uuid4().hex
    return None if counter.enter(call, priority) else call


def calls(counter: Counter, priority: Priority, tries: int = 9) -> int:
    """How many calls, one after the other, may be made at once."""
    made = 0
    for _ in range(tries):
        if call := enter(counter, priority):
            counter.leave(call)
            made += 1
    return made


def test_background_may_not_make_the_last_call_of_a_second(redis: FakeRedis) -> None:
    counter = shared(redis)
    assert [calls(counter, "background"), calls(counter, "playback")] == [3, 1]


def test_playback_alone_may_make_every_call(redis: FakeRedis) -> None:
    counter = shared(redis)
    assert [calls(counter, "playback"), calls(counter, "background")] == [4, 0]


@pytest.mark.parametrize(("per_second", "most"), [(2, 1), (4, 3), (8, 6), (40, 30)])
def test_an_installation_s_own_rate_is_shared_in_the_same_parts(
    redis: FakeRedis, per_second: int, most: int
) -> None:
    assert calls(shared(redis, per_second=per_second), "background", most + 5) == most


def test_two_processes_share_one_budget_and_two_accounts_do_not(redis: FakeRedis) -> None:
    here, there, other = (shared(redis, account) for account in ("acme", "acme", "beta"))
    assert [calls(counter, "playback") for counter in (here, there, other)] == [4, 0, 4]


def test_without_redis_a_process_keeps_to_a_quarter_for_each_priority() -> None:
    counter = LocalCounter(8)
    started = time.monotonic()
    assert [calls(counter, "background"), calls(counter, "playback")] == [1, 1]
    while not (call := enter(counter, "background")):
        time.sleep(0.01)
    assert time.monotonic() - started >= 0.49
    assert [enter(counter, "background"), enter(counter, "playback") is not None] == [None, True]
    time.sleep(0.51)
    assert enter(counter, "background") is None  # the one before is still under way
    counter.leave(call)
    assert enter(counter, "background")


def test_the_budget_fills_up_again(counter: Counter) -> None:
    while call := enter(counter, "playback"):
        counter.leave(call)
    wait = counter.enter("next", "playback")
    assert 0 < wait <= 1
    time.sleep(wait + 0.05)
    assert counter.enter("next", "playback") == 0


def test_two_places_one_of_them_for_playback_only(counter: Counter) -> None:
    background = enter(counter, "background")
    assert background is not None
    assert enter(counter, "background") is None
    assert enter(counter, "playback") is not None
    assert enter(counter, "playback") is None
    time.sleep(1.05)
    assert [enter(counter, "background"), enter(counter, "playback")] == [None, None]
    counter.leave(background)
    assert enter(counter, "background") is not None


def test_a_refused_call_takes_nothing_from_the_others(redis: FakeRedis) -> None:
    """Else whoever waits for a place would use up the calls of the second."""
    counter = shared(redis)
    assert enter(counter, "background")
    for _ in range(20):
        assert enter(counter, "background") is None
    assert counter.left() == (3, 1, 0.0)


def test_a_place_that_was_lost_and_taken_by_another_is_not_freed(redis: FakeRedis) -> None:
    counter = shared(redis)
    mine = enter(counter, "background")
    assert mine
    redis.flushall()
    assert enter(counter, "background")
    counter.leave(mine)
    assert enter(counter, "background") is None


def test_a_killed_process_holds_its_place_for_five_seconds(
    redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F17: on this machine as on any other."""
    assert enter(shared(redis), "background")
    assert 4 <= redis.ttl("commbox:acme:places") <= 5
    monkeypatch.setattr(counters, "PLACE_SECONDS", 1)
    killed, alive = shared(redis, "beta"), shared(redis, "beta")
    assert enter(killed, "background")
    assert enter(alive, "background") is None
    time.sleep(1.05)
    assert enter(alive, "background")


def test_a_long_call_keeps_its_place_to_its_end(redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "PLACE_SECONDS", 1.0)
    monkeypatch.setattr(limits, "EXTEND_EVERY_SECONDS", 0.1)
    budget, other_process = CallBudget(redis, "acme"), shared(redis)
    with budget.acquire("background"):
        ends_at = time.monotonic() + 2.5
        while time.monotonic() < ends_at:
            assert enter(other_process, "background") is None
            time.sleep(0.05)
    assert enter(other_process, "background")
    wait_for_the_extender_to_end(budget)
    with budget.acquire("playback"):
        assert budget._extender is not None


def wait_for_the_extender_to_end(budget: CallBudget) -> None:
    ends_at = time.monotonic() + 30
    while budget._extender is not None:
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def test_a_place_that_is_gone_is_not_taken_again(redis: FakeRedis) -> None:
    counter = shared(redis)
    counter.extend(["gone"])
    assert counter.left().places == 2


def test_what_is_left_is_known(redis: FakeRedis) -> None:
    budget = CallBudget(redis, "acme", 8, 5)
    assert budget.left() == (8, 5, 0.0)
    with budget.acquire("playback"), budget.acquire("background"):
        assert budget.left() == (6, 3, 0.0)
    budget.pause(30)
    left = budget.left()
    assert left is not None
    assert (left.places, 0 < left.pause_seconds <= 30) == (5, True)
    assert CallBudget(GONE, "acme").left() is None


def test_more_places_when_an_installation_knows_better(redis: FakeRedis) -> None:
    counter = shared(redis, per_second=100, at_once=20)
    assert len([1 for _ in range(25) if enter(counter, "background")]) == 19
    assert enter(counter, "playback")
    assert enter(counter, "playback") is None


def test_a_pause_stops_the_background_and_not_playback(redis: FakeRedis, impatient: None) -> None:
    """F04: one process hears 429, all of them rest, and the wait is handed on instead of slept through."""
    CallBudget(redis, "acme").pause(120)
    other_process = CallBudget(redis, "acme")
    with other_process.acquire("playback"):
        pass
    with pytest.raises(Throttled) as refusal, other_process.acquire("background"):
        pass
    assert 100 < (refusal.value.retry_after or 0) <= 120
    assert refusal.value.status is None


def test_without_a_wish_each_pause_is_longer_up_to_five_minutes(counter: Counter) -> None:
    pauses = []
    for _ in range(12):
        counter.pause(None)
        pauses.append(round(counter.pause_left()))
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_a_pause_is_not_cut_short_by_a_later_one(counter: Counter) -> None:
    counter.pause(60)
    counter.pause(1)
    assert counter.pause_left() > 50


def test_a_short_pause_is_waited_out(redis: FakeRedis) -> None:
    budget = CallBudget(redis, "acme")
    budget.pause(0.2)
    started = time.monotonic()
    with budget.acquire("background"):
        assert time.monotonic() - started >= 0.19


@pytest.mark.parametrize(("with_redis", "allowed"), [(True, 4), (False, 1)])
def test_never_more_than_two_at_a_time_and_four_a_second(
    redis: FakeRedis, with_redis: bool, allowed: int
) -> None:
    budget = CallBudget(redis if with_redis else None, "acme")
    lock = threading.Lock()
    running, most, calls = 0, 0, 0
    threads_in_all = allowed + 1  # one has to wait for a second

    def call(priority: Priority) -> None:
        nonlocal running, most, calls
        with budget.acquire(priority):
            with lock:
                running, calls = running + 1, calls + 1
                most = max(most, running)
            time.sleep(0.02)
            with lock:
                running -= 1

    started = time.monotonic()
    threads = [threading.Thread(target=call, args=("playback",)) for _ in range(threads_in_all)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (calls, most <= 2) == (threads_in_all, True)
    assert time.monotonic() - started > 0.9


def test_nobody_waits_longer_than_the_call_has_left(redis: FakeRedis) -> None:
    budget = CallBudget(redis, "acme")
    with budget.acquire("background"):
        started = time.monotonic()
        with pytest.raises(Throttled), budget.acquire("background", longest=0.3):
            pass
        assert time.monotonic() - started < 9  # and not the ten seconds of the background


def test_a_spent_budget_is_a_clear_error(redis: FakeRedis, impatient: None) -> None:
    budget = CallBudget(redis, "acme")
    with ExitStack() as stack:
        stack.enter_context(budget.acquire("background"))
        with pytest.raises(Throttled, match="own call budget") as refusal, budget.acquire("background"):
            pass
    assert refusal.value.retry_after == 1.0
    with budget.acquire("background"):
        pass


def test_the_place_is_free_again_after_an_error(redis: FakeRedis) -> None:
    budget = CallBudget(redis, "acme")
    with pytest.raises(ZeroDivisionError), budget.acquire("background"):
        raise ZeroDivisionError
    assert redis.zcard("commbox:acme:places") == redis.zcard("commbox:acme:places:background") == 0


def test_redis_gone_from_the_start_costs_one_look_and_no_call() -> None:
    budget = CallBudget(GONE, "acme")
    with mock.patch.object(GONE, "execute_command", side_effect=_gone) as looked:
        with budget.acquire("background"), budget.acquire("playback"):
            pass
        budget.pause(60)
    assert looked.call_count == 1
    assert budget._local.pause_left() > 50


def test_redis_going_away_in_the_middle_is_survived(
    redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = CallBudget(redis, "acme")
    with budget.acquire("background"):
        monkeypatch.setattr(redis, "execute_command", _gone)
    with budget.acquire("background"):
        pass
    budget.pause(60)
    assert budget._local.pause_left() > 50


def test_a_pause_is_kept_although_redis_just_went_away(
    redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = CallBudget(redis, "acme")
    with budget.acquire("playback"):
        pass
    monkeypatch.setattr(redis, "execute_command", _gone)
    budget.pause(60)
    assert budget._local.pause_left() > 50


def test_calls_long_past_are_forgotten(redis: FakeRedis) -> None:
    counter = shared(redis)
    assert calls(counter, "playback") == 4
    time.sleep(1.05)
    assert calls(counter, "playback", 1) == 1
    assert redis.zcard("commbox:acme:calls") == 1


def test_redis_coming_back_without_its_scripts_is_used_again(
    redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F20: after FLUSHALL or a restart the scripts are loaded anew."""
    monkeypatch.setattr(limits, "REDIS_REST_SECONDS", 0.0)
    budget = CallBudget(redis, "acme")
    for _ in range(2):
        with budget.acquire("playback"):
            assert redis.zcard("commbox:acme:places") == 1
        redis.script_flush()
        redis.flushall()


def _gone(*args: object, **options: object) -> None:
    raise RedisConnectionError("gone")
