"""The bytes that are hashed: one entry per event, canonical JSON (RFC 8785) without personal data.

Written by hand because a thousand are written at a time; tests hold them against a library of RFC 8785.
"""

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from recordings.tlog.merkle import leaf_hash

MALFORMED = "event.malformed"


class Place(NamedTuple):
    """Where a leaf stands in the chain of one tag: the n-th of it, after the leaf `prev`."""

    tag: bytes
    n: int
    prev: int | None


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def stamp(moment: datetime) -> str:
    """A time as the trail writes it: UTC, six digits of a second, Z. In this form times compare as they follow."""
    if moment.tzinfo is None or moment.utcoffset():
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def entry(
    *,
    n: int,
    event_id: str,
    body_hash: bytes,
    recorded_at: str,
    kind: str,
    outcome: str,
    act: Place,
    obj: Place | None,
    par: Place | None = None,
    late: bool = False,
    version: int = 2,
) -> bytes:
    """The entry of leaf `n`. The order of the keys is the order of RFC 8785."""
    about = (_place("obj", obj) if obj else "") + (_place("par", par) if par else "")
    return (
        f'{{{_place("act", act)}"bh":"{body_hash.hex()}","e":"{event_id}",{_LATE if late else ""}"n":{n},'
        f'"o":{_quoted(outcome)},{about}"r":"{recorded_at}","v":{version},"y":{_quoted(kind)}}}'
    ).encode()


_LATE = '"late":1,'


def _place(name: str, place: Place) -> str:
    before = "" if place.prev is None else f'"{name}_prev":{place.prev},'
    return f'"{name}":"{place.tag.hex()}","{name}_n":{place.n},{before}'


class Leaf(NamedTuple):
    """An entry with what the table keeps beside it. `event_no` is None when only the published entry came back."""

    n: int
    event_no: int | None
    event_id: str
    entry: bytes
    hash: bytes
    obj: Place | None
    act: Place
    par: Place | None = None

    @property
    def late(self) -> bool:
        """Whether the entry is marked late."""
        return f",{_LATE}".encode() in self.entry


def parse_leaf(data: bytes, event_no: int | None = None) -> Leaf:
    """A leaf from published bytes. ValueError when they are no entry as this log writes them."""
    try:
        leaf, written = _read(json.loads(data), data, event_no)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as wrong:
        raise ValueError(f"not an entry of this log: {wrong!r}") from wrong
    if written != data:
        raise ValueError("not an entry as this log writes them")
    return leaf


def _read(said: dict[str, Any], data: bytes, event_no: int | None) -> tuple[Leaf, bytes]:
    """The leaf, and what its entry would be if this log had written it."""
    obj, par = (_read_place(said, name) if name in said else None for name in ("obj", "par"))
    act, event_id, version = _read_place(said, "act"), str(UUID(said["e"])), _whole(said["v"])
    if version not in (1, 2):
        raise ValueError("a version that this log does not have")
    written = entry(
        n=_whole(said["n"]),
        event_id=event_id,
        body_hash=bytes.fromhex(said["bh"]),
        recorded_at=stamp(datetime.fromisoformat(said["r"])),
        kind=said["y"],
        outcome=said["o"],
        act=act,
        obj=obj,
        par=par if version == 2 else None,
        late=version == 2 and said.get("late") == 1,
        version=version,
    )
    return Leaf(said["n"], event_no, event_id, data, leaf_hash(data), obj, act, par), written


def _read_place(said: dict[str, Any], name: str) -> Place:
    before = f"{name}_prev"
    prev = _whole(said[before]) if before in said else None
    return Place(bytes.fromhex(said[name]), _whole(said[f"{name}_n"]), prev)


def _whole(number: Any) -> int:
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError("a number that is not whole")
    return number
