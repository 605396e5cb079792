"""The chains of the log: for each object, parent and actor, how many leaves it has so far and which was the last."""

import hashlib
import hmac
import json
import sys
from typing import NamedTuple


class End(NamedTuple):
    """Where a chain stands after a segment of the log. `ref` is empty when only a published entry named it."""

    ref: str
    leaves: int
    last: int | None


class Seam(NamedTuple):
    """What the first leaf of a chain within a later segment says of the segments before it; both are compared."""

    leaves: int
    last: int | None
    n: int
    event_id: str


class Chain:
    """One chain while it is followed. `head` is how its entries begin to speak of it."""

    __slots__ = ("count", "head", "last", "prev", "ref", "tag")

    def __init__(self, kind: str, tag: bytes, ref: str) -> None:
        self.tag, self.ref = tag, ref
        self.head = f'"{kind}":"{tag.hex()}","{kind}_n":'
        self.prev = sys.intern(f'"{kind}_prev":')
        self.count = 0
        self.last: int | None = None


class Chains:
    """All chains of one kind (`obj`, `par` or `act`) over a segment of the log.

    A later segment does not know what came before it: it believes the first leaf of each chain and keeps what that
    leaf said as a seam.
    """

    def __init__(self, kind: str, key: bytes, *, from_start: bool) -> None:
        self.kind = kind
        self._key = key
        self._from_start = from_start
        self._by_tag: dict[bytes, Chain] = {}
        self.by_ref: dict[str, Chain] = {}
        self.seams: dict[bytes, Seam] = {}

    def tag_of(self, ref: str) -> bytes:
        """The tag of a ref."""
        return hmac.digest(self._key, f"{self.kind}\0{ref}".encode(), "sha256")

    def begin(self, ref: str, n: int, event_id: str, entry: bytes) -> Chain:
        """The chain of a ref that was not met yet; leaf `n` with this entry is the first of it here."""
        chain = self.by_ref[ref] = self.of_tag(self.tag_of(ref), n, event_id, entry)
        chain.ref = ref
        return chain

    def of_tag(self, tag: bytes, n: int, event_id: str, entry: bytes) -> Chain:
        """The chain of a tag whose ref may be unknown."""
        chain = self._by_tag.get(tag)
        if chain is None:
            chain = self._by_tag[tag] = Chain(self.kind, tag, "")
            if not self._from_start:
                chain.count, chain.last = count, last = _leaves_before(self.kind, entry)
                self.seams[tag] = Seam(count, last, n, event_id)
        return chain

    def ends(self) -> dict[bytes, End]:
        """Where every chain of this segment stands at its end."""
        return {
            tag: End(chain.ref, chain.count, chain.last) for tag, chain in self._by_tag.items() if chain.count
        }


def _leaves_before(kind: str, entry: bytes) -> tuple[int, int | None]:
    """The number of leaves before an entry and the last of them, as it says itself; none when it cannot be read (that
    is a problem of its own)."""
    try:
        parsed = json.loads(entry)
        return int(parsed[f"{kind}_n"]) - 1, parsed.get(f"{kind}_prev")
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0, None


def key_commitment(key: bytes) -> str:
    """What `log.opened` says of the tag key."""
    return hashlib.sha256(b"audit-tag-key-v1\0" + key).hexdigest()
