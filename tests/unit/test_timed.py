"""A timed value is good for its seconds, and forgotten on demand."""

import pytest

from recordings import timed
from recordings.timed import TimedValue, forget_all


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(timed.time, "monotonic", lambda: now[0])
    return now


def test_it_is_good_for_its_seconds(clock: list[float]) -> None:
    value = TimedValue[str](2.0)
    assert value.get() is None
    assert value.set("one") == "one"
    clock[0] += 1.9
    assert value.get() == "one"
    clock[0] += 0.2
    assert (value.get(), value.last) == (None, "one")
    value.set("two")
    assert value.get() == "two"


def test_zero_seconds_are_never_good(clock: list[float]) -> None:
    value = TimedValue[str](0.0)
    value.set("one")
    assert value.get() is None


def test_all_are_forgotten_at_once(clock: list[float]) -> None:
    values = [TimedValue[int](60), TimedValue[int](60), TimedValue[int](60)]
    for number, value in enumerate(values):
        value.set(number)
    values[0].forget()
    assert [(value.get(), value.last) for value in values] == [(None, None), (1, 1), (2, 2)]
    forget_all()
    assert [(value.get(), value.last) for value in values] == [(None, None)] * 3
