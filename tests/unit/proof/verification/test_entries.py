"""The sealer's and the verifier's entries are equal, and equal to the RFC 8785 form."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from recordings.proof.sealing.entries import ChainLink, entry
from recordings.proof.sealing.entries import stamp as sealer_stamp
from recordings.proof.sealing.tags import tag
from recordings.proof.verification.chains import Chains
from recordings.proof.verification.entries import make_entry, stamp

KEY = bytes(range(32))
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
words = st.text(st.characters(codec="utf-8"), max_size=12)
counts = st.integers(0, 2**53)


@given(st.integers(-(10**15), 10**16))
def test_times(microseconds: int) -> None:
    said = (EPOCH + timedelta(microseconds=microseconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert stamp(microseconds) == said.rjust(27, "0")


@given(
    words,
    words,
    counts,
    counts,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 2]),
    st.uuids(),
)
def test_both_have_the_same_bytes(
    kind: str,
    outcome: str,
    n: int,
    before: int,
    has_object: bool,
    has_parent: bool,
    late: bool,
    version: int,
    event: UUID,
) -> None:
    acts, objs, pars = (Chains(name, KEY, from_start=True) for name in ("act", "obj", "par"))
    act, obj = acts.begin("user:1", 0, "", b""), objs.begin("recording:1", 0, "", b"")
    par = pars.begin("object:1", 0, "", b"") if has_parent else None
    act.count, act.last = before, before or None
    recorded, digest = 816_542_062_123_456, bytes(32)
    mine = make_entry(
        n,
        str(event),
        digest.hex(),
        stamp(recorded),
        kind,
        outcome,
        act,
        obj if has_object else None,
        par,
        late,
        version,
    )
    theirs = entry(
        n=n,
        event_id=str(event),
        body_hash=digest,
        recorded_at=sealer_stamp(EPOCH + timedelta(microseconds=recorded)),
        kind=kind,
        outcome=outcome,
        act=ChainLink(tag(KEY, "act", "user:1"), before + 1, before or None),
        obj=ChainLink(tag(KEY, "obj", "recording:1"), 1, None) if has_object else None,
        par=ChainLink(tag(KEY, "par", "object:1"), 1, None) if has_parent else None,
        late=late,
        version=version,
    )
    assert mine == theirs
    if before < 2**53 - 1 and n < 2**53:
        assert rfc8785.dumps(json.loads(mine)) == mine
