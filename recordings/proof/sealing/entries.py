"""The bytes that are hashed: one entry per event, canonical JSON (RFC 8785) without personal data.

Formatted by hand, because a batch has a thousand of them; tests compare them with an RFC 8785 library.
"""

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from recordings.tlog.merkle import leaf_hash

MALFORMED = "event.malformed"


class ChainLink(NamedTuple):
    """A leaf's position in the chain of one tag: it is the n-th leaf with this tag, and `prev` is the one before."""

    tag: bytes
    n: int
    prev: int | None


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def stamp(moment: datetime) -> str:
    """Format a time as in the trail: UTC, six decimals, Z. These texts sort in the order of the times."""
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
    """Format the entry of leaf `n`. The keys are in the order that RFC 8785 requires."""
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
    """An entry and its columns in audit.leaf. `event_no` is None for a leaf that was restored without its event."""

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
    """Parse a leaf from published bytes. Raises ValueError unless they are an entry exactly as this log writes it."""
    try:
        leaf, canonical = _parse_fields(json.loads(data), data, event_no)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"not an entry of this log: {error!r}") from error
    if canonical != data:
        raise ValueError("not an entry in the form that this log writes")
    return leaf


def _parse_fields(fields: dict[str, Any], data: bytes, event_no: int | None) -> tuple[Leaf, bytes]:
    """Read a leaf from its fields, and format its entry again for comparison."""
    obj, par = (_parse_link(fields, name) if name in fields else None for name in ("obj", "par"))
    act, event_id, version = _parse_link(fields, "act"), str(UUID(fields["e"])), _integer(fields["v"])
    if version not in (1, 2):
        raise ValueError("unknown version")
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
        raise TypeError("not an integer")
    return number
