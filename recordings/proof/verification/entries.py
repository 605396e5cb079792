"""Compute a leaf's entry from its event and the counters, to compare it with the sealed one.

The sealer has its own code for this. The two are kept apart, so that a mistake in one is found by the other.
"""

import json
from functools import lru_cache

from recordings.proof.verification.chains import Chain
from recordings.proof.verification.findings import moment


@lru_cache(maxsize=1024)
def quoted(text: str) -> str:
    """Format a string as RFC 8785 requires."""
    return json.dumps(text, ensure_ascii=False)


@lru_cache(maxsize=16)
def _minute(minute: int) -> str:
    return moment(minute * 60_000_000)[:17]


def stamp(microseconds: int) -> str:
    """Format a time (PostgreSQL's microseconds since 2000) as in entries and events."""
    minute, rest = divmod(microseconds, 60_000_000)
    digits = "%08d" % rest  # noqa: UP031  (more than twice as fast as format())
    return f"{_minute(minute)}{digits[:2]}.{digits[2:]}Z"


def make_entry(
    n: int,
    event_id: str,
    body_hash: str,
    recorded_at: str,
    kind: str,
    outcome: str,
    act: Chain,
    obj: Chain | None,
    par: Chain | None,
    late: bool,
    version: int,
) -> bytes:
    """Format the canonical JSON of leaf `n`. The chains must be as they were before it."""
    act_prev = "" if act.last is None else f"{act.prev}{act.last},"
    links = ""
    if obj is not None:
        links = f"{obj.head}{obj.count + 1}," + ("" if obj.last is None else f"{obj.prev}{obj.last},")
    if par is not None:
        links += f"{par.head}{par.count + 1}," + ("" if par.last is None else f"{par.prev}{par.last},")
    return (
        f'{{{act.head}{act.count + 1},{act_prev}"bh":"{body_hash}","e":"{event_id}",{_LATE if late else ""}"n":{n},'
        f'"o":{quoted(outcome)},{links}"r":"{recorded_at}","v":{version},"y":{quoted(kind)}}}'
    ).encode()


_LATE = '"late":1,'
