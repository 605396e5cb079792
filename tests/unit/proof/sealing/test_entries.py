"""Tags and the bytes of a leaf, compared with an independent implementation of RFC 8785."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.proof.sealing.entries import ChainLink, entry, parse_leaf, stamp
from recordings.proof.sealing.tags import key_commitment, tag
from recordings.tlog.merkle import leaf_hash

ID = "019aa1b2-0000-7000-8000-000000000001"
AT = datetime(2026, 11, 20, 9, 14, 22, 123456, tzinfo=UTC)

hashes = st.binary(min_size=32, max_size=32)
numbers = st.integers(0, 2**53 - 1)
links = st.builds(ChainLink, hashes, st.integers(1, 2**53 - 1), st.none() | numbers)
texts = st.text(st.characters(exclude_categories=["Cs"]))
moments = st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


def plain(fields: dict[str, object], name: str, link: ChainLink | None) -> dict[str, object]:
    if link is None:
        return fields
    before = {} if link.prev is None else {f"{name}_prev": link.prev}
    return fields | {name: link.tag.hex(), f"{name}_n": link.n} | before


@settings(deadline=None)
@given(
    numbers, st.uuids().map(str), hashes, moments, texts, texts, links, st.none() | links, st.none() | links,
    st.booleans(), st.sampled_from([1, 2]),
)  # fmt: skip
def test_an_entry_equals_its_rfc_8785_form(
    n, event_id, body_hash, at, kind, outcome, act, obj, par, late, version
):
    par, late = (par, late) if version == 2 else (None, False)
    data = entry(
        n=n,
        event_id=event_id,
        body_hash=body_hash,
        recorded_at=stamp(at),
        kind=kind,
        outcome=outcome,
        act=act,
        obj=obj,
        par=par,
        late=late,
        version=version,
    )
    fields: dict[str, object] = ({"late": 1} if late else {}) | {
        "v": version, "n": n, "e": event_id, "bh": body_hash.hex(), "y": kind, "o": outcome,
        "r": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }  # fmt: skip
    fields = plain(plain(plain(fields, "act", act), "obj", obj), "par", par)
    assert data == rfc8785.dumps(fields)  # type: ignore[arg-type]
    leaf = parse_leaf(data)
    assert (leaf.n, leaf.event_id, leaf.obj, leaf.par, leaf.act) == (n, event_id, obj, par, act)
    assert leaf.hash == leaf_hash(data) == hashlib.sha256(b"\0" + data).digest()


def test_a_time_is_written_in_utc_with_six_digits() -> None:
    assert stamp(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02T03:04:05.000000Z"
    assert stamp(AT.astimezone(timezone(timedelta(hours=2)))) == "2026-11-20T09:14:22.123456Z"


@pytest.mark.parametrize(
    "change",
    [
        {"v": 1, "late": 1},
        {"v": 3},
        {"late": 0},
        {"n": -1.5},
        {"act": None},
        {"e": "x"},
        {"more": 1},
        {"r": "2026-11-20"},
        {"obj": "00"},
    ],
)
def test_entries_that_this_log_would_not_write_are_refused(change: dict[str, object]) -> None:
    fields = json.loads(
        entry(
            n=3, event_id=ID, body_hash=bytes(32), recorded_at=stamp(AT), kind="a.b", outcome="granted",
            act=ChainLink(bytes(32), 1, None), obj=None,
        )
    )  # fmt: skip
    with pytest.raises(ValueError, match="not an entry"):
        parse_leaf(json.dumps(fields | change, sort_keys=True, separators=(",", ":")).encode())
    with pytest.raises(ValueError, match="not an entry"):
        parse_leaf(json.dumps(fields).encode())  # the same, with spaces


def test_tags_and_the_key_commitment_follow_the_format() -> None:
    key = bytes(range(32))
    assert tag(key, "obj", "recording:1") == hmac.new(key, b"obj\0recording:1", "sha256").digest()
    assert tag(key, "act", "recording:1") != tag(key, "obj", "recording:1")
    assert key_commitment(key) == hashlib.sha256(b"audit-tag-key-v1\0" + key).hexdigest()
