"""Writing the trail over eight connections while the real sealer works on the same machine, against the usual ways.

Every writer commits each event by itself, as a prepared statement. Beside ours: a plain INSERT of the same bytes – the
event's and those of its personal values – into a table of nothing else; a plain INSERT of the same rows with the same
indexes, the personal values beside them; our own events as a hash chain, each link under a lock until its commit.
`commit_delay` imitates a slow disk. After each run the log must be whole: inserted = leaves, indices without a gap,
nothing unsealed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, NamedTuple

import psycopg
from pydantic_core import from_json

from auditportal.embedded import Services
from recordings.audit.arrays import blobs, texts
from tests.bench import events, logs
from tests.bench.events import Event
from tests.bench.results import Measured
from tests.bench.writers import Job, write

CONNECTIONS = 8
SECONDS, ROUNDS = 2.0, 2
SLOW_FLUSH = 10_000  # microseconds that every flush of the log waits

_TABLES = """
CREATE TABLE bench_bytes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea NOT NULL, personal bytea NOT NULL);
CREATE TABLE bench_event (LIKE audit.event INCLUDING INDEXES INCLUDING IDENTITY);
CREATE TABLE bench_personal (LIKE audit.personal INCLUDING INDEXES);
CREATE TABLE bench_chain (one boolean PRIMARY KEY DEFAULT true, head bytea NOT NULL);
CREATE TABLE bench_link (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, hash bytea NOT NULL);
INSERT INTO bench_chain (head) VALUES ('');
CREATE FUNCTION bench_chained(p_body bytea, p_fields text[], p_subjects text[], p_sealed bytea[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE link bytea;
BEGIN
    SELECT sha256(head || sha256(p_body)) INTO link FROM bench_chain FOR UPDATE;
    PERFORM audit.record_event(p_body, p_fields, p_subjects, p_sealed);
    INSERT INTO bench_link (hash) VALUES (link);
    UPDATE bench_chain SET head = link;
END $$;
"""
_OURS = "SELECT audit.record_event_under(%b, %s::text[], %s::text[], %s::bytea[], %s::text[], %s::bytea[])"
_BYTES = "INSERT INTO bench_bytes (body, personal) VALUES (%b, %b)"
_SAME_ROWS = """
WITH event AS (
    INSERT INTO bench_event (event_id, body, body_hash, recorded_at, occurred_at, skewed, kind, outcome, actor_ref,
                             actor_role, target_kind, target_ref, parent_ref, purpose, request_id)
    VALUES (%b, %b, %b, clock_timestamp(), %b::timestamptz, false, %b, %b, %b, %b, %b, %b, %b, %b, %b)
    RETURNING event_id
)
INSERT INTO bench_personal SELECT event_id, %s::text[], %s::text[], %s::bytea[] FROM event
"""
_CHAIN = "SELECT bench_chained(%b, %s::text[], %s::text[], %s::bytea[])"
_LATENCY = """
SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (
    ORDER BY extract(epoch FROM (SELECT signed_at FROM audit.checkpoint WHERE size > n ORDER BY size LIMIT 1)
                                - recorded_at)::float8)
FROM audit.leaf JOIN audit.event e ON e.id = event_no WHERE e.id > %s
"""


class Way(NamedTuple):
    """A way to write an event: the statement and its values for an event."""

    name: str
    statement: str
    values: Callable[[Event], tuple[Any, ...]]


class Disk(NamedTuple):
    """How fast flushes are: the name for figures, microseconds of delay, rows a second made for each connection."""

    name: str
    delay: int
    rows: int


def measure() -> Iterator[Measured]:
    """Events a second on a fast and on a slow disk, and how long an event waits for its signed checkpoint."""
    for disk in (Disk("", 0, 1200), Disk(", slow disk", SLOW_FLUSH, 300)):
        with (
            logs.own_database("bench_sealing") as services,
            _prepared(services, disk),
            logs.sealing(services),
        ):
            yield from _rates(_Bench(services, disk))


@contextmanager
def _prepared(services: Services, disk: Disk) -> Iterator[None]:
    events.fill(services.admin_url, 0)
    with psycopg.connect(services.admin_url, autocommit=True) as connection:
        connection.execute(_TABLES)
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET commit_siblings = 0")
        connection.execute(f"ALTER DATABASE {name} SET commit_delay = {disk.delay}")
    yield


def _rates(bench: "_Bench") -> Iterator[Measured]:
    found = bench.side_by_side()
    ours, disk = found["ours"], bench.disk.name
    yield Measured(f"events committed{disk}, 8 connections, sealed meanwhile", ours, "events/s", ours / found["bytes"],
                   "a plain INSERT of the same bytes")  # fmt: skip
    yield Measured(f"events committed{disk}, beside the same rows", ours, "events/s", ours / found["rows"],
                   "a plain INSERT of the same rows, indexes and personal values")  # fmt: skip
    yield Measured(f"events committed{disk}, beside a hash chain", ours, "events/s", ours / found["chain"],
                   "the same events as a hash chain under a lock")  # fmt: skip
    if not bench.disk.delay:
        p50, p99 = bench.latency(ours / 2)
        yield Measured("event to signed checkpoint at half the rate, p50", p50 * 1000, "ms")
        yield Measured("event to signed checkpoint at half the rate, p99", p99 * 1000, "ms")


class _Bench:
    """Runs on one database, the log checked after each."""

    def __init__(self, services: Services, disk: Disk) -> None:
        self.services, self.disk = services, disk
        with psycopg.connect(services.admin_url) as connection:
            rows = connection.execute("SELECT subject, wrapped FROM audit.subject_key")
            self.wrapped: dict[str, bytes] = dict(rows.fetchall())
        self.ways = [
            Way(
                "bytes", _BYTES, lambda event: (event.body, b"".join(sealed for *_, sealed in event.secrets))
            ),
            Way("rows", _SAME_ROWS, _columns),
            Way("chain", _CHAIN, lambda event: (event.body, *_private(event))),
            Way("ours", _OURS, self._with_keys),
        ]

    def side_by_side(self) -> dict[str, float]:
        """Events a second of each way: the better of the rounds, which take turns."""
        best: dict[str, float] = {}
        for _ in range(ROUNDS):
            for way in self.ways:
                best[way.name] = max(best.get(way.name, 0.0), self._run(way))
        return best

    def latency(self, rate: float) -> tuple[float, float]:
        """Seconds from an event to the first signed checkpoint over it, median and p99, at this rate."""
        with psycopg.connect(self.services.admin_url) as connection:
            ((last,),) = connection.execute("SELECT max(id) FROM audit.event").fetchall()
        self._run(self.ways[-1], pause=CONNECTIONS / rate)
        with psycopg.connect(self.services.admin_url) as connection:
            ((found,),) = connection.execute(_LATENCY, [last]).fetchall()
        return float(found[0]), float(found[1])

    def _run(self, way: Way, pause: float = 0.0) -> float:
        rows = int(self.disk.rows * SECONDS)
        made = [way.values(event) for event in events.events(rows * CONNECTIONS)]
        jobs = [
            Job(self.services.admin_url, way.statement, made[number::CONNECTIONS], SECONDS, pause)
            for number in range(CONNECTIONS)
        ]
        rate = write(jobs).rate
        logs.wait_sealed(self.services)
        logs.check_whole(self.services)
        return rate

    def _with_keys(self, event: Event) -> tuple[Any, ...]:
        keys = {subject: self.wrapped[subject] for _, subject, _ in event.secrets}
        return event.body, *_private(event), texts(keys), blobs(keys.values())


def _private(event: Event) -> tuple[str, str, str]:
    fields, subjects, sealed = zip(*event.secrets, strict=True)
    return texts(fields), texts(subjects), blobs(sealed)


def _columns(event: Event) -> tuple[Any, ...]:
    body = from_json(event.body)
    actor, target = body["actor"], body.get("object", {})
    return (
        event.id,
        event.body,
        sha256(event.body).digest(),
        body["occurred_at"],
        body["type"],
        body["outcome"],
        actor["ref"],
        actor["role"],
        target.get("kind", ""),
        target.get("ref", ""),
        target.get("parent", ""),
        body.get("purpose", {}).get("code", ""),
        body["request"]["id"],
        *_private(event),
    )
