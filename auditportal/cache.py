"""A Redis cache whose absence is a miss: pages, search and play work without it."""

import json
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError


class JsonSerializer:
    """Keeps values as JSON. Django's own pickles them, and whoever writes to Redis would run code in the portal."""

    def dumps(self, value: Any) -> int | bytes:
        """An integer stays one, so that Redis can count with it."""
        return value if type(value) is int else json.dumps(value, allow_nan=False).encode()

    def loads(self, data: bytes) -> Any:
        """Raises ValueError or RecursionError for what this class did not write."""
        return json.loads(data)


class CalmRedisCache(RedisCache):
    """Django's Redis cache with 200 ms of patience, its values kept as JSON."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2, "serializer": JsonSerializer}
        options |= params.get("OPTIONS", {})
        super().__init__(server, {**params, "OPTIONS": options})

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default, version)
        except (RedisError, ValueError, RecursionError):  # somebody else may have written there
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
        """The new value; 0 when Redis does not answer, or the key is gone: nothing was counted then."""
        try:
            return int(super().incr(key, delta, version))
        except (RedisError, ValueError):
            return 0

    def delete(self, key: Any, version: int | None = None) -> bool:
        try:
            return bool(super().delete(key, version))
        except RedisError:
            return False

    def reachable(self) -> bool:
        """Whether Redis answers now: sign-in asks, because a limit that is not counted is no limit."""
        try:
            return bool(self._cache.get_client().ping())
        except RedisError:
            return False
