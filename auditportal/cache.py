"""A Redis cache that behaves like an empty one while Redis is unavailable: pages, search and play work without it."""

import json
from functools import cached_property
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

# A script, because a counter that expires between two commands would be created again without an expiry.
_COUNT_UP = """
local number = redis.call('INCR', KEYS[1])
if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return number
"""
_COUNT_DOWN = "if tonumber(redis.call('GET', KEYS[1]) or 0) > 0 then redis.call('DECR', KEYS[1]) end"


class JsonSerializer:
    """Store values as JSON. Django's own serializer pickles them, so anyone who can write to Redis could run code."""

    def dumps(self, value: Any) -> int | bytes:
        """Return JSON; an integer as it is, so that Redis can increment it."""
        return value if type(value) is int else json.dumps(value, allow_nan=False).encode()

    def loads(self, data: bytes) -> Any:
        """Parse JSON. Raises ValueError or RecursionError for other data."""
        return json.loads(data)


class OneRedisClient(RedisCacheClient):
    """Django makes a client for each call, which takes as long as the call; one client serves all threads."""

    @cached_property
    def _one(self) -> Any:
        return super().get_client(write=True)

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        return self._one


class CalmRedisCache(RedisCache):
    """Django's Redis cache with JSON values, timeouts of 200 ms, and no exception while Redis is away."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2, "serializer": JsonSerializer}
        options |= params.get("OPTIONS", {})
        super().__init__(server, {**params, "OPTIONS": options})
        self._class = OneRedisClient

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default, version)
        except (RedisError, ValueError, RecursionError):  # other programs may write to the same Redis
            return default

    def set(self, key: Any, value: Any, timeout: Any = 300, version: int | None = None) -> None:
        try:
            super().set(key, value, timeout, version)
        except RedisError:
            return

    def add(self, key: Any, value: Any, timeout: Any = 300, version: int | None = None) -> bool:
        try:
            return bool(super().add(key, value, timeout, version))
        except RedisError:
            return True

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Return the new value, or 0 when Redis does not answer or the key has expired: nothing was counted then."""
        try:
            return int(super().incr(key, delta, version))
        except (RedisError, ValueError):
            return 0

    def count_up(self, key: str, seconds: int) -> int:
        """Increment a counter that expires `seconds` after its first increment; return 0 when Redis does not answer."""
        return self._run(_COUNT_UP, key, seconds)

    def count_down(self, key: str) -> None:
        """Decrement a counter unless it has expired."""
        self._run(_COUNT_DOWN, key)

    def seconds_left(self, key: str) -> int:
        """Return the seconds until a key expires; 0 without an expiry, without a key, or when Redis does not answer."""
        try:
            return max(0, int(self._cache.get_client().ttl(self.make_and_validate_key(key))))
        except RedisError:
            return 0

    def delete(self, key: Any, version: int | None = None) -> bool:
        try:
            return bool(super().delete(key, version))
        except RedisError:
            return False

    def _run(self, script: str, key: str, *arguments: int) -> int:
        try:
            client = self._cache.get_client(write=True)
            return int(client.eval(script, 1, self.make_and_validate_key(key), *arguments) or 0)
        except RedisError:
            return 0

    def reachable(self) -> bool:
        """Return whether Redis answers now. Sign-in asks, because an uncounted attempt has no limit."""
        try:
            return bool(self._cache.get_client().ping())
        except RedisError:
            return False
