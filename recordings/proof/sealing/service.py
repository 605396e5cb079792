"""The sealer's life: seal while there is something, wait a moment when there is nothing, come back after trouble."""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg
import structlog

from recordings.proof.sealing.epoch import new_epoch
from recordings.proof.sealing.errors import NotYet, Stopped
from recordings.proof.sealing.events import unsealed
from recordings.proof.sealing.incident_closing import settle
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.opening import open_log
from recordings.proof.sealing.restore import restore
from recordings.proof.sealing.seal import seal_batch
from recordings.proof.sealing.signing import AsksForSignatures, Signing
from recordings.proof.sealing.stable_prefix import Horizon
from recordings.proof.sealing.start import SIGNER, Latest, Parties, load
from recordings.tlog.client import Refused, Unreachable
from recordings.tlog.notes import NoteError, VerifierKey

logger = structlog.get_logger("portal.sealer")

# After a round, not from its start: under load shorter waits make smaller batches, and both the rate and p99 suffer.
TICK, IDLE_TICK = 0.05, 0.25
_SLOWER = 1.1  # from one tick to the next while nothing happens: a quarter of a second after about one second
_LOOK_EVERY = 0.25
_AT_LEAST_EVERY = 60.0  # a round even without events: the hourly manifest
_RETRY = 1.0
# Two sealers are safe – the row of the log's end is locked – but one of them would work for nothing.
_ADVISORY = 0x6175646974  # "audit"
_ALONE = """
SELECT pg_try_advisory_lock(%(key)s) OR NOT EXISTS (
    SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.classid = %(key)s::int8 >> 32 AND l.objid = %(key)s::int8 & 4294967295
      AND l.granted AND a.usename = current_user AND a.datname = current_database())
"""
_Lost = (psycopg.OperationalError, psycopg.InterfaceError)


class Sealer:
    """One sealer process. `outsiders` are asked at the start for their newest checkpoint, beside the signer."""

    def __init__(
        self,
        url: str,
        origin: str,
        signer: AsksForSignatures,
        *,
        keys: Sequence[VerifierKey] = (),
        outsiders: Mapping[str, Latest] | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._url, self._origin = url, origin
        self._signer, self._keys = signer, keys
        self._signing = Signing(signer, keys)
        self._parties = Parties(origin, {SIGNER: signer.latest, **(outsiders or {})}, keys)
        self._stop = stop or threading.Event()
        self._trouble = ""
        self._owed = True
        self._busy, self._low = False, -1

    def run(self) -> None:
        """Seal until told to stop. Raises SealingError when sealing must not go on; other trouble is waited out."""
        while not self._stop.is_set():
            try:
                with self.connect() as connection:
                    self._wait_until_alone(connection)
                    if self._stop.is_set():
                        return
                    log = self._load(connection)
                    self._owed, self._low = True, -1
                    self._fine()
                    self._work(connection, log)
            except (*_Lost, NotYet, Unreachable, Refused, NoteError) as trouble:
                self._wait_out(_sentence(trouble))

    def once(self) -> int:
        """Seal and sign what is committed now; returns the log's size. Raises what stands in the way."""
        with self.connect() as connection:
            log = self._load(connection)
            self._seal_all(connection, log)
        return log.size

    def settle(self, reason: str) -> int:
        """Close the incidents that are open, with an event and its leaf for each; how many there were."""
        with self.connect() as connection:
            number, log = settle(connection, self._origin, self._parties, reason)
            if log:
                self._signing.sign(connection, log)
        return number

    def restore(self, note: str, entries: Iterable[bytes]) -> tuple[int, int]:
        """Bring lost leaves back from a published copy; how many came, and the log's size when all is sealed again."""
        with self.connect() as connection:
            number, log = restore(connection, self._origin, self._parties, note, entries)
            self._seal_all(connection, log)
        return number, log.size

    def new_epoch(self, reason: str) -> tuple[str, int]:
        """Go on under the next name; that name, and the log's size when all is sealed again."""
        with self.connect() as connection:
            log = new_epoch(connection, self._origin, self._parties, reason)
            self._signing.sign(connection, log)
            self._seal_all(connection, log)
        return log.origin, log.size

    def _load(self, connection: psycopg.Connection[Any]) -> Log:
        """The log counted again; opened when there is none."""
        began = time.monotonic()
        log = load(connection, self._origin, self._parties)
        if log is None:
            log = open_log(connection, self._origin) or load(connection, self._origin, self._parties)
            if log is None:
                raise Stopped("head_differs", "There is a row of the log's end, but no leaf.")
            logger.info("the log is opened", origin=self._origin)
        else:
            logger.info("the log is counted", leaves=log.size, seconds=round(time.monotonic() - began, 3))
        return log

    def _seal_all(self, connection: psycopg.Connection[Any], log: Log) -> None:
        horizon = Horizon()
        while True:
            settled = horizon.look(connection)
            sealed = seal_batch(connection, log, settled=settled, signed=self._parties.signed)
            self._signing.sign(connection, log)
            if not (sealed.count or sealed.unsigned) and log.signed == log.size:
                return

    def connect(self) -> psycopg.Connection[Any]:
        """A connection of the sealer's own role."""
        return psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=5,
            application_name="auditportal sealer",
            options="-c timezone=UTC",
        )

    def _wait_until_alone(self, connection: psycopg.Connection[Any]) -> None:
        while not self._stop.is_set():
            row = connection.execute(_ALONE, {"key": _ADVISORY}).fetchone()
            if row and row[0]:
                return
            self._wait_out("another sealer is at work on this database")

    def _work(self, connection: psycopg.Connection[Any], log: Log) -> None:
        horizon, looked, worked, tick = Horizon(), 0.0, 0.0, IDLE_TICK
        while not self._stop.is_set():
            now = time.monotonic()
            if now - looked >= _LOOK_EVERY:
                horizon.look(connection)
                looked = now
            if self._owed or now - worked >= _AT_LEAST_EVERY or self._has_work(connection, log, horizon):
                worked = now
                tick = 0.0 if self._round(connection, log, horizon) else TICK
            else:
                tick = min(max(tick, TICK) * _SLOWER, IDLE_TICK)
            self._stop.wait(tick)

    def _has_work(self, connection: psycopg.Connection[Any], log: Log, horizon: Horizon) -> bool:
        """A look without a lock, because most find nothing – but not right after something was found. What is settled
        need not be looked at again."""
        self._low = max(self._low, log.low)
        if self._busy or unsealed(connection, self._low, 1):
            return True
        self._low = max(self._low, horizon.settled.number)
        return False

    def _round(self, connection: psycopg.Connection[Any], log: Log, horizon: Horizon) -> bool:
        """Seal a batch and have it signed; whether there may be more at once."""
        sealed = seal_batch(connection, log, settled=horizon.settled, signed=self._parties.signed)
        self._busy, self._owed = sealed.count > 0, True
        try:
            self._signing.sign(connection, log)
            self._owed = log.signed != log.size
            self._fine()
        except (Unreachable, Refused, NoteError) as trouble:
            # Sealing goes on; what is sealed is signed with the next round.
            self._wait_out(_sentence(trouble))
        return sealed.full or sealed.unsigned

    def _wait_out(self, trouble: str) -> None:
        if trouble != self._trouble:
            logger.warning("waiting", trouble=trouble)
        self._trouble = trouble
        self._stop.wait(_RETRY)

    def _fine(self) -> None:
        if self._trouble:
            logger.info("going on", after=self._trouble)
        self._trouble = ""


def _sentence(trouble: Exception) -> str:
    """Why it waits, without an address that a driver's message may hold."""
    if isinstance(trouble, _Lost):
        return "the database does not answer"
    if isinstance(trouble, NotYet):
        return str(trouble)
    return f"the signer does not sign: {trouble}"
