"""The consistency path computed from the right edge and the new leaves equals the path computed from all leaves."""

from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.proof.sealing.signing import consistency_path_of
from recordings.tlog.merkle import Frontier, consistency_path

HASHES = [sha256(bytes([at & 255, at >> 8])).digest() for at in range(2000)]


@settings(deadline=None)
@given(st.integers(1, 1200), st.integers(0, 800))
def test_it_is_the_path_of_rfc_9162(old: int, more: int) -> None:
    edge = Frontier()
    edge.extend(HASHES[:old])
    assert consistency_path_of(edge, HASHES[old : old + more]) == consistency_path(HASHES[: old + more], old)


def test_it_holds_for_all_small_trees() -> None:
    for old in range(1, 40):
        edge = Frontier()
        edge.extend(HASHES[:old])
        for size in range(old, 80):
            assert consistency_path_of(edge, HASHES[old:size]) == consistency_path(HASHES[:size], old)
