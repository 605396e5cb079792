"""Count the calls of the account's budget: in Redis for all processes, or locally while Redis is unavailable.

A counter refuses a call by returning the seconds until the next attempt.
"""

import threading
import time
from typing import Literal, NamedTuple

from redis import Redis

Priority = Literal["background", "playback"]

# A place expires, so that a killed process does not keep it. A running process extends its places in time.
PLACE_SECONDS = 5.0
POLL_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 300.0
STORM_SECONDS = 60.0  # a 429 within this after the last pause counts as part of the same overload


class Left(NamedTuple):
    """What is left of the budget: calls of this second, places, and how long background calls are paused."""

    turns: int
    places: int
    pause_seconds: float


# A call is a member of sorted sets; its score is the millisecond at which it expires, by the clock of the Redis server,
# so that processes need not agree on the time. All sets are checked before any is changed.
# KEYS: the pause, then the sets. ARGV: the call, its priority, then for each set how many calls it may hold, for how
# long, and when to look again at the latest. Returns the milliseconds to wait, 0 when the call is counted.
_ENTER = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local wait = 0
if ARGV[2] == 'background' then wait = math.max(0, redis.call('PTTL', KEYS[1])) end
for i = 2, #KEYS do
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
    if redis.call('ZCARD', KEYS[i]) >= tonumber(ARGV[3 * i - 3]) then
        local first = redis.call('ZRANGE', KEYS[i], 0, 0, 'WITHSCORES')[2]
        wait = math.max(wait, math.min(first - now, tonumber(ARGV[3 * i - 1])))
    end
end
if wait == 0 then
    for i = 2, #KEYS do
        redis.call('ZADD', KEYS[i], now + ARGV[3 * i - 2], ARGV[1])
        redis.call('PEXPIRE', KEYS[i], ARGV[3 * i - 2])
    end
end
return wait
"""


class SharedCounter:
    """Counts in Redis, for all processes of the installation. Every method may raise RedisError."""

    def __init__(self, redis: Redis, account: str, per_second: int, at_once: int) -> None:
        self._redis, self._prefix = redis, f"commbox:{account}:"
        self._per_second, self._at_once = per_second, at_once
        self._run_enter = redis.register_script(_ENTER)
        second, place, poll = 1000, int(PLACE_SECONDS * 1000), int(POLL_SECONDS * 1000)
        everybody = {"calls": (per_second, second, second), "places": (at_once, place, poll)}
        background = {
            "calls:background": (per_second * 3 // 4, second, second),
            "places:background": (at_once - 1, place, poll),
        }
        self._sets: dict[Priority, dict[str, tuple[int, int, int]]] = {
            "playback": everybody,
            "background": everybody | background,
        }

    def enter(self, call: str, priority: Priority) -> float:
        """Count the call and return 0, or return the seconds until the next attempt."""
        sets = self._sets[priority]
        keys = [f"{self._prefix}{name}" for name in ("paused", *sets)]
        numbers = [number for limit in sets.values() for number in limit]
        return int(self._run_enter(keys, [call, priority, *numbers])) / 1000

    def extend(self, calls: list[str]) -> None:
        """Extend the places of these calls. An expired place is not taken again."""
        ends, life = self._now() + int(PLACE_SECONDS * 1000), int(PLACE_SECONDS * 1000)
        for name in ("places", "places:background"):
            self._redis.zadd(f"{self._prefix}{name}", dict.fromkeys(calls, ends), xx=True)
            self._redis.pexpire(f"{self._prefix}{name}", life)

    def leave(self, call: str) -> None:
        """Free the call's place."""
        self._redis.zrem(f"{self._prefix}places", call)
        self._redis.zrem(f"{self._prefix}places:background", call)

    def pause(self, seconds: float | None) -> None:
        """Pause background calls for so long. Without `seconds`, each pause is longer than the one before."""
        times = int(self._redis.incr(f"{self._prefix}throttled"))
        pause = seconds or _growing(times)
        self._redis.expire(f"{self._prefix}throttled", int(2 * pause + STORM_SECONDS))
        if pause > self.pause_left():
            self._redis.set(f"{self._prefix}paused", 1, px=max(1, int(pause * 1000)))

    def pause_left(self) -> float:
        """Return the seconds that background calls are still paused; 0 or less when they are not."""
        return float(self._redis.pttl(f"{self._prefix}paused")) / 1000

    def left(self) -> Left:
        """Return what is left of the budget."""
        now = f"({self._now()}"
        calls, places = (
            int(self._redis.zcount(f"{self._prefix}{name}", now, "+inf")) for name in ("calls", "places")
        )
        pause = max(0.0, self.pause_left())
        return Left(max(0, self._per_second - calls), max(0, self._at_once - places), pause)

    def _now(self) -> int:
        seconds, microseconds = self._redis.time()
        return int(seconds * 1000 + microseconds // 1000)


class LocalCounter:
    """Counts in this process while Redis is unavailable. Strict, because the number of processes is unknown.

    Allows one call at a time for each priority, and a quarter of the rate.
    """

    def __init__(self, per_second: int) -> None:
        self._lock = threading.Lock()
        self._apart = 4 / per_second
        self._next: dict[Priority, float] = {"background": 0.0, "playback": 0.0}
        self._running: dict[str, Priority] = {}
        self._paused_until = 0.0
        self._throttled = 0

    def enter(self, call: str, priority: Priority) -> float:
        """Count the call and return 0, or return the seconds until the next attempt."""
        with self._lock:
            now = time.monotonic()
            wait = max(0.0, self._next[priority] - now)
            if priority == "background":
                wait = max(wait, self._paused_until - now)
            if priority in self._running.values():
                wait = max(wait, POLL_SECONDS)
            if not wait:
                self._running[call], self._next[priority] = priority, now + self._apart
            return wait

    def leave(self, call: str) -> None:
        """End the call, so that the next one may start."""
        with self._lock:
            self._running.pop(call, None)

    def pause(self, seconds: float | None) -> None:
        """Pause background calls for so long. Without `seconds`, each pause is longer than the one before."""
        with self._lock:
            self._throttled = self._throttled + 1 if self.pause_left() > -STORM_SECONDS else 1
            pause = seconds or _growing(self._throttled)
            self._paused_until = max(self._paused_until, time.monotonic() + pause)

    def pause_left(self) -> float:
        """Return the seconds that background calls are still paused; 0 or less when they are not."""
        return self._paused_until - time.monotonic()


def _growing(times: int) -> float:
    """1 s, 2 s, 4 s … 5 minutes."""
    return min(LONGEST_PAUSE_SECONDS, 2.0 ** min(times - 1, 16))
