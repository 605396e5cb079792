"""Leaves that this process did not write and nobody has signed: made again from events and chains, or not gone on from.

They are there when a process died between commit and signature, when another sealer was at work, or when somebody
with the sealer's login inserted rows. What cannot be made again – that an incident is settled, that a backup was
restored – is believed when the log's key has signed it, or when an operator says so (seal_trail --settle).
"""

import json
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
import structlog

from recordings.audit.kinds import Kind
from recordings.proof.sealing.batch import GARBLED, LATE, Batch, minute_before, recorded_at_of, speaking
from recordings.proof.sealing.entries import MALFORMED, Place
from recordings.proof.sealing.errors import Stopped
from recordings.proof.sealing.events import Event, Said, events_of, examine
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.opening import next_origin
from recordings.proof.sealing.rotation import key_ids
from recordings.proof.sealing.stable_prefix import wait_settled
from recordings.proof.sealing.tags import key_commitment
from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.merkle import Frontier
from recordings.tlog.notes import NoteError

logger = structlog.get_logger("portal.sealer")

_LEAVES = """
SELECT n, event_no, event_id::text, entry, hash, obj, obj_n, par, par_n, act, act_n FROM audit.leaf
WHERE n >= %s ORDER BY n LIMIT %s
"""
_TOLD = """
SELECT FROM audit.incident
WHERE event_id = %s AND left(code, 100) = %s AND left(detail, 2000) = %s AND settles IS NULL
"""
_MISSED = """
SELECT count(*) FROM audit.event e WHERE id > %s AND recorded_at < %s
  AND NOT EXISTS (SELECT FROM audit.leaf l WHERE l.event_no = e.id AND l.n < %s)
"""
_NOTE = "SELECT note FROM audit.checkpoint WHERE size = %s"
_PAGE = 1000
LEAF_FOREIGN = "leaf_foreign"
_PATIENCE, _PAUSE = 3.0, 0.1

# The newest checkpoint of an origin that the log's key has signed, as the signer remembers it; None when there is none.
Signed = Callable[[str], Checkpoint | None]


class Row(NamedTuple):
    """A leaf as it stands in the table."""

    n: int
    event_no: int | None
    event_id: str
    entry: bytes
    hash: bytes
    obj: bytes | None
    obj_n: int | None
    par: bytes | None
    par_n: int | None
    act: bytes
    act_n: int


class Vetting:
    """Takes the leaves beyond the log's end into the log, if they follow from it."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        log: Log,
        signed: Signed | None = None,
        *,
        believe: bool = False,
        sizes: Sequence[int] = (),
    ) -> None:
        """`believe`: an operator is here, who wants what cannot be made again to stand. `roots` are kept at `sizes`."""
        self._connection, self._log, self._signed, self._believe = connection, log, signed, believe
        self._sizes, self.roots = sizes, dict[int, bytes]()
        self._spoken: tuple[str, int] = "", 0  # an incident's code, and how many leaves it still speaks of
        self._unproven: list[str] = []

    def take(self) -> int:
        """Take all there are; how many. Raises Stopped at the first that does not follow, NotYet when that cannot be
        told before others have ended."""
        start = self._log.size
        while rows := self._rows():
            batch = Batch(self._log)
            events = events_of(self._connection, [row.event_id for row in rows])
            for row in rows:
                self._take(batch, row, events.get(row.event_id))
            self._keep_roots([row.hash for row in rows])
            batch.count()
            batch.adopt()
        if self._spoken[1]:
            raise _foreign(self._log.size - 1, "it speaks of leaves that are not there")
        if self._unproven:
            self._prove()
        return self._log.size - start

    def _keep_roots(self, hashes: list[bytes]) -> None:
        start = self._log.size
        for size in self._sizes:
            if start < size <= start + len(hashes):
                frontier = Frontier(start, self._log.frontier.nodes)
                frontier.extend(hashes[: size - start])
                self.roots[size] = frontier.root()

    def _rows(self) -> list[Row]:
        rows = self._connection.execute(_LEAVES, [self._log.size, _PAGE], binary=True)
        return [Row._make(row) for row in rows.fetchall()]

    def _take(self, batch: Batch, row: Row, event: Event | None) -> None:
        if row.n != batch.n:
            raise _foreign(row.n, f"the next leaf is {batch.n}")
        if event is None or event.id != row.event_no:
            raise _foreign(row.n, "its event is not there")
        said, malformed = examine(event), row.entry.endswith(b'"y":"%s"}' % MALFORMED.encode())
        late = event.recorded_at < batch.closed_until
        if malformed:
            if said is not None and not said.is_own:
                raise _foreign(row.n, "it hides an event that can be read")
            self._expect(row, GARBLED)
            leaf = batch.add_malformed(event, late=late)
        elif said is None:
            raise _foreign(row.n, "its event cannot be read")
        else:
            if late and not _speaks_of_late(said):
                self._expect(row, LATE)
            elif self._spoken[1]:
                raise _foreign(row.n, f"the leaf before speaks of it as {self._spoken[0]}")
            if said.is_own:
                self._vet_own(batch, row, event, said)
            leaf = batch.add(event, said, late=late)
            if said.kind == Kind.HEADS_MANIFEST:
                batch.note_manifest(row.n, str(said.detail["closed_until"]), recorded_at_of(leaf.entry))
        kept = (row.n, row.event_no, row.event_id, row.entry, row.hash, *_pair(leaf.obj), *_pair(leaf.par))
        if (*kept, *_pair(leaf.act)) != (*leaf[:5], *row[5:]):
            raise _foreign(row.n, "event and chains give another")

    def _expect(self, row: Row, code: str) -> None:
        spoken, left = self._spoken
        if spoken != code or not left:
            raise _foreign(row.n, f"no incident {code} stands before it")
        self._spoken = spoken, left - 1

    def _vet_own(self, batch: Batch, row: Row, event: Event, said: Said) -> None:
        if said.kind == Kind.HEADS_MANIFEST:
            self._vet_manifest(batch, row, event, said)
        elif said.kind == Kind.LOG_OPENED:
            self._vet_opening(batch, row, said)
        elif said.kind == Kind.KEY_ROTATED:
            self._vet_rotation(row, said)
        elif said.kind == Kind.SEALER_INCIDENT and not said.detail.get("settled"):
            self._vet_incident(row, said)
        else:
            self._unproven.append(f"leaf {row.n} says {json.dumps(said.detail, ensure_ascii=False)[:300]}")

    def _vet_manifest(self, batch: Batch, row: Row, event: Event, said: Said) -> None:
        closed_until = str(said.detail.get("closed_until"))
        if said.detail != batch.manifest_detail(closed_until) or not (
            batch.closed_until <= closed_until <= minute_before(event.recorded_at)
        ):
            raise _foreign(row.n, "its manifest is not what the leaves before it give")
        wait_settled(self._connection)
        given = [self._log.low, datetime.fromisoformat(closed_until), row.n]
        if self._connection.execute(_MISSED, given).fetchall() != [(0,)] and not self._are_late(row):
            raise _foreign(
                row.n, f"its manifest says that the log is closed until {closed_until}, and it is not"
            )

    def _are_late(self, row: Row) -> bool:
        """Whether what the manifest missed is marked so by leaves that follow it."""
        late = "SELECT count(*) FROM audit.leaf WHERE n > %s AND position('\"late\":1,'::bytea IN entry) > 0"
        return self._connection.execute(late, [row.n]).fetchall() != [(0,)]

    def _vet_opening(self, batch: Batch, row: Row, said: Said) -> None:
        """The log's first leaf; or an epoch that begins because the signer had signed what is not here."""
        log, detail = self._log, said.detail
        fits = detail.get("tag_key_sha256") == key_commitment(log.tag_key)
        if row.n == 0 and "previous_origin" not in detail:
            fits = fits and detail.get("origin") == log.first
        else:
            before = self._signed(str(detail.get("previous_origin"))) if self._signed else None
            fits = (
                fits
                and before is not None
                and detail.get("origin") == next_origin(log.first, before.origin)
                and (detail.get("previous_size"), detail.get("previous_root"))
                == (before.size, before.root.hex())
                and before.size > batch.n
            )
        if fits:
            batch.origin = str(detail["origin"])
            batch.manifest_at = batch.manifest_at if batch.n else recorded_at_of(row.entry)
        else:
            self._unproven.append(f"leaf {row.n} opens {detail.get('origin')}")
            batch.origin = str(detail.get("origin"))

    def _vet_rotation(self, row: Row, said: Said) -> None:
        rows = self._connection.execute(_NOTE, [said.detail.get("size")]).fetchall()
        try:
            if rows and said.detail.get("key") in {key.hex() for key in key_ids(rows[0][0])}:
                return
        except NoteError:
            pass
        self._unproven.append(f"leaf {row.n} says that the key was replaced")

    def _vet_incident(self, row: Row, said: Said) -> None:
        code, count = said.detail.get("code"), said.detail.get("count")
        if code in (LATE, GARBLED):
            if type(count) is not int or count < 1 or said.detail != speaking(str(code), row.n + 1, count):
                raise _foreign(row.n, "its incident speaks of other leaves")
            if self._spoken[1]:
                raise _foreign(row.n, "an incident within another")
            self._spoken = str(code), count
            return
        told = [row.event_id, code, said.detail.get("sentence")]
        if not self._connection.execute(_TOLD, told).fetchall():
            self._unproven.append(f"leaf {row.n} says {code}: {str(said.detail.get('sentence'))[:300]}")

    def _prove(self) -> None:
        """Somebody must stand for what cannot be made again: the log's key, or an operator."""
        end = time.monotonic() + (_PATIENCE if self._signed else 0)
        while not (proven := self._is_signed()) and time.monotonic() < end:
            time.sleep(_PAUSE)
        if proven:
            return
        told = "; ".join(self._unproven[:5])
        if not self._believe:
            raise Stopped(
                "own_leaf_unsigned",
                f"The log says of itself what nobody has signed: {told}. If you did that, settle it "
                "(seal_trail --settle). If not, somebody wrote with the sealer's login.",
            )
        logger.warning("believed because an operator settles", said=told)

    def _is_signed(self) -> bool:
        seen = self._signed(self._log.origin) if self._signed else None
        return seen is not None and (seen.size, seen.root) == (self._log.size, self._log.frontier.root())


def _speaks_of_late(said: Said) -> bool:
    return (
        said.kind == Kind.SEALER_INCIDENT and said.detail.get("code") == LATE and "settled" not in said.detail
    )


def _pair(place: Place | None) -> tuple[bytes | None, int | None]:
    return (place.tag, place.n) if place else (None, None)


def _foreign(n: int, why: str) -> Stopped:
    return Stopped(
        LEAF_FOREIGN,
        f"Leaf {n} was not written by a sealer: {why}. Nobody has signed it. Keep a copy of the database; its owner "
        f"can then remove the leaves from {n} on, and settle this (seal_trail --settle).",
    )
