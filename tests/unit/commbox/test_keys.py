"""What is read from an API key: when it ends, whatever its bytes."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.commbox.keys import expiry_of, last_four


def jwt(payload: Any) -> str:
    body = base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{body}.c2lnbmF0dXJl"


def test_the_end_is_read_without_the_signature() -> None:
    moment = datetime(2027, 3, 1, 12, tzinfo=UTC)
    assert expiry_of(jwt({"client_id": "a", "exp": int(moment.timestamp())})) == moment


@pytest.mark.parametrize("exp", [None, True, "1800000000", [], {}, 1e300, -(10**30), float("nan")])
def test_an_end_that_is_no_moment_is_none(exp: Any) -> None:
    assert expiry_of(jwt({"exp": exp})) is None


@given(st.text(max_size=200) | st.builds(jwt, st.recursive(st.none() | st.integers() | st.text(), st.lists)))
def test_whatever_a_key_looks_like_it_never_fails(key: str) -> None:
    found = expiry_of(key)
    assert found is None or found.tzinfo is UTC


def test_four_characters_may_be_shown() -> None:
    assert last_four("abcdefgh") == "efgh"
