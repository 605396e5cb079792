"""The same act within a minute is one event; whenever that is in doubt, it is another."""

import time
from typing import Any

import pytest
import time_machine
from django.core.cache import cache

from auditportal.embedded.process import Process
from recordings.audit import Actor, Kind, once, record_once
from recordings.models import AuditEvent

pytestmark = pytest.mark.django_db
NOA = Actor("user:7", "person", "Noa Levi", session="a" * 64)


def searched(by: Actor = NOA, kind: Kind = Kind.SEARCHED, **act: str) -> None:
    record_once(kind, by=by, act=act, detail={"area": "objects"})


def events() -> int:
    return AuditEvent.objects.filter(kind__in=[Kind.SEARCHED, Kind.TRAIL_SEARCHED]).count()


def test_the_same_act_is_one_event() -> None:
    for _ in range(3):
        searched(words="dana")
    assert events() == 1


def test_what_is_no_text_in_the_cache_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "get", lambda *_: 7)
    searched(words="dana")
    searched(words="dana")
    assert events() == 2


def test_another_act_kind_person_or_session_is_another_event() -> None:
    searched(words="dana")
    searched(words="dan")
    searched(words="dana", kind=Kind.TRAIL_SEARCHED)
    searched(words="dana", by=Actor("user:8", "person", "Noa Levi", session=NOA.session))
    searched(words="dana", by=Actor(NOA.ref, "person", "Noa Levi", session="b" * 64))
    assert events() == 5


def test_after_a_minute_it_is_another_event() -> None:
    with time_machine.travel(time.time(), tick=False) as clock:
        searched(words="dana")
        clock.shift(once.SECONDS - 1)
        searched(words="dana")
        assert events() == 1
        clock.shift(2)
        searched(words="dana")
    assert events() == 2


def test_an_entry_of_another_act_keeps_nothing_out_of_the_trail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can write to the cache copies what we signed."""
    written: list[Any] = []
    monkeypatch.setattr(cache, "set", lambda key, value, seconds: written.append(value))
    searched(words="dana")
    monkeypatch.setattr(cache, "get", lambda *_: written[0])
    searched(words="dan")
    searched(words="dana")
    assert events() == 2


def test_an_act_that_was_not_recorded_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(once, "record_committed", fail)
        with pytest.raises(RuntimeError):
            searched(words="dana")
    searched(words="dana")
    assert events() == 1


def test_without_a_cache_each_act_is_an_event(redis_down: Process) -> None:
    for _ in range(2):
        searched(words="dana")
    assert events() == 2
