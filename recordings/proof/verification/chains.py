"""The chains of the log: how many leaves each object, parent and actor has so far, and which was the last.

The verifier's own code: what the sealer does in sealing/tags.py and batch.py is not reused on purpose.
"""

import hashlib
import hmac
import json
import sys
from typing import NamedTuple


class ChainEnd(NamedTuple):
    """The end of a chain within a segment. `ref` is empty when only a published entry named it."""

    ref: str
    leaves: int
    last: int | None


class ChainStart(NamedTuple):
    """What the first leaf of a chain within a later segment states about earlier leaves, to be compared with them."""

    leaves: int
    last: int | None
    n: int
    event_id: str


class Chain:
    """One chain. `head` is the beginning of its part of an entry."""

    __slots__ = ("count", "head", "last", "prev", "ref", "tag")

    def __init__(self, kind: str, tag: bytes, ref: str) -> None:
        self.tag, self.ref = tag, ref
        self.head = f'"{kind}":"{tag.hex()}","{kind}_n":'
        self.prev = sys.intern(f'"{kind}_prev":')
        self.count = 0
        self.last: int | None = None


class Chains:
    """All chains of one kind (`obj`, `par` or `act`) over a segment of the log.

    A later segment does not know the leaves before it. It accepts what the first leaf of each chain states about them,
    and keeps that in `starts`.
    """

    def __init__(self, kind: str, key: bytes, *, from_start: bool) -> None:
        self.kind = kind
        self._key = key
        self._from_start = from_start
        self._by_tag: dict[bytes, Chain] = {}
        self.by_ref: dict[str, Chain] = {}
        self.starts: dict[bytes, ChainStart] = {}

    def tag_of(self, ref: str) -> bytes:
        """Compute the tag of a reference."""
        return hmac.digest(self._key, f"{self.kind}\0{ref}".encode(), "sha256")

    def begin(self, ref: str, n: int, event_id: str, entry: bytes) -> Chain:
        """Begin the chain of a reference that is new in this segment; leaf `n` with this entry is its first."""
        chain = self.by_ref[ref] = self.of_tag(self.tag_of(ref), n, event_id, entry)
        chain.ref = ref
        return chain

    def of_tag(self, tag: bytes, n: int, event_id: str, entry: bytes) -> Chain:
        """Return the chain of a tag, whose reference may be unknown."""
        chain = self._by_tag.get(tag)
        if chain is None:
            chain = self._by_tag[tag] = Chain(self.kind, tag, "")
            if not self._from_start:
                chain.count, chain.last = count, last = _leaves_before(self.kind, entry)
                self.starts[tag] = ChainStart(count, last, n, event_id)
        return chain

    def ends(self) -> dict[bytes, ChainEnd]:
        """Return the end of every chain in this segment."""
        return {
            tag: ChainEnd(chain.ref, chain.count, chain.last)
            for tag, chain in self._by_tag.items()
            if chain.count
        }


def _leaves_before(kind: str, entry: bytes) -> tuple[int, int | None]:
    """Read from an entry how many leaves its chain had before it, and the last of them.

    Returns none for an entry that cannot be read; that is reported elsewhere.
    """
    try:
        parsed = json.loads(entry)
        return int(parsed[f"{kind}_n"]) - 1, parsed.get(f"{kind}_prev")
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0, None


def key_commitment(key: bytes) -> str:
    """Compute the commitment to the tag key in `log.opened`."""
    return hashlib.sha256(b"audit-tag-key-v1\0" + key).hexdigest()
