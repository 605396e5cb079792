"""Reading webhook deliveries: every form CommBox may send, and everything that nobody should."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.webhooks.payload import Hint, Unreadable, parse
from tests.stopwatch import cost

OBJECT, STREAM = 1407374990000101, 31245
RECORDING = Hint("OnNewActivity", OBJECT, STREAM, about_recording=True)
XML = (
    '<Event Subscription="Object" Name="OnNewActivity" Brand="acme">'
    '<Object Id="1407374990000101" StreamId="31245" SubStreamId="0"><Activities>{}</Activities></Object></Event>'
)


def delivery(activity: object, wrapper: str = "Event", **thing: object) -> bytes:
    body = {"Id": str(OBJECT), "StreamId": str(STREAM), "Activities": {"Activity": activity}, **thing}
    return json.dumps({wrapper: {"Name": "OnNewActivity", "Object": body}}).encode()


ONE = {
    "Id": "565533",
    "Type": "27",
    "CreateDate": "13-05-2026 09:14:25",
    "Data": {"recordingUrl": "https://x/y"},
}


@pytest.mark.parametrize(
    "body",
    [
        delivery(ONE),
        delivery([{"Type": "1"}, ONE]),
        delivery({**ONE, "Type": 27}),
        delivery(ONE, wrapper="payload"),
        delivery(ONE, Id=OBJECT, StreamId=STREAM),
        delivery(ONE, Activities=[ONE]),
        b"\xef\xbb\xbf" + delivery(ONE),
        json.dumps(
            {
                "event": {
                    "name": "OnNewActivity",
                    "object": {"id": OBJECT, "stream_id": STREAM, "activities": [ONE]},
                }
            }
        ).encode(),
        XML.format('<Activity Id="5" Type="27"/>').encode(),
        XML.format('<Activity Type="1"/><Activity Type="27"><Data>{"duration":1}</Data></Activity>').encode(),
        XML.format("<Activity><Type>27</Type></Activity>").encode(),
        b'<?xml version="1.0"?><s:Envelope xmlns:s="x"><s:Body>'
        + XML.format('<Activity Type="27"/>').encode()
        + b"</s:Body></s:Envelope>",
    ],
)
def test_every_form_of_a_recording_is_read(body: bytes) -> None:
    assert parse(body) == RECORDING


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (delivery({"Type": "1"}), Hint("OnNewActivity", OBJECT, STREAM, about_recording=False)),
        (delivery([]), Hint("OnNewActivity", OBJECT, STREAM, about_recording=False)),
        (delivery(ONE, Id="9" * 40), Hint("OnNewActivity", None, STREAM, about_recording=True)),
        (delivery(ONE, Id=2**63), Hint("OnNewActivity", None, STREAM, about_recording=True)),
        (delivery(ONE, Id="-5"), Hint("OnNewActivity", None, STREAM, about_recording=True)),
        (delivery(ONE, Id=True), Hint("OnNewActivity", None, STREAM, about_recording=True)),
        (delivery(ONE, Id="１４０"), Hint("OnNewActivity", None, STREAM, about_recording=True)),
        (delivery(ONE, StreamId=None), Hint("OnNewActivity", OBJECT, None, about_recording=True)),
        (b'{"Event": {"Name": "OnNewChild"}}', Hint("OnNewChild", None, None, about_recording=False)),
        (b'{"Event": {"Name": "On\\u0000New"}}', Hint("OnNew", None, None, about_recording=False)),
        (
            b'{"Event": {"Name": "\\ud800On", "Object": {"Id": 7}}}',
            Hint("\ufffdOn", 7, None, about_recording=False),
        ),
        (b'{"Event": {"Name": {"a": 1}, "Object": [7]}}', Hint("", None, None, about_recording=False)),
        (b"[]", Hint("", None, None, about_recording=False)),
        (b"null", Hint("", None, None, about_recording=False)),
        (b'{"Event": 5}', Hint("", None, None, about_recording=False)),
    ],
)
def test_what_is_not_about_a_recording_or_names_no_object_says_so(body: bytes, hint: Hint) -> None:
    assert parse(body) == hint


NOT_READ = {
    "empty": b"",
    "a number that is none": b'{"Event": {"Id": NaN}}',
    "more values than any delivery": b"[" + b"{}," * 20_000 + b"{}]",
    "more elements than any delivery": b"<e>" + b"<a/>" * 20_000 + b"</e>",
    "text": b"hello",
    "cut": delivery(ONE)[:-1],
    "longer than 1 MiB": b'"' + b"x" * (1024 * 1024) + b'"',
    "33 deep": b"[" * 33 + b"]" * 33,
    "very deep": b"[" * 500_000,
    "deep after a string": b'["\\"[", ' + b"[" * 33 + b"]" * 34,
    "33 elements deep": b"<a>" * 33 + b"</a>" * 33,
    "broken XML": b"<Event>",
    "a document type": b'<!DOCTYPE Event SYSTEM "http://127.0.0.1:9/x"><Event/>',
    "an entity": b'<!DOCTYPE e [<!ENTITY x "y">]><e>&x;</e>',
    "a file": b'<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/passwd">]><e>&x;</e>',
    "a billion laughs": b'<!DOCTYPE e [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><e>&b;</e>',
    "a lone surrogate": b"<e>&#xD800;</e>",
}


@pytest.mark.parametrize("body", NOT_READ.values(), ids=NOT_READ)
def test_what_cannot_be_read_is_refused_with_a_sentence(body: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^It .+\.$"):
        parse(body)


@pytest.mark.parametrize("depth", [1, 32])
def test_so_deep_is_still_read(depth: int) -> None:
    assert parse(b"[" * depth + b"]" * depth).object_id is None
    assert parse(b"<a>" * depth + b"</a>" * depth).object_id is None


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        hint = parse(body)
    except Unreadable:
        return
    assert hint.object_id is None or 0 < hint.object_id < 2**63


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["Event", "payload", "Object", "Activities", "Activity", "Type", "Id", "StreamId", "Name"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=30,
)


HEBREW_JSON = json.dumps(json.loads(delivery({"Type": 27, "Data": "נועה"})), ensure_ascii=False)
HEBREW_XML = XML.format('<Activity Type="27"><Data>נועה</Data></Activity>')


@pytest.mark.parametrize("text", [HEBREW_JSON, HEBREW_XML])
@pytest.mark.parametrize(
    "codec",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "windows-1255", "iso-8859-8"],
)
def test_a_delivery_is_read_in_any_charset_without_a_label(text: str, codec: str) -> None:
    assert parse(text.encode(codec)) == RECORDING


def test_the_charset_of_an_xml_declaration_does_not_matter() -> None:
    for label in ("windows-1255", "utf-8", "punycode"):
        text = f'<?xml version="1.0" encoding="{label}"?>{HEBREW_XML}'
        assert parse(text.encode("windows-1255")) == RECORDING


MEBIBYTE = 1024 * 1024
UNITS = (
    *(
        '\\"',
        '"',
        "\\",
        "{",
        "[",
        "{}",
        "[],",
        '{"a":',
        '{"a":1},',
        "0,",
        '"a",',
        "1.5,",
        "9",
        "\\u0000",
        "true,",
    ),
    *(
        "<a>",
        "<a/>",
        "</a>",
        "<a b='c'/>",
        "<",
        "&#10;",
        "&lt;",
        "\n",
        " ",
        "<!---->",
        "<![CDATA[x]]>",
        "<?a?>",
        "é",
    ),
)


@pytest.mark.parametrize("before", ["", '"', "[", '{"a":"', "<a>", "<a b='"])
def test_no_mebibyte_costs_more_than_a_plain_one_of_json(before: str) -> None:
    """Compared with what Python's own reader needs for a mebibyte of empty objects."""
    plain = "[" + "{}," * (MEBIBYTE // 3) + "{}]"
    allowed = 4 * cost(lambda: json.loads(plain))
    for unit in UNITS:
        as_many_as_fit = (before + unit * MEBIBYTE).encode()[:MEBIBYTE]
        padded = (before + (unit + " " * 60) * MEBIBYTE).encode()[: MEBIBYTE * 19 // 20]
        for body in (as_many_as_fit, padded):
            assert cost(lambda body=body: read(body)) < allowed, (before, unit)


def read(body: bytes) -> None:
    with suppress(Unreadable):
        parse(body)


@given(json_values)
def test_any_json_is_read(value: object) -> None:
    hint = parse(json.dumps(value).encode())
    assert len(hint.event_name) <= 100
    assert "\0" not in hint.event_name
