"""From bytes to a safe value: encodings, depth, numbers, and the characters a database refuses."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.commbox.parsing.document import MAX_DEPTH, Unreadable, decode, has_long_text, read_json

HEBREW = '{"name":"נועה"}'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_encoding_of_json_is_read(encoding: str) -> None:
    assert read_json(decode(HEBREW.encode(encoding))) == {"name": "נועה"}


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        (HEBREW.encode("windows-1255"), "windows-1255", HEBREW),
        ("é".encode("latin-1"), "ISO-8859-1", "é"),
        (HEBREW.encode(), "ISO-8859-1", HEBREW),
        (b"{}", "no-such-charset", "{}"),
        (b"{}", "zlib_codec", "{}"),
    ],
)
def test_json_is_utf8_whatever_its_label_says_and_else_as_labelled(
    body: bytes, charset: str, text: str
) -> None:
    assert decode(body, charset) == text


@pytest.mark.parametrize("charset", [None, "utf-8", "ascii", "no-such-charset", "hex"])
def test_bytes_of_no_encoding_are_refused(charset: str | None) -> None:
    with pytest.raises(Unreadable, match="no known encoding"):
        decode(b'{"a":"\xff\xfe\xe9"}', charset)


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


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        value = read_json(decode(body))
    except Unreadable:
        return
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8")
