"""The cache: values are data, whatever a neighbour in Redis has put there."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache
from hypothesis import given
from hypothesis import strategies as st

from auditportal.cache import JsonSerializer
from tests.compose import compose

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=9,
)


class Touches:
    """Unpickling it touches a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


@pytest.fixture
def neighbour() -> Any:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


def test_what_a_neighbour_writes_runs_nothing_and_is_a_miss(neighbour: Any, tmp_path: Path) -> None:
    evil = pickle.dumps(Touches(tmp_path / "touched"))
    pickle.loads(evil)
    (tmp_path / "touched").unlink()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        neighbour.set(cache.make_key("a"), pickle.dumps(Touches(tmp_path / "touched"), protocol))
        assert cache.get("a", "missing") == "missing"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"\x80\x04", b"{", b"\xff\xfe", b"[" * 500_000, b"nul", b'"' * 9])
def test_what_is_no_json_is_a_miss(neighbour: Any, data: bytes) -> None:
    neighbour.set(cache.make_key("a"), data)
    assert cache.get("a", "missing") == "missing"


@given(json_values)
def test_every_value_comes_back(value: Any) -> None:
    written = JsonSerializer().dumps(value)
    read = JsonSerializer().loads(str(written).encode() if isinstance(written, int) else written)
    assert (read, type(read)) == (value, type(value))


def test_numbers_are_counted_by_redis() -> None:
    assert cache.add("n", 0, 60)
    assert not cache.add("n", 5, 60)
    assert [cache.incr("n"), cache.incr("n", 4), cache.get("n")] == [1, 5, 5]
    cache.set("flag", True)
    assert cache.get("flag") is True


def test_an_object_of_python_is_refused_when_it_is_written() -> None:
    with pytest.raises(TypeError):
        cache.set("a", object())


def test_a_release_that_keeps_pickles_can_share_the_redis() -> None:
    """It reads the keys of version 1, and takes what is no pickle for an error."""
    theirs = RedisCache(settings.REDIS_URL, {})
    theirs.set("a", {"n": 1})
    assert cache.get("a") is None
    cache.set("a", {"n": 2})
    assert theirs.get("a") == {"n": 1}


def test_the_caches_login_reaches_its_keys() -> None:
    command = compose()["services"]["cache"]["command"][-1]
    assert f"~{cache.make_key('*')} " in command
