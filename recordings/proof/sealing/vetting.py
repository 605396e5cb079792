"""Check leaves that this process did not write and nobody has signed: recompute each from its event and its chains.

Such leaves exist when a process died between commit and signature, when another sealer was running, or when somebody
with the sealer's login inserted rows. What cannot be recomputed (that an incident was closed, that a backup was
restored) is accepted when the log's key has signed it, or when an operator accepts it (seal_trail --close-incidents).
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
import structlog

from recordings.audit.kinds import Kind
from recordings.proof.sealing.batch import Batch, minute_before, recorded_at_of
from recordings.proof.sealing.entries import MALFORMED, ChainLink
from recordings.proof.sealing.errors import Stopped
from recordings.proof.sealing.events import Event, EventContent, events_of, examine
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.log_events import LATE_EVENTS, MALFORMED_EVENTS, announcement
from recordings.proof.sealing.opening import next_origin
from recordings.proof.sealing.rotation import key_ids
from recordings.proof.sealing.stable_prefix import wait_for_writers
from recordings.proof.sealing.tags import key_commitment
from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.merkle import Frontier
from recordings.tlog.notes import NoteError

logger = structlog.get_logger("portal.sealer")

_LEAVES = """
SELECT n, event_no, event_id::text, entry, hash, obj, obj_n, par, par_n, act, act_n FROM audit.leaf
WHERE n >= %s ORDER BY n LIMIT %s
"""
_REPORTED = """
SELECT FROM audit.incident
WHERE event_id = %s AND left(code, 100) = %s AND left(detail, 2000) = %s AND settles IS NULL
"""
_MISSED = """
SELECT count(*) FROM audit.event e WHERE id > %s AND recorded_at < %s
  AND NOT EXISTS (SELECT FROM audit.leaf l WHERE l.event_no = e.id AND l.n < %s)
"""
_LATE_AFTER = "SELECT count(*) FROM audit.leaf WHERE n > %s AND position('\"late\":1,'::bytea IN entry) > 0"
_NOTE = "SELECT note FROM audit.checkpoint WHERE size = %s"
_PAGE = 1000
LEAF_FOREIGN = "leaf_foreign"
_WAIT_SECONDS, _POLL_SECONDS = 3.0, 0.1

# Returns the newest checkpoint that the signer has signed for an origin; None when there is none.
LastSigned = Callable[[str], Checkpoint | None]


class Row(NamedTuple):
    """A row of audit.leaf."""

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
    """Adds the leaves beyond the end of the log to it, if they follow from it."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        log: Log,
        last_signed: LastSigned | None = None,
        *,
        accept_unproven: bool = False,
        sizes: Sequence[int] = (),
    ) -> None:
        """With `accept_unproven`, an operator accepts what cannot be recomputed. `roots` gets the roots at `sizes`."""
        self._connection, self._log, self._last_signed = connection, log, last_signed
        self._accept_unproven = accept_unproven
        self._sizes, self.roots = sizes, dict[int, bytes]()
        self._announced: tuple[str, int] = "", 0  # an incident's code, and how many leaves it still announces
        self._unproven: list[str] = []

    def add_all(self) -> None:
        """Add all leaves there are. Raises Stopped at the first that does not follow.

        Raises NotYet when transactions that write events must end first.
        """
        log = self._log
        while rows := self._connection.execute(_LEAVES, [log.size, _PAGE], binary=True).fetchall():
            leaves = [Row._make(row) for row in rows]
            batch = Batch(log)
            events = events_of(self._connection, [leaf.event_id for leaf in leaves])
            for leaf in leaves:
                self._add(batch, leaf, events.get(leaf.event_id))
            self._note_roots([leaf.hash for leaf in leaves])
            batch.grow_tree()  # its tiles and rows are in the database already
            batch.adopt()
        if self._announced[1]:
            raise _leaf_foreign(log.size - 1, "it announces leaves that do not exist")
        if self._unproven:
            self._require_proof()

    def _note_roots(self, hashes: list[bytes]) -> None:
        start = self._log.size
        for size in self._sizes:
            if start < size <= start + len(hashes):
                frontier = Frontier(start, self._log.frontier.nodes)
                frontier.extend(hashes[: size - start])
                self.roots[size] = frontier.root()

    def _add(self, batch: Batch, row: Row, event: Event | None) -> None:
        if row.n != batch.n:
            raise _leaf_foreign(row.n, f"the next leaf must be leaf {batch.n}")
        if event is None or event.id != row.event_no:
            raise _leaf_foreign(row.n, "its event is missing")
        content, malformed = examine(event), row.entry.endswith(b'"y":"%s"}' % MALFORMED.encode())
        late = event.recorded_at < batch.closed_until
        if malformed:
            if content is not None and not content.is_log_event:
                raise _leaf_foreign(row.n, "it marks a valid event as malformed")
            self._require_announced(row, MALFORMED_EVENTS)
            leaf = batch.add_malformed(event, late=late)
        elif content is None:
            raise _leaf_foreign(row.n, "its event is malformed")
        else:
            if late and not _announces_late(content):
                self._require_announced(row, LATE_EVENTS)
            elif self._announced[1]:
                raise _leaf_foreign(row.n, f"an incident announces it as {self._announced[0]}")
            if content.is_log_event:
                self._vet_log_event(batch, row, event, content)
            leaf = batch.add(event, content, late=late)
            if content.kind == Kind.HEADS_MANIFEST:
                batch.note_manifest(row.n, str(content.detail["closed_until"]), recorded_at_of(leaf.entry))
        links = (*_columns(leaf.obj), *_columns(leaf.par), *_columns(leaf.act))
        if (*leaf[:5], *links) != row:
            raise _leaf_foreign(row.n, "its event and its chains result in a different leaf")

    def _require_announced(self, row: Row, code: str) -> None:
        announced, remaining = self._announced
        if announced != code or not remaining:
            raise _leaf_foreign(row.n, f"no incident {code} precedes it")
        self._announced = announced, remaining - 1

    def _vet_log_event(self, batch: Batch, row: Row, event: Event, content: EventContent) -> None:
        detail = content.detail
        if content.kind == Kind.HEADS_MANIFEST:
            self._vet_manifest(batch, row, event, detail)
        elif content.kind == Kind.LOG_OPENED:
            self._vet_opening(batch, row, detail)
        elif content.kind == Kind.KEY_ROTATED:
            self._vet_rotation(row, detail)
        elif content.kind == Kind.SEALER_INCIDENT and not detail.get("settled"):
            self._vet_incident(row, detail)
        else:
            self._unproven.append(f"leaf {row.n} says {json.dumps(detail, ensure_ascii=False)[:300]}")

    def _vet_manifest(self, batch: Batch, row: Row, event: Event, detail: Mapping[str, Any]) -> None:
        closed_until = str(detail.get("closed_until"))
        if detail != batch.manifest_detail(closed_until) or not (
            batch.closed_until <= closed_until <= minute_before(event.recorded_at)
        ):
            raise _leaf_foreign(row.n, "its manifest does not match the leaves before it")
        wait_for_writers(self._connection)
        bounds = [self._log.complete_to, datetime.fromisoformat(closed_until), row.n]
        missed = self._connection.execute(_MISSED, bounds).fetchall() != [(0,)]
        # Events that it missed may have been sealed after it, marked as late.
        if missed and self._connection.execute(_LATE_AFTER, [row.n]).fetchall() == [(0,)]:
            raise _leaf_foreign(
                row.n, f"its manifest closes the log until {closed_until}, but earlier events have no leaf"
            )

    def _vet_opening(self, batch: Batch, row: Row, detail: Mapping[str, Any]) -> None:
        """Check the log's first leaf, or an epoch that begins because signed leaves are missing here."""
        log = self._log
        valid = detail.get("tag_key_sha256") == key_commitment(log.tag_key)
        if row.n == 0 and "previous_origin" not in detail:
            valid = valid and detail.get("origin") == log.first
        else:
            previous = self._last_signed(str(detail.get("previous_origin"))) if self._last_signed else None
            valid = (
                valid
                and previous is not None
                and detail.get("origin") == next_origin(log.first, previous.origin)
                and (detail.get("previous_size"), detail.get("previous_root"))
                == (previous.size, previous.root.hex())
                and previous.size > batch.n
            )
        if valid:
            batch.origin = str(detail["origin"])
            batch.manifest_at = batch.manifest_at if batch.n else recorded_at_of(row.entry)
        else:
            self._unproven.append(f"leaf {row.n} opens {detail.get('origin')}")
            batch.origin = str(detail.get("origin"))

    def _vet_rotation(self, row: Row, detail: Mapping[str, Any]) -> None:
        rows = self._connection.execute(_NOTE, [detail.get("size")]).fetchall()
        try:
            if rows and detail.get("key") in {key.hex() for key in key_ids(rows[0][0])}:
                return
        except NoteError:
            pass
        self._unproven.append(f"leaf {row.n} says that the log's key was replaced")

    def _vet_incident(self, row: Row, detail: Mapping[str, Any]) -> None:
        code, count = detail.get("code"), detail.get("count")
        if code in (LATE_EVENTS, MALFORMED_EVENTS):
            if type(count) is not int or count < 1 or detail != announcement(str(code), row.n + 1, count):
                raise _leaf_foreign(row.n, "its incident does not announce the leaves after it")
            if self._announced[1]:
                raise _leaf_foreign(row.n, "its incident is within the leaves that another one announces")
            self._announced = str(code), count
            return
        sentence = detail.get("sentence")
        if not self._connection.execute(_REPORTED, [row.event_id, code, sentence]).fetchall():
            self._unproven.append(f"leaf {row.n} says {code}: {str(sentence)[:300]}")

    def _require_proof(self) -> None:
        """Wait until the log's key has signed what cannot be recomputed. Raises Stopped if it does not.

        Does not raise when an operator accepts unsigned events.
        """
        end = time.monotonic() + (_WAIT_SECONDS if self._last_signed else 0)
        while not (signed := self._end_is_signed()) and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)
        if signed:
            return
        claims = "; ".join(self._unproven[:5])
        if not self._accept_unproven:
            raise Stopped(
                "own_leaf_unsigned",
                f"Events of the log are not signed and cannot be recomputed: {claims}. If you caused them, close this "
                "incident (seal_trail --close-incidents). If not, somebody wrote them with the sealer's login.",
            )
        logger.warning("unsigned events accepted by an operator", claims=claims)

    def _end_is_signed(self) -> bool:
        signed = self._last_signed(self._log.origin) if self._last_signed else None
        return signed is not None and (signed.size, signed.root) == (
            self._log.size,
            self._log.frontier.root(),
        )


def _announces_late(content: EventContent) -> bool:
    detail = content.detail
    return (
        content.kind == Kind.SEALER_INCIDENT and detail.get("code") == LATE_EVENTS and "settled" not in detail
    )


def _columns(link: ChainLink | None) -> tuple[bytes | None, int | None]:
    return (link.tag, link.n) if link else (None, None)


def _leaf_foreign(n: int, why: str) -> Stopped:
    return Stopped(
        LEAF_FOREIGN,
        f"Leaf {n} was not written by a sealer: {why}. It is not signed. Keep a copy of the database. Its owner can "
        f"then delete the leaves from {n} on and close this incident (seal_trail --close-incidents).",
    )
