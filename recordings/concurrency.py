"""How many of one person's searches the database works on at once."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.cache import cache
from django.http import HttpResponseBase

from recordings.exceptions import PortalError

P = ParamSpec("P")
View = Callable[Concatenate[Any, P], HttpResponseBase]

AT_ONCE = 2
WAIT_SECONDS = 2.0
# A process that is killed in a search gives its place back after so long: longer than any search may take.
_HELD_SECONDS = 15
_LOOK_SECONDS = 0.05


class TooManySearches(PortalError):
    """Two searches of this person run, and a third waits or has waited long enough."""

    status = 429
    sentence = "Two of your searches are still running. Wait until one is done, then search again."


def two_at_once(view: View[P]) -> View[P]:
    """Let each person have two searches at work, in all processes and windows together.

    A third waits for up to two seconds: whoever types on has it answered. A fourth gets TooManySearches at once.
    Without Redis nothing is counted; the timeout of a statement still holds.
    """

    @wraps(view)
    def limited(request: Any, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        with _place(f"searching:{request.user.pk}"):
            return view(request, *args, **kwargs)

    return limited


@contextmanager
def _place(name: str) -> Iterator[None]:
    place = _free_place(name) or _wait_for_place(name)
    try:
        yield
    finally:
        cache.delete(place)


def _free_place(name: str) -> str:
    """Take a free place; empty when there is none."""
    places = (f"{name}:{number}" for number in range(AT_ONCE))
    return next((place for place in places if cache.add(place, 1, _HELD_SECONDS)), "")


def _wait_for_place(name: str) -> str:
    waiting, end = f"{name}:waiting", time.monotonic() + WAIT_SECONDS
    if not cache.add(waiting, 1, _HELD_SECONDS):
        raise TooManySearches
    try:
        while time.monotonic() < end:
            if place := _free_place(name):
                return place
            time.sleep(_LOOK_SECONDS)
    finally:
        cache.delete(waiting)
    raise TooManySearches
