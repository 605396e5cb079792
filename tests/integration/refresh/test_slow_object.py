"""An object whose answer does not come keeps its own place, and no other object's."""

import threading
from typing import Any

import pytest

from recordings.commbox import Parsed
from recordings.refresh import fetching
from recordings.refresh.fetching import Fetchers, Good

SLOW, OTHERS = 1, {2, 3, 4, 5}


class OneSlowObject:
    """A client whose call for one object stays open."""

    def __init__(self) -> None:
        self.answers = threading.Event()

    def recordings(self, object_id: int, **_: Any) -> Parsed[Any]:
        if object_id == SLOW:
            self.answers.wait(120)
        return Parsed([], [])


def test_others_are_fetched_while_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    client = OneSlowObject()
    monkeypatch.setattr(fetching, "client", lambda: client)
    with Fetchers(2) as fetchers:
        fetchers.submit([SLOW, *OTHERS])
        seen: set[int] = set()
        while seen < OTHERS:
            answers = fetchers.collect(len(OTHERS), 60)
            assert all(isinstance(answer, Good) for answer in answers)
            seen |= {answer.object_id for answer in answers}
        assert (seen, fetchers.pending) == (OTHERS, {SLOW})
        client.answers.set()
        (last,) = fetchers.collect(1, 60)
        assert last.object_id == SLOW
