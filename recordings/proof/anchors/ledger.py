"""The publisher's queries, run as the sealer's database role through psycopg without Django."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from recordings.tlog.checkpoint import parse_note
from recordings.tlog.notes import Note, NoteError, Signed, VerifierKey

Connection = psycopg.Connection[tuple[Any, ...]]
_CLAIM_LOCKS = 0x6F757473  # "outs", the first key of the advisory locks on parties


@dataclass(frozen=True)
class StoredCheckpoint:
    """A row of audit.checkpoint. The note has the log's signature and no cosignature."""

    size: int
    root: bytes
    origin: str
    note: str
    signed_at: datetime


_COLUMNS = "size, root, origin, note, signed_at"


def newest(connection: Connection) -> StoredCheckpoint:
    """Read the newest checkpoint. Raises LookupError before the first signature."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM audit.checkpoint ORDER BY size DESC LIMIT 1"  # noqa: S608  (our own words; values are parameters)
    ).fetchone()
    if row is None:
        raise LookupError("The log has no checkpoint yet.")
    return StoredCheckpoint(*row)


def newest_size(connection: Connection) -> int | None:
    """Read the size of the newest checkpoint; None before the first signature."""
    row = connection.execute("SELECT max(size) FROM audit.checkpoint").fetchone()
    return row[0] if row else None


def newest_manifest(connection: Connection) -> int:
    """Read the leaf number of the newest heads manifest; -1 when there is none."""
    row = connection.execute("SELECT manifest_n FROM audit.log_head").fetchone()
    return int(row[0]) if row else -1


_CHECKPOINTS_FOR = f"""
WITH newer AS (
    SELECT size FROM audit.checkpoint WHERE origin = %(origin)s AND size > %(seen)s ORDER BY size DESC LIMIT 200
), shared AS (
    SELECT size FROM newer JOIN audit.cosignature USING (size) WHERE witness <> %(witness)s
    AND (%(following)s::text[] IS NULL OR witness = ANY(%(following)s::text[]))
    GROUP BY size ORDER BY count(DISTINCT witness) DESC, size DESC LIMIT 1
), manifests AS (
    SELECT leaf.n + 1 AS size FROM audit.leaf JOIN audit.event ON event.id = leaf.event_no
    WHERE event.kind = 'heads.manifest' ORDER BY event.id DESC LIMIT 64
)
SELECT {_COLUMNS} FROM audit.checkpoint WHERE origin = %(origin)s AND size > %(seen)s
AND (size IN (TABLE manifests) OR size = coalesce((TABLE shared), (SELECT max(size) FROM newer)))
ORDER BY size
"""  # noqa: S608  (constants only)


def checkpoints_for(
    connection: Connection, witness: str, origin: str, seen: int, following: list[str] | None = None
) -> list[StoredCheckpoint]:
    """List the checkpoints to send to a witness that has signed `seen` leaves of this log, in order.

    These are the checkpoints that end with a manifest (only the last 64, because bundles need no older ones), and the
    one that most other witnesses have cosigned, or else the newest. A quorum must be met on a single checkpoint. If
    each witness took the newest at its turn, a busy log would have none that two witnesses share.

    With `following`, only these witnesses count, so that nobody outside the quorum decides what the quorum signs.
    """
    parameters = {"witness": witness, "origin": origin, "seen": seen, "following": following}
    rows = connection.execute(_CHECKPOINTS_FOR, parameters)
    return [StoredCheckpoint(*row) for row in rows]


def largest_cosigned(connection: Connection, witness: str, origin: str) -> int:
    """Read the largest size of this log that a witness has cosigned; 0 when there is none."""
    row = connection.execute(
        """SELECT max(size) FROM audit.cosignature JOIN audit.checkpoint USING (size)
           WHERE witness = %s AND origin = %s""",
        [witness, origin],
    ).fetchone()
    return (row and row[0]) or 0


def largest_proven(connection: Connection, witness: str, origin: str, key: VerifierKey, above: int) -> int:
    """Find the largest size above `above` with a valid cosignature by the witness's key; 0 when there is none."""
    rows = connection.execute(
        """SELECT c.note, s.line FROM audit.cosignature AS s JOIN audit.checkpoint AS c USING (size)
           WHERE s.witness = %s AND c.origin = %s AND size > %s ORDER BY size DESC LIMIT 20""",
        [witness, origin, above],
    )
    for note, line in rows.fetchall():
        try:
            text = Note.parse(note).text
            return parse_note(f"{text}\n{line}\n", [key])[0].size
        except NoteError:
            continue
    return 0


def record_cosignature(connection: Connection, size: int, witness: str, signed: Signed) -> None:
    """Store a verified cosignature."""
    connection.execute(
        """INSERT INTO audit.cosignature (size, witness, line, time) VALUES (%s, %s, %s, to_timestamp(%s))
           ON CONFLICT DO NOTHING""",
        [size, witness, signed.line, signed.time],
    )


def due(connection: Connection, name: str, every: timedelta) -> bool:
    """Tell whether there is a checkpoint that this party lacks, and its last success is at least `every` ago."""
    row = connection.execute(
        """SELECT FROM audit.checkpoint AS c LEFT JOIN audit.outside AS o ON o.name = %s
           WHERE c.size = (SELECT max(size) FROM audit.checkpoint) AND c.size <> coalesce(o.size, -1)
           AND coalesce(o.success_at + %s <= clock_timestamp(), true)""",
        [name, every],
    ).fetchone()
    return row is not None


def last_anchor(connection: Connection, kind: str, place: str) -> tuple[int, datetime] | None:
    """Read size and time of the newest anchor of this kind at this place."""
    return connection.execute(
        "SELECT size, time FROM audit.anchor WHERE kind = %s AND place = %s ORDER BY size DESC, id DESC LIMIT 1",
        [kind, place],
    ).fetchone()


def record_anchor(
    connection: Connection, kind: str, size: int, place: str, evidence: bytes, time: datetime
) -> None:
    """Record that a checkpoint was anchored, with the evidence returned."""
    connection.execute(
        "INSERT INTO audit.anchor (kind, size, place, evidence, time) VALUES (%s, %s, %s, %s, %s)",
        [kind, size, place, evidence, time],
    )


def incidents_since(connection: Connection, since: datetime) -> list[str]:
    """List the incidents since then, oldest first, at most 50."""
    rows = connection.execute(
        """SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), code, detail FROM audit.incident
           WHERE at >= %s AND settles IS NULL ORDER BY id LIMIT 50""",
        [since],
    )
    return [f"{at} UTC, {code}: {detail}" for at, code, detail in rows]


def claim(connection: Connection, name: str) -> bool:
    """Try to become the publisher that serves the party, until this connection ends. Only one of several succeeds."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_CLAIM_LOCKS, name]).fetchone()
    return bool(row and row[0])


def register(connection: Connection, parties: dict[str, timedelta]) -> None:
    """Write a row for every party to serve. A party that is no longer served gets `every` 0."""
    connection.execute(
        "UPDATE audit.outside SET every = interval '0', trouble = '' WHERE name <> ALL(%s)", [list(parties)]
    )
    for name, every in parties.items():
        connection.execute(
            """INSERT INTO audit.outside (name, every) VALUES (%s, %s)
               ON CONFLICT (name) DO UPDATE SET every = EXCLUDED.every""",
            [name, every],
        )


def record_success(connection: Connection, name: str, size: int, remark: str) -> None:
    """Record that the party has the log up to `size`. `remark` is shown as well."""
    connection.execute(
        """UPDATE audit.outside SET asked_at = clock_timestamp(), success_at = clock_timestamp(), size = %s,
           trouble = %s WHERE name = %s""",
        [size, remark, name],
    )


def record_failure(connection: Connection, name: str, trouble: str) -> None:
    """Record that the party could not be served, and why."""
    connection.execute(
        "UPDATE audit.outside SET asked_at = clock_timestamp(), trouble = %s WHERE name = %s",
        [trouble, name],
    )
