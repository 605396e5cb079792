"""A counter always ends: nobody is locked out for good, and nothing is counted below nothing."""

from collections.abc import Iterator

import pytest
import redis
from django.conf import settings
from django.core.cache import cache

from recordings.counter import CannotCount, count_down, count_up, seconds_left


@pytest.fixture
def neighbour() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


def test_a_window_ends_with_its_first_count(neighbour: redis.Redis) -> None:
    assert count_up("n", 600) == 1
    neighbour.expire(cache.make_key("n"), 100)
    assert [count_up("n", 600), count_up("n", 600)] == [2, 3]
    assert 30 <= seconds_left("n") <= 100


@pytest.mark.parametrize("left", [b"0", b"7"])
def test_a_counter_without_an_end_gets_one(neighbour: redis.Redis, left: bytes) -> None:
    neighbour.set(cache.make_key("n"), left)
    count_up("n", 60)
    assert 0 < neighbour.ttl(cache.make_key("n")) <= 60


def test_what_is_taken_back_is_never_below_nothing(neighbour: redis.Redis) -> None:
    count_down("n")
    assert not neighbour.exists(cache.make_key("n"))
    count_up("n", 60)
    for _ in range(3):
        count_down("n")
    assert neighbour.get(cache.make_key("n")) == b"0"
    assert 0 < neighbour.ttl(cache.make_key("n")) <= 60


@pytest.mark.usefixtures("redis_down")
def test_without_redis_nothing_is_counted() -> None:
    with pytest.raises(CannotCount):
        count_up("n", 60)
    count_down("n")
    assert seconds_left("n") == 1
