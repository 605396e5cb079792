"""The account's call budget, shared by every process: so many requests a second and at a time, some kept for playback.

CommBox publishes no limit; 4 a second and 2 at a time are ours unless an installation knows better. Background work
gets 3 of 4 turns and all places but one, so an auditor who presses play never waits behind a refresh. Redis holds
the account; while it is gone each process keeps to a quarter of the budget by itself.
"""

import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Literal, NamedTuple, Protocol

from pyrate_limiter import AbstractBucket, InMemoryBucket, Rate, RateItem, RedisBucket
from redis import Redis
from redis.exceptions import RedisError

from recordings.commbox.errors import Throttled

Priority = Literal["background", "playback"]

SECOND = 1000  # pyrate-limiter counts in milliseconds
PER_SECOND = 4
AT_ONCE = 2
PATIENCE_SECONDS: dict[Priority, float] = {"background": 10.0, "playback": 3.0}
PLACE_LIFE_SECONDS = (
    45  # longer than any exchange; frees the place of a process that was killed on another machine
)
DEAD_EVERY_SECONDS = 1.0
POLL_SECONDS = 0.05
SPREAD_SECONDS = 0.02  # those who wait for the same turn; what is slept too long is lost to the account
REDIS_REST_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0
LEAK_EVERY = 50

# A place is a member of a sorted set whose score is the moment it ends by itself: all places, and the background's.
# The server's clock, so that processes need not agree on the time.
_TAKE = """
local now = redis.call('TIME')[1]
local free = 1
for i, key in ipairs(KEYS) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    if redis.call('ZCARD', key) >= tonumber(ARGV[i + 2]) then free = 0 end
end
if free == 1 then
    for i, key in ipairs(KEYS) do
        redis.call('ZADD', key, now + ARGV[2], ARGV[1])
        redis.call('EXPIRE', key, ARGV[2])
    end
end
return free
"""


class Left(NamedTuple):
    """What is left of the budget at a moment: calls of this second, places, and how long background calls rest."""

    turns: int
    places: int
    pause_seconds: float


class Ground(Protocol):
    """Where places and turns are counted."""

    def take_place(self, priority: Priority) -> str | None:
        """A free place, or None."""

    def give_back(self, place: str) -> None:
        """Free a place."""

    def turn_in(self, priority: Priority) -> float:
        """0 when the turn was taken, else seconds until one may come free."""

    def pause(self, seconds: float | None) -> None:
        """Stop background calls for so long; for longer each time when nobody said how long."""

    def pause_left(self) -> float:
        """Seconds background calls still have to wait."""


class _Turns:
    """Two sliding windows: all calls, and background calls among them."""

    def __init__(self, everything: AbstractBucket, background: AbstractBucket) -> None:
        self._buckets: dict[Priority, list[AbstractBucket]] = {
            "playback": [everything],
            "background": [background, everything],
        }
        self._taken = 0

    def turn_in(self, priority: Priority) -> float:
        for bucket in self._buckets[priority]:
            item = RateItem(priority, int(bucket.now()))  # type: ignore[no-untyped-call]
            if not bucket.put(item):
                return max(POLL_SECONDS, float(bucket.waiting(item)) / SECOND)  # type: ignore[arg-type]
            self._taken += 1
            if self._taken % LEAK_EVERY == 0:
                bucket.leak(item.timestamp)
        return 0.0


class LocalGround:
    """Counts inside this process: for an installation without Redis, and while Redis is gone."""

    def __init__(self, per_second: int = PER_SECOND, at_once: int = AT_ONCE) -> None:
        limits = (max(2, per_second // 2), max(1, per_second // 4))  # all, and background among them
        everything, background = (InMemoryBucket([Rate(limit, SECOND)]) for limit in limits)
        self.turn_in = _Turns(everything, background).turn_in
        self._lock = threading.Lock()
        self._most: dict[Priority, int] = {"playback": at_once, "background": at_once - 1}
        self._taken: dict[str, Priority] = {}
        self._paused_until = 0.0
        self._throttled = 0

    def take_place(self, priority: Priority) -> str | None:
        with self._lock:
            counted = [of for of in self._taken.values() if priority == "playback" or of == "background"]
            if len(self._taken) >= self._most["playback"] or len(counted) >= self._most[priority]:
                return None
            place = uuid.uuid4().hex
            self._taken[place] = priority
        return place

    def give_back(self, place: str) -> None:
        with self._lock:
            self._taken.pop(place, None)

    def pause(self, seconds: float | None) -> None:
        with self._lock:
            self._throttled = self._throttled + 1 if self.pause_left() > -60.0 else 1
            pause = seconds or _growing(self._throttled)
            self._paused_until = max(self._paused_until, time.monotonic() + pause)

    def pause_left(self) -> float:
        return self._paused_until - time.monotonic()


class SharedGround:
    """Counts in Redis, for every process of the installation. Every method raises RedisError while it is gone."""

    def __init__(
        self, redis: Redis, account: str, per_second: int = PER_SECOND, at_once: int = AT_ONCE
    ) -> None:
        self._redis, self._per_second = redis, per_second
        self._most = {f"{account}:places": at_once, f"{account}:places:background": at_once - 1}
        self._take = redis.register_script(_TAKE)
        self._look_for_dead_at = 0.0
        self._prefix = f"commbox:{account}:"
        everything, background = (
            RedisBucket.init([Rate(limit, SECOND)], redis, f"{self._prefix}turns:{limit}")
            for limit in (per_second, per_second * 3 // 4)
        )
        self.turn_in = _Turns(everything, background).turn_in

    def take_place(self, priority: Priority) -> str | None:
        place = f"{_here()}/{os.getpid()}/{uuid.uuid4().hex}"
        sets = list(self._most.items())[: 2 if priority == "background" else 1]
        keys = [f"commbox:{name}" for name, _ in sets]
        free = self._take(keys=keys, args=[place, PLACE_LIFE_SECONDS, *(most for _, most in sets)])
        if not free and time.monotonic() >= self._look_for_dead_at:
            self._look_for_dead_at = time.monotonic() + DEAD_EVERY_SECONDS
            self._free_places_of_the_dead()
        return place if free else None

    def _free_places_of_the_dead(self) -> None:
        """A worker that was killed here (F17) must not keep the account's few places to itself for 45 seconds."""
        for name in self._most:
            members: list[Any] = self._redis.zrange(f"commbox:{name}", 0, -1)
            for member in members:
                where, _, rest = member.decode().partition("/")
                if where == _here() and not _is_running(int(rest.partition("/")[0])):
                    self._redis.zrem(f"commbox:{name}", member)

    def give_back(self, place: str) -> None:
        for name in self._most:
            self._redis.zrem(f"commbox:{name}", place)

    def left(self) -> Left:
        """How much nobody has taken."""
        taken = int(self._redis.zcount(f"{self._prefix}turns:{self._per_second}", _second_ago(), "+inf"))
        (places, at_once), *_ = self._most.items()
        held = int(self._redis.zcount(f"commbox:{places}", int(time.time()), "+inf"))
        return Left(max(0, self._per_second - taken), max(0, at_once - held), max(0.0, self.pause_left()))

    def pause(self, seconds: float | None) -> None:
        times = int(self._redis.incr(f"{self._prefix}throttled"))
        pause = seconds or _growing(times)
        self._redis.expire(f"{self._prefix}throttled", int(2 * pause) + 60)
        self._redis.set(f"{self._prefix}paused", 1, px=max(1, int(pause * 1000)))

    def pause_left(self) -> float:
        return float(self._redis.pttl(f"{self._prefix}paused")) / 1000


class CallBudget:
    """The limiter the client asks before each exchange; `per_second` and `at_once` are at least 2."""

    def __init__(
        self, redis: Redis | None, account: str, per_second: int = PER_SECOND, at_once: int = AT_ONCE
    ) -> None:
        self._redis = redis
        self._account = account
        self._limits = (per_second, at_once)
        self._local = LocalGround(per_second, max(AT_ONCE, at_once // 4))
        self._shared: SharedGround | None = None
        self._redis_rests_until = 0.0

    @contextmanager
    def acquire(self, priority: Priority = "background") -> Iterator[None]:
        """Hold a place and a turn. Raises Throttled with the seconds to wait when it would take too long."""
        ground, place = self._wait(priority, time.monotonic() + PATIENCE_SECONDS[priority])
        try:
            yield
        finally:
            with suppress(RedisError):
                ground.give_back(place)

    def pause(self, seconds: float | None) -> None:
        """CommBox throttles: background calls of every process rest; playback goes on with its reserved share."""
        ground = self._ground()
        try:
            ground.pause(seconds)
        except RedisError:
            self._rest().pause(seconds)

    def left(self) -> Left | None:
        """What is left of the account's budget; None while only this process's own is known."""
        ground = self._ground()
        try:
            return ground.left() if isinstance(ground, SharedGround) else None
        except RedisError:
            self._rest()
            return None

    def _wait(self, priority: Priority, ends_at: float) -> tuple[Ground, str]:
        while True:
            ground = self._ground()
            try:
                wait, place = _take(ground, priority)
            except RedisError:
                self._rest()
                continue
            if place is not None:
                return ground, place
            if time.monotonic() + wait > ends_at:
                raise Throttled("The portal's own call budget is used up.", retry_after=max(1.0, wait))
            time.sleep(wait + random.uniform(0.0, SPREAD_SECONDS))  # noqa: S311 - nothing secret hangs on it

    def _ground(self) -> Ground:
        if self._redis is None or time.monotonic() < self._redis_rests_until:
            return self._local
        try:
            self._shared = self._shared or SharedGround(self._redis, self._account, *self._limits)
        except RedisError:
            return self._rest()
        return self._shared

    def _rest(self) -> LocalGround:
        """Redis failed: count locally for a few seconds, then look again with fresh scripts."""
        self._redis_rests_until = time.monotonic() + REDIS_REST_SECONDS
        self._shared = None
        return self._local


@cache
def _here() -> str:
    """This machine as far as process ids go: containers may share a host's name and see none of its processes."""
    try:
        return f"{socket.gethostname()}.{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:  # not Linux
        return socket.gethostname()


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _second_ago() -> int:
    return int(time.time() * SECOND) - SECOND


def _take(ground: Ground, priority: Priority) -> tuple[float, str | None]:
    """(0, place) when the call may go out, else (seconds to wait, None)."""
    if priority == "background" and (left := ground.pause_left()) > 0:
        return left, None
    place = ground.take_place(priority)
    if place is None:
        return POLL_SECONDS, None
    wait = POLL_SECONDS
    try:
        wait = ground.turn_in(priority)
    finally:
        if wait > 0.0:
            ground.give_back(place)
    return wait, None if wait > 0.0 else place


def _growing(times: int) -> float:
    """1 s, 2 s, 4 s … 5 minutes."""
    return min(LONGEST_PAUSE_SECONDS, 2.0 ** min(times - 1, 16))
