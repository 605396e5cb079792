"""Reading webhook deliveries (S61): every form CommBox may send, and everything that nobody should."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.webhooks.payload import Hint, Unreadable, parse

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
        (b"[]", Hint("", None, None, about_recording=False)),
        (b"null", Hint("", None, None, about_recording=False)),
        (b'{"Event": 5}', Hint("", None, None, about_recording=False)),
    ],
)
def test_what_is_not_about_a_recording_or_names_no_object_says_so(body: bytes, hint: Hint) -> None:
    assert parse(body) == hint


NOT_READ = {
    "empty": b"",
    "not UTF-8": b"\xff\xfe{\x00}\x00",
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
    "a lone surrogate": b"<e>\xed\xa0\x80</e>",
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
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
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


@given(json_values)
def test_any_json_is_read(value: object) -> None:
    hint = parse(json.dumps(value).encode())
    assert len(hint.event_name) <= 100
    assert "\0" not in hint.event_name
