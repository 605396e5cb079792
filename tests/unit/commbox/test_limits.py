"""The call budget: 4 a second, 2 at a time, a reserved part for playback, and life without Redis (F04, F20–F22)."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from fakeredis import FakeRedis
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from recordings.commbox import limits
from recordings.commbox.errors import Throttled
from recordings.commbox.limits import CallBudget, LocalGround, Priority, SharedGround

GONE = Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2, retry=None)


@pytest.fixture
def redis() -> Iterator[FakeRedis]:
    with FakeRedis() as server:
        yield server


@pytest.fixture(params=["shared", "local"])
def ground(request: pytest.FixtureRequest, redis: FakeRedis) -> limits.Ground:
    return SharedGround(redis, "acme") if request.param == "shared" else LocalGround()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PATIENCE_SECONDS", {"background": 0.1, "playback": 0.1})


def _turns(turn_in: Callable[[Priority], float], priority: Priority, tries: int = 9) -> int:
    return sum(turn_in(priority) == 0 for _ in range(tries))


def test_background_may_not_take_the_last_turn_of_a_second(redis: FakeRedis) -> None:
    ground = SharedGround(redis, "acme")
    assert [_turns(ground.turn_in, "background"), _turns(ground.turn_in, "playback")] == [3, 1]


def test_playback_alone_may_take_every_turn(redis: FakeRedis) -> None:
    ground = SharedGround(redis, "acme")
    assert [_turns(ground.turn_in, "playback"), _turns(ground.turn_in, "background")] == [4, 0]


def test_without_redis_a_process_keeps_to_a_quarter() -> None:
    ground = LocalGround()
    assert [_turns(ground.turn_in, "background"), _turns(ground.turn_in, "playback")] == [1, 1]


def test_two_processes_share_one_budget_and_two_accounts_do_not(redis: FakeRedis) -> None:
    here, there, other = (SharedGround(redis, account) for account in ("acme", "acme", "beta"))
    assert [_turns(g.turn_in, "playback") for g in (here, there, other)] == [4, 0, 4]


def test_the_budget_fills_up_again(ground: limits.Ground) -> None:
    while (wait := ground.turn_in("playback")) == 0:
        pass
    assert 0 < wait < 1.1
    time.sleep(wait + 0.05)
    assert ground.turn_in("playback") == 0


def test_two_places_one_of_them_for_playback_only(ground: limits.Ground) -> None:
    background = ground.take_place("background")
    assert background is not None
    assert ground.take_place("background") is None
    playback = ground.take_place("playback")
    assert playback is not None
    assert ground.take_place("playback") is None
    ground.give_back(playback)
    assert ground.take_place("background") is None
    assert ground.take_place("playback") is not None


def test_a_place_that_was_lost_and_taken_by_another_is_not_given_back(redis: FakeRedis) -> None:
    ground = SharedGround(redis, "acme")
    mine = ground.take_place("background")
    assert mine
    redis.delete("commbox:acme:places", "commbox:acme:places:background")
    theirs = ground.take_place("background")
    ground.give_back(mine)
    assert theirs
    assert ground.take_place("background") is None


def test_a_killed_process_holds_its_place_for_less_than_a_minute(redis: FakeRedis) -> None:
    assert SharedGround(redis, "acme").take_place("background")
    assert 30 < redis.ttl("commbox:acme:places") < 60


def test_a_process_that_was_killed_here_holds_its_place_for_a_moment(redis: FakeRedis) -> None:
    """F17: else the next one would wait three quarters of a minute for it."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    ground = SharedGround(redis, "acme")
    for name in ("places", "places:background"):
        redis.zadd(f"commbox:acme:{name}", {f"{limits._here()}/{process.pid}/a": time.time() + 45})
    assert ground.take_place("background") is None
    assert ground.take_place("background")


@pytest.mark.parametrize("holder", [f"another-machine/{2**22 + 1}/a", f"{limits._here()}/1/a"])
def test_the_place_of_whoever_may_be_alive_is_left_alone(redis: FakeRedis, holder: str) -> None:
    ground = SharedGround(redis, "acme")
    for name in ("places", "places:background"):
        redis.zadd(f"commbox:acme:{name}", {holder: time.time() + 45})
    assert [ground.take_place("background") for _ in range(3)] == [None] * 3


def test_what_is_left_is_known(redis: FakeRedis) -> None:
    budget = CallBudget(redis, "acme", 8, 5)
    assert budget.left() == (8, 5, 0.0)
    with budget.acquire("playback"), budget.acquire("background"):
        assert budget.left() == (6, 3, 0.0)
    budget.pause(30)
    left = budget.left()
    assert left is not None
    assert (left.places, 29 < left.pause_seconds <= 30) == (5, True)
    assert CallBudget(GONE, "acme").left() is None


def test_more_places_when_an_installation_knows_better(redis: FakeRedis) -> None:
    for ground in (SharedGround(redis, "acme", 4, 20), LocalGround(4, 20)):
        taken = [ground.take_place("background") for _ in range(25)]
        assert len([place for place in taken if place]) == 19
        assert ground.take_place("playback")
        assert ground.take_place("playback") is None


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


def test_without_a_wish_each_pause_is_longer_up_to_five_minutes(ground: limits.Ground) -> None:
    pauses = []
    for _ in range(12):
        ground.pause(None)
        pauses.append(round(ground.pause_left()))
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_a_short_pause_is_waited_out(redis: FakeRedis) -> None:
    budget = CallBudget(redis, "acme")
    budget.pause(0.2)
    started = time.monotonic()
    with budget.acquire("background"):
        assert time.monotonic() - started >= 0.19


@pytest.mark.parametrize("shared", [True, False])
def test_never_more_than_two_at_a_time_and_four_a_second(shared: bool, redis: FakeRedis) -> None:
    budget = CallBudget(redis if shared else None, "acme")
    lock = threading.Lock()
    running, most, starts = 0, 0, []

    def call(priority: Priority) -> None:
        nonlocal running, most
        with budget.acquire(priority):
            with lock:
                running += 1
                most = max(most, running)
                starts.append(time.monotonic())
            time.sleep(0.02)
            with lock:
                running -= 1

    threads = [threading.Thread(target=call, args=("playback",)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    allowed = 4 if shared else 2
    assert (len(starts), most <= 2) == (5, True)
    assert all(later - earlier > 0.9 for earlier, later in zip(starts, starts[allowed:], strict=False))


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
    assert redis.get("commbox:acme:place:b") is None


def test_redis_gone_from_the_start_costs_one_look_and_no_call() -> None:
    budget = CallBudget(GONE, "acme")
    started = time.monotonic()
    with budget.acquire("background"), budget.acquire("playback"):
        pass
    budget.pause(60)
    assert time.monotonic() - started < 8
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


@pytest.mark.slow
def test_turns_long_past_are_forgotten(redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LEAK_EVERY", 1)
    ground = SharedGround(redis, "acme")
    assert _turns(ground.turn_in, "playback") == 4
    time.sleep(1.2)
    ground.turn_in("playback")
    assert redis.zcard("commbox:acme:turns:4") == 1


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


@pytest.mark.parametrize(("per_second", "turns"), [(2, 1), (4, 3), (8, 6), (40, 30)])
def test_an_installation_s_own_rate_is_shared_in_the_same_parts(redis, per_second, turns):
    ground = SharedGround(redis, "acme", per_second)
    assert [ground.turn_in("background") == 0 for _ in range(turns + 1)] == [True] * turns + [False]
