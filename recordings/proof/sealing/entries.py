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


class ChainLink(NamedTuple):
    """A leaf's position in the chain of one tag: the n-th of it, after the leaf `prev`."""

    tag: bytes
    n: int
    prev: int | None


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def stamp(moment: datetime) -> str:
    """Format a time as the trail has it: UTC, six digits of a second, Z. Such texts sort as the times do."""
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
    act: ChainLink,
    obj: ChainLink | None,
    par: ChainLink | None = None,
    late: bool = False,
    version: int = 2,
) -> bytes:
    """The entry of leaf `n`. The order of the keys is the order of RFC 8785."""
    links = (_link_text("obj", obj) if obj else "") + (_link_text("par", par) if par else "")
    return (
        f'{{{_link_text("act", act)}"bh":"{body_hash.hex()}","e":"{event_id}",{_LATE if late else ""}"n":{n},'
        f'"o":{_quoted(outcome)},{links}"r":"{recorded_at}","v":{version},"y":{_quoted(kind)}}}'
    ).encode()


_LATE = '"late":1,'


def _link_text(name: str, link: ChainLink) -> str:
    prev = "" if link.prev is None else f'"{name}_prev":{link.prev},'
    return f'"{name}":"{link.tag.hex()}","{name}_n":{link.n},{prev}'


class Leaf(NamedTuple):
    """An entry with what the table keeps beside it. `event_no` is None when only the published entry came back."""

    n: int
    event_no: int | None
    event_id: str
    entry: bytes
    hash: bytes
    obj: ChainLink | None
    act: ChainLink
    par: ChainLink | None = None

    @property
    def late(self) -> bool:
        """Whether the entry is marked late."""
        return f",{_LATE}".encode() in self.entry


def parse_leaf(data: bytes, event_no: int | None = None) -> Leaf:
    """Parse a leaf from published bytes. ValueError when they are no entry as this log writes them."""
    try:
        leaf, canonical = _parse_fields(json.loads(data), data, event_no)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as wrong:
        raise ValueError(f"not an entry of this log: {wrong!r}") from wrong
    if canonical != data:
        raise ValueError("not an entry as this log writes them")
    return leaf


def _parse_fields(fields: dict[str, Any], data: bytes, event_no: int | None) -> tuple[Leaf, bytes]:
    """Read the leaf, and write the entry as this log would have written it."""
    obj, par = (_parse_link(fields, name) if name in fields else None for name in ("obj", "par"))
    act, event_id, version = _parse_link(fields, "act"), str(UUID(fields["e"])), _integer(fields["v"])
    if version not in (1, 2):
        raise ValueError("a version that this log does not have")
    canonical = entry(
        n=_integer(fields["n"]),
        event_id=event_id,
        body_hash=bytes.fromhex(fields["bh"]),
        recorded_at=stamp(datetime.fromisoformat(fields["r"])),
        kind=fields["y"],
        outcome=fields["o"],
        act=act,
        obj=obj,
        par=par if version == 2 else None,
        late=version == 2 and fields.get("late") == 1,
        version=version,
    )
    return Leaf(fields["n"], event_no, event_id, data, leaf_hash(data), obj, act, par), canonical


def _parse_link(fields: dict[str, Any], name: str) -> ChainLink:
    prev = _integer(fields[f"{name}_prev"]) if f"{name}_prev" in fields else None
    return ChainLink(bytes.fromhex(fields[name]), _integer(fields[f"{name}_n"]), prev)


def _integer(number: Any) -> int:
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError("a number that is not whole")
    return number
