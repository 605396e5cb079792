"""From bytes to a safe value: encodings, depth, numbers, and the characters a database refuses."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.commbox.parsing.document import MAX_DEPTH, MAX_VALUES, Unreadable, has_long_text, read_json
from tests.stopwatch import cost


def _nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def test_depth_is_bounded() -> None:
    assert read_json(_nested(MAX_DEPTH)) is not None
    for depth in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(Unreadable, match="nested too deeply"):
            read_json(_nested(depth))
    with pytest.raises(Unreadable, match="nested too deeply"):
        read_json('{"a":' * 65 + "1" + "}" * 65)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(constant: str) -> None:
    with pytest.raises(Unreadable, match=f"{constant} is not JSON"):
        read_json(f'{{"duration":{constant}}}')


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("99999999999999999999", 99999999999999999999),
        ("999999999999999999999", "999999999999999999999"),
        ("9" * 5000, "9" * 64),
        ("1e400", "1e400"),
        ("-1e400", "-1e400"),
        ("1.5", 1.5),
        ('"\\u0000a\\u0000"', "a"),
        ('"\\ud800x"', "\ufffdx"),
        ('"\\ud83d\\ude00"', "😀"),
        ('{"\\u0000k\\ud800":["\\udfff"]}', {"k\ufffd": ["\ufffd"]}),
    ],
)
def test_what_postgresql_and_python_cannot_hold_is_made_holdable(text: str, value: Any) -> None:
    assert read_json(text) == value


@pytest.mark.parametrize(
    "text", ["", " ", "<html>", "{", '{"a":}', "[1,]", "'a'", '"a', "nul", '{"a":1}}', "\ufeff{}"]
)
def test_text_that_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_json(text)


@pytest.mark.parametrize(
    ("value", "long"),
    [
        ("x" * 65_536, False),
        ("x" * 65_537, True),
        ("é" * 32_768, False),
        ("é" * 32_769, True),
        ({"a": [{"b": "x" * 65_537}]}, True),
        ({"x" * 65_537: 1}, True),
        ({"a": ["x" * 65_536] * 3}, False),
        (10**30, False),
    ],
)
def test_a_text_is_long_beyond_64_kib_of_utf8(value: Any, long: bool) -> None:
    assert has_long_text(value) is long


@given(st.text(max_size=200))
def test_arbitrary_text_is_read_or_refused(text: str) -> None:
    try:
        value = read_json(text)
    except Unreadable:
        return
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("value", ["{}", "[]", "0", '""', '{"a":1}', "[[0]]", '{"a":{"b":[1]}}'])
def test_values_are_counted_before_anything_is_built(value: str) -> None:
    """A refusal costs less than a hundredth of what reading so many values would."""
    allowed = f"[{','.join([value] * (MAX_VALUES // 20))}]"
    assert len(read_json(allowed)) == MAX_VALUES // 20
    too_many = f"[{','.join([value] * (MAX_VALUES + 1))}]"

    def refuse() -> None:
        with pytest.raises(Unreadable, match="too many values"):
            read_json(too_many)

    assert cost(refuse) < cost(lambda: read_json(allowed))


def test_the_numbers_of_values_and_of_levels_can_be_narrowed() -> None:
    assert read_json("[1,2,3]", max_values=4) == [1, 2, 3]
    with pytest.raises(Unreadable, match="too many values"):
        read_json("[1,2,3]", max_values=3)
    with pytest.raises(Unreadable, match="nested too deeply"):
        read_json("[[1]]", max_depth=1)
