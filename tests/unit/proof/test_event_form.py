"""The form of an event: what our writer writes has it, and nothing that differs in a byte, a type or a key."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from recordings.audit.schema import canonical
from recordings.proof.event_form import FormError, read_event

HEX = "0123456789abcdef" * 4
EVENT: dict[str, Any] = {
    "v": 1,
    "id": "019aa1b2-0000-7000-8000-000000000001",
    "type": "viewing.url_issued",
    "outcome": "granted",
    "occurred_at": "2026-11-20T09:14:22.123456Z",
    "actor": {"ref": "user:1", "kind": "person", "name": HEX, "role": "auditor"},
    "object": {"ref": "recording:1", "kind": "recording", "label": HEX, "parent": "object:5"},
    "purpose": {"code": "quality", "note": HEX},
    "source": {"ip": HEX, "user_agent": HEX},
    "request": {"id": "r", "session": "s", "app_version": "1"},
    "action_detail": {"spans": [[0, 10], [20, 30]], "host": "a"},
    "change": {"before": {"a": 1}, "after": {"a": 2}},
    "authz": {"rule": "x"},
    "asserted_by": "server",
}
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    texts | st.integers(-(2**53) + 1, 2**53 - 1),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.from_regex("[a-z][a-z_]{0,7}", fullmatch=True), inner)
    ),
    max_leaves=12,
)


def written(**changed: Any) -> bytes:
    """The event with other parts; one that is None is left out."""
    body = {name: part for name, part in (EVENT | changed).items() if part is not None}
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@given(st.dictionaries(st.from_regex("[a-z][a-z0-9_]{0,8}", fullmatch=True), values, min_size=1, max_size=4))
def test_what_our_writer_writes_has_the_form(detail: dict[str, Any]) -> None:
    data = canonical(EVENT | {"action_detail": detail})
    assert read_event(data)["action_detail"] == json.loads(data)["action_detail"]
    assert rfc8785.dumps(json.loads(data)) == data


@pytest.mark.parametrize(
    "name", ["object", "purpose", "source", "request", "action_detail", "change", "authz"]
)
def test_a_part_may_be_missing(name: str) -> None:
    assert name not in read_event(written(**{name: None}))


@pytest.mark.parametrize(
    "code", [*range(0x20), 0x22, 0x2F, 0x5C, 0x7F, 0x80, 0x2028, 0xFEFF, 0xFFFF, 0x10000]
)
def test_every_character_has_one_spelling(code: int) -> None:
    data = rfc8785.dumps(EVENT | {"action_detail": {"a": chr(code)}})
    assert read_event(data)["action_detail"] == {"a": chr(code)}
    assert data == written(action_detail={"a": chr(code)})


@pytest.mark.parametrize("name", ["v", "id", "type", "outcome", "occurred_at", "actor", "asserted_by"])
@pytest.mark.parametrize("value", [None, 1, 2, True, "", "x", [], {}, ["granted"], {"ref": 1}, {"ref": ""}])
def test_what_every_event_has_is_there_and_is_what_it_must_be(name: str, value: Any) -> None:
    if (name, value) == ("v", 1):
        read_event(written(v=1))
        return
    with pytest.raises(FormError):
        read_event(written(**{name: value}))


WRONG: dict[str, dict[str, Any]] = {
    "an id in upper case": {"id": EVENT["id"].upper()},
    "an id with a blank": {"id": EVENT["id"] + " "},
    "a type without a dot": {"type": "viewing"},
    "a type in upper case": {"type": "Viewing.x"},
    "a day that does not exist": {"occurred_at": "2026-02-30T09:14:22.123456Z"},
    "a second too many": {"occurred_at": "2026-02-20T09:14:60.123456Z"},
    "an hour from Greenwich": {"occurred_at": "2026-11-20T09:14:22.123456+00:00"},
    "five digits": {"occurred_at": "2026-11-20T09:14:22.12345Z"},
    "a part that no event has": {"more": {"a": 1}},
    "an empty part": {"change": {}},
    "a list for a part": {"purpose": ["quality"]},
    "a key that the part does not have": {"purpose": {"code": "quality", "case": "x"}},
    "no reference": {"actor": {"kind": "person"}},
    "an object without a reference": {"object": {"kind": "recording"}},
    "a number for a name": {"request": {"id": 1}},
    "a name as it is": {"actor": {"ref": "user:1", "name": "Dana"}},
    "a commitment in upper case": {"source": {"ip": HEX.upper()}},
    "a commitment with a line end": {"source": {"ip": HEX[:-1] + "\n"}},
    "a fraction": {"action_detail": {"a": 1.5}},
    "a fraction in a list": {"action_detail": {"a": [[1.0]]}},
    "true": {"action_detail": {"a": True}},
    "null": {"change": {"a": {"b": None}}},
    "a number beyond a double": {"action_detail": {"a": 2**53}},
    "a key that is not ASCII": {"action_detail": {"é": 1}},
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_event(what: str) -> None:
    with pytest.raises(FormError):
        read_event(written(**WRONG[what]))


def test_depth_and_size_have_a_limit() -> None:
    def nested(depth: int) -> bytes:
        value: Any = "x"
        for _ in range(depth - 1):
            value = {"a": value}
        return written(action_detail=value)

    read_event(nested(31))  # as part of a line of events.jsonl it is 32 deep
    for data in (nested(32), nested(900), written(action_detail={"a": "x" * 65_000}), b"[" * 60_000):
        with pytest.raises(FormError):
            read_event(data)


def test_a_parent_is_not_empty() -> None:
    """A verifier asks for the tag of every parent; a leaf has none for an empty one."""
    read_event(written(object={"kind": "recording", "parent": "object:1", "ref": "recording:1"}))
    with pytest.raises(FormError):
        read_event(written(object={"kind": "recording", "parent": "", "ref": "recording:1"}))


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        (b'"host":"a"', b'"host":"a","host":"b"'),
        (b'"host":"a"', b'"host": "a"'),
        (b'"host":"a"', b'"host":"\\u0061"'),
        (b'"host":"a"', b'"host":"\\ud800"'),
        (b'"host":"a"', b'"host":"\xff"'),
        (b'"host":"a","spans"', b'"spans":1,"spans"'),
        (b"[0,10]", b"[-0,10]"),
        (b"[0,10]", b"[00,10]"),
        (b"[0,10]", b"[1e1,10]"),
        (b"[0,10]", b"[NaN,10]"),
        (b'"v":1}', b'"v":1} '),
        (b'"v":1}', b'"v":1}{}'),
        (b'"v":1}', b'"v":1'),
        (b'{"action_detail"', b'\xef\xbb\xbf{"action_detail"'),
    ],
)
def test_another_spelling_is_no_event(there: bytes, instead: bytes) -> None:
    data = written()
    assert there in data
    with pytest.raises(FormError):
        read_event(data.replace(there, instead, 1))
