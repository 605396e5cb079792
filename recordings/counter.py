"""Counters of all processes that fail closed: attempts with a password are counted or refused."""

from django.core.cache import cache


class CannotCount(Exception):
    """The counters' store does not answer."""


def count_up(name: str, seconds: int) -> int:
    """Count one more in the window of `seconds` that the first began; returns the number. Raises CannotCount."""
    cache.add(name, 0, seconds)
    number = cache.incr(name)
    if not number:
        raise CannotCount
    return number


def count_down(name: str) -> None:
    """Take one back."""
    cache.incr(name, -1)
