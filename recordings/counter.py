"""Counters of all processes that fail closed: attempts with a password are counted or refused."""

from typing import Protocol, cast

from django.core.cache import caches


class CannotCount(Exception):
    """The counters' store does not answer."""


class _Store(Protocol):
    """What the cache of the settings does besides Django's own."""

    def count_up(self, key: str, seconds: int) -> int: ...
    def count_down(self, key: str) -> None: ...
    def seconds_left(self, key: str) -> int: ...


def count_up(name: str, seconds: int) -> int:
    """Count one more in the window of `seconds` that the first began; returns the number. Raises CannotCount."""
    number = _store().count_up(name, seconds)
    if not number:
        raise CannotCount
    return number


def count_down(name: str) -> None:
    """Take one back; nothing happens when the window is over."""
    _store().count_down(name)


def seconds_left(name: str) -> int:
    """The seconds until a window, or a key of the cache, ends: 1 or more, so that it can be said to a person."""
    return max(1, _store().seconds_left(name))


def _store() -> _Store:
    return cast(_Store, caches["default"])
