"""The sealer process: seal while there are events, wait a moment when there are none, go on after an outage."""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg
import structlog

from recordings import heartbeat
from recordings.proof.sealing.epoch import new_epoch
from recordings.proof.sealing.errors import NotYet, Stopped
from recordings.proof.sealing.events import unsealed
from recordings.proof.sealing.incident_closing import close_incidents
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.opening import open_log
from recordings.proof.sealing.restore import restore
from recordings.proof.sealing.seal import Sealed, seal_batch
from recordings.proof.sealing.signing import NOT_SIGNED, AsksForSignatures, Signing
from recordings.proof.sealing.stable_prefix import StablePrefix, StablePrefixTracker
from recordings.proof.sealing.start import SIGNER, Latest, Observers, load
from recordings.tlog.notes import VerifierKey

logger = structlog.get_logger("portal.sealer")

# After a round, not from its start: under load shorter waits make smaller batches, and both the rate and p99 suffer.
TICK, IDLE_TICK = 0.05, 0.25
_SLOWER = 1.1  # from one tick to the next while nothing happens: a quarter of a second after about one second
_TRACK_EVERY = 0.25
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
_CONNECTION_LOST = (psycopg.OperationalError, psycopg.InterfaceError)


class Sealer:
    """One sealer process. Beside the signer, `outsiders` are asked at the start for their newest checkpoint."""

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
        self._observers = Observers(origin, {SIGNER: signer.latest, **(outsiders or {})}, keys)
        self._stop = stop or threading.Event()
        self._outage = ""  # why it waits, as it was logged
        self._owed = True  # a signature, or a first round
        self._busy, self._low = False, -1

    def run(self) -> None:
        """Seal until told to stop. Raises SealingError when sealing must not go on; outages are waited out."""
        while not self._stop.is_set():
            try:
                with self.connect() as connection:
                    self._wait_until_alone(connection)
                    if self._stop.is_set():
                        return
                    log = self._load(connection)
                    self._owed, self._low = True, -1
                    self._outage_is_over()
                    self._work(connection, log)
            except (*_CONNECTION_LOST, NotYet, *NOT_SIGNED) as error:
                self._wait_out(_sentence(error))

    def once(self) -> int:
        """Seal and sign what is committed now; returns the log's size. Raises what stands in the way."""
        with self.connect() as connection:
            log = self._load(connection)
            self._seal_all(connection, log)
        return log.size

    def settle(self, reason: str) -> int:
        """Close the incidents that are open, with an event and its leaf for each; returns how many there were."""
        with self.connect() as connection:
            number, log = close_incidents(connection, self._origin, self._observers, reason)
            if log:
                self._signing.sign_and_publish(connection, log)
        return number

    def restore(self, note: str, entries: Iterable[bytes]) -> tuple[int, int]:
        """Restore lost leaves from a published copy; returns how many, and the log's size when all is sealed again."""
        with self.connect() as connection:
            number, log = restore(connection, self._origin, self._observers, note, entries)
            self._seal_all(connection, log)
        return number, log.size

    def new_epoch(self, reason: str) -> tuple[str, int]:
        """Go on under the next name; returns that name, and the log's size when all is sealed again."""
        with self.connect() as connection:
            log = new_epoch(connection, self._origin, self._observers, reason)
            self._signing.sign_and_publish(connection, log)
            self._seal_all(connection, log)
        return log.origin, log.size

    def _load(self, connection: psycopg.Connection[Any]) -> Log:
        """Count the log again; open it when there is none."""
        started = time.monotonic()
        log = load(connection, self._origin, self._observers)
        if log is None:
            log = open_log(connection, self._origin) or load(connection, self._origin, self._observers)
            if log is None:
                raise Stopped("head_differs", "There is a row of the log's end, but no leaf.")
            logger.info("the log is opened", origin=self._origin)
        else:
            logger.info("the log is counted", leaves=log.size, seconds=round(time.monotonic() - started, 3))
        return log

    def _seal_all(self, connection: psycopg.Connection[Any], log: Log) -> None:
        tracker = StablePrefixTracker()
        while True:
            stable = tracker.update(connection)
            sealed = self._seal_batch(connection, log, stable)
            if sealed.failure:
                raise sealed.failure
            if not (sealed.count or sealed.unsigned) and log.signed == log.size:
                return

    def connect(self) -> psycopg.Connection[Any]:
        """Connect as the sealer's own role."""
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
        tracker, tracked_at, worked_at, tick = StablePrefixTracker(), 0.0, 0.0, IDLE_TICK
        while not self._stop.is_set():
            heartbeat.beat()
            now = time.monotonic()
            if now - tracked_at >= _TRACK_EVERY:
                tracker.update(connection)
                tracked_at = now
            stable = tracker.current
            if self._owed or now - worked_at >= _AT_LEAST_EVERY or self._has_work(connection, log, stable):
                worked_at = now
                tick = 0.0 if self._round(connection, log, stable) else TICK
            else:
                tick = min(max(tick, TICK) * _SLOWER, IDLE_TICK)
            self._stop.wait(tick)

    def _has_work(self, connection: psycopg.Connection[Any], log: Log, stable: StablePrefix) -> bool:
        """Look for events without a lock, because mostly there are none – but not right after there were some. The
        stable prefix without leaves need not be read again."""
        self._low = max(self._low, log.low)
        if self._busy or unsealed(connection, self._low, 1):
            return True
        self._low = max(self._low, stable.number)
        return False

    def _round(self, connection: psycopg.Connection[Any], log: Log, stable: StablePrefix) -> bool:
        """Seal a batch and have it signed; returns whether there may be more at once."""
        sealed = self._seal_batch(connection, log, stable)
        self._busy = sealed.count > 0
        if sealed.failure:
            # Sealing goes on; what is sealed is signed with the next round.
            self._owed = True
            self._wait_out(_sentence(sealed.failure))
        else:
            self._owed = log.signed != log.size
            self._outage_is_over()
        return sealed.full or sealed.unsigned

    def _seal_batch(self, connection: psycopg.Connection[Any], log: Log, stable: StablePrefix) -> Sealed:
        last_signed = self._observers.last_signed
        return seal_batch(connection, log, self._signing, stable=stable, last_signed=last_signed)

    def _wait_out(self, outage: str) -> None:
        heartbeat.beat()
        if outage != self._outage:
            logger.warning("waiting", trouble=outage)
        self._outage = outage
        self._stop.wait(_RETRY)

    def _outage_is_over(self) -> None:
        if self._outage:
            logger.info("going on", after=self._outage)
        self._outage = ""


def _sentence(error: Exception) -> str:
    """Why it waits, without an address that a driver's message may hold."""
    if isinstance(error, _CONNECTION_LOST):
        return "the database does not answer"
    if isinstance(error, NotYet):
        return str(error)
    return f"the signer does not sign: {error}"
