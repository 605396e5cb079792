"""The nightly verification of the whole log, against nothing but hashing what it hashes.

The usual work to compare with: read body and entry of every leaf in order and run hashlib over each and over the nodes
of the tree above them, one process, no comparison with anything. Ours does that and more: bodies, index columns,
entries made again, chains, tree, tiles, checkpoints and their signatures, heads, manifests, and the search for what is
not sealed. BENCH_EVENTS=1000000 gives the figure that is asked for; of fewer events, starting up is a good part.
"""

from collections.abc import Iterator
from hashlib import sha256
from time import perf_counter

import psycopg

from auditportal.embedded import Services
from recordings.proof.verification.verify import verify
from recordings.tlog import merkle
from tests.bench import logs
from tests.bench.results import Measured

ROUNDS = 2
_BYTES = "SELECT body, entry FROM audit.leaf JOIN audit.event e ON e.id = event_no ORDER BY n"


def measure() -> Iterator[Measured]:
    """Events verified a second; times of what is compared (above 1: ours takes longer)."""
    with logs.big_trail() as services:
        rounds = [(_ours(services), *_hashed(services)) for _ in range(ROUNDS)]
        ours, read, hashed = (min(times) for times in zip(*rounds, strict=True))
    yield Measured("verification of the whole log", logs.EVENTS / ours, "events/s", ours / read,
                   "the time of reading and hashing the same bytes with hashlib")  # fmt: skip
    yield Measured("verification, beside hashing alone", logs.EVENTS / ours, "events/s", ours / hashed,
                   "the time of hashlib alone: bodies, entries, tree, in memory already")  # fmt: skip


def _ours(services: Services) -> float:
    started = perf_counter()
    result = verify(services.database_url, policy=logs.policy(services))
    seconds = perf_counter() - started
    if result.problem or result.leaves < logs.EVENTS:
        raise AssertionError(f"{result.leaves} leaves: {result.problem}")
    return seconds


def _hashed(services: Services) -> tuple[float, float]:
    """Seconds of reading and hashing together, and of hashing alone."""
    leaves: list[bytes] = []
    hashing, started = 0.0, perf_counter()
    with psycopg.connect(services.admin_url) as connection, connection.cursor("all", binary=True) as cursor:
        cursor.execute(_BYTES)
        while rows := cursor.fetchmany(2000):
            before = perf_counter()
            for body, entry in rows:
                sha256(body).digest()
                leaves.append(sha256(b"\0" + entry).digest())
            hashing += perf_counter() - before
    before = perf_counter()
    merkle.root(leaves)
    hashing += perf_counter() - before
    return perf_counter() - started, hashing
