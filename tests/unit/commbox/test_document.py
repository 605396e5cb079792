"""From bytes to a safe value: encodings, depth, numbers, and the characters a database refuses."""

import json
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.commbox.parsing.document import (
    MAX_DEPTH,
    MAX_VALUES,
    Repeated,
    Unreadable,
    check_believable,
    read_json,
    unwrap_json,
)
from recordings.commbox.parsing.fields import Refused
from tests.stopwatch import cost

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.sampled_from(["x y", "שלום", ""]).map(lambda t: [t]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=9,
)


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
        ('["\\u0000a\\u0000"]', ["\ufffda\ufffd"]),
        ('{"name":"\\u0000a\\u0000"}', {"name": "a"}),
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
    with pytest.raises(Refused, match="longer than 64 KiB") if long else nullcontext():
        check_believable(value)


@pytest.mark.parametrize(
    ("text", "repeated"),
    [
        ('{"a":1,"a":2}', True),
        ('{"a":1,"a":1}', True),
        ('[{"b":[{"a":null,"a":1}]}]', True),
        ('{"a":1,"\\u0061":2}', True),
        ('{"a":1,"a\\u0000":2}', True),
        ('{"\\ud800":1,"\\ud801":2}', True),
        ('{"a":1,"A":2,"b":{"a":1}}', False),
        ('["a","a"]', False),
    ],
)
def test_a_name_that_stands_twice_is_noticed_however_deep(text: str, repeated: bool) -> None:
    document = read_json(text)
    assert isinstance(document, Repeated) is (repeated and text.startswith("{"))
    with pytest.raises(Refused, match="stands in it twice") if repeated else nullcontext():
        check_believable(document)


@given(json_values, st.integers(1, 3))
def test_json_in_strings_is_opened_up_to_three_times(value: Any, times: int) -> None:
    text = json.dumps(value)
    for _ in range(times - 1):
        text = json.dumps(text)
    assert unwrap_json(text) == value
    if times == 3 and not isinstance(value, str):
        assert unwrap_json(json.dumps(text)) == json.dumps(value)


@given(st.text(max_size=200))
def test_arbitrary_text_is_read_or_refused(text: str) -> None:
    try:
        value = read_json(text)
    except Unreadable:
        return
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("value", ["{}", "[]", "0", '""', '{"a":1}', "[[0]]", '{"a":{"b":[1]}}', '"[,{"'])
def test_values_are_counted_before_anything_is_built(value: str) -> None:
    """Thirty mebibytes of it are refused at the cost of counting commas, a tenth of what building them costs."""
    few = f"[{','.join([value] * (MAX_VALUES // 20))}]"
    assert len(read_json(few)) == MAX_VALUES // 20
    too_many = f"[{','.join([value] * (30 * 1024 * 1024 // len(value)))}]"

    def refuse() -> None:
        with pytest.raises(Unreadable, match="too many values"):
            read_json(too_many)

    assert cost(refuse) < 15 * cost(lambda: too_many.count(","))


def test_the_numbers_of_values_and_of_levels_can_be_narrowed() -> None:
    assert read_json("[1,2,3]", max_values=4) == [1, 2, 3]
    with pytest.raises(Unreadable, match="too many values"):
        read_json("[1,2,3]", max_values=3)
    with pytest.raises(Unreadable, match="nested too deeply"):
        read_json("[[1]]", max_depth=1)
