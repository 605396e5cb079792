"""The entry of a leaf, made again from the event and the counters, to be held against the one that was sealed.

The sealer has its own; two ways to the same bytes, so that a mistake in one is not believed by the other.
"""

import json
from functools import lru_cache

from recordings.proof.verification.chains import Chain
from recordings.proof.verification.findings import moment


@lru_cache(maxsize=1024)
def quoted(text: str) -> str:
    """A string as RFC 8785 writes it."""
    return json.dumps(text, ensure_ascii=False)


@lru_cache(maxsize=16)
def _minute(minute: int) -> str:
    return moment(minute * 60_000_000)[:17]


def stamp(microseconds: int) -> str:
    """A time in PostgreSQL's microseconds as entries and events write it."""
    minute, rest = divmod(microseconds, 60_000_000)
    digits = "%08d" % rest  # noqa: UP031  (faster than twice by format)
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
    """The canonical JSON of leaf `n`; the chains stand where they stood before it."""
    before = "" if act.last is None else f"{act.prev}{act.last},"
    about = ""
    if obj is not None:
        about = f"{obj.head}{obj.count + 1}," + ("" if obj.last is None else f"{obj.prev}{obj.last},")
    if par is not None:
        about += f"{par.head}{par.count + 1}," + ("" if par.last is None else f"{par.prev}{par.last},")
    return (
        f'{{{act.head}{act.count + 1},{before}"bh":"{body_hash}","e":"{event_id}",{_LATE if late else ""}"n":{n},'
        f'"o":{quoted(outcome)},{about}"r":"{recorded_at}","v":{version},"y":{quoted(kind)}}}'
    ).encode()


_LATE = '"late":1,'
