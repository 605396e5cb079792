"""The sealer process: seal events as they are committed, sign the log, and resume after an outage."""

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
from recordings.proof.sealing.seal import SealResult, seal_batch
from recordings.proof.sealing.signing import NOT_SIGNED, SignerClient, Signing
from recordings.proof.sealing.stable_prefix import StablePrefix, StablePrefixTracker
from recordings.proof.sealing.start import SIGNER, LatestNote, Observers, load
from recordings.tlog.notes import VerifierKey

logger = structlog.get_logger("portal.sealer")

# Seconds between rounds, counted from the end of one: shorter waits make smaller batches, and under load both the rate
# and the p99 latency get worse.
TICK, IDLE_TICK = 0.05, 0.25
_TICK_GROWTH = 1.1  # from one idle tick to the next: IDLE_TICK is reached after about one second
_TRACK_EVERY = 0.25
_ROUND_EVERY = 60.0  # seconds; a round runs even without events, to write the hourly manifest
_RETRY_SECONDS = 1.0
# Two sealers are safe, because the log_head row is locked, but the second one would do no useful work.
_LOCK_KEY = 0x6175646974  # "audit"
_NO_OTHER_SEALER = """
SELECT pg_try_advisory_lock(%(key)s) OR NOT EXISTS (
    SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.classid = %(key)s::int8 >> 32 AND l.objid = %(key)s::int8 & 4294967295
      AND l.granted AND a.usename = current_user AND a.datname = current_database())
"""
_CONNECTION_LOST = (psycopg.OperationalError, psycopg.InterfaceError)


class Sealer:
    """One sealer process.

    `observers` have their own copy of the log's newest checkpoint (witnesses, the bucket). Like the signer, they are
    asked for it at the start.
    """

    def __init__(
        self,
        url: str,
        origin: str,
        signer: SignerClient,
        *,
        keys: Sequence[VerifierKey] = (),
        observers: Mapping[str, LatestNote] | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._url, self._origin = url, origin
        self._signer, self._keys = signer, keys
        self._signing = Signing(signer, keys)
        self._observers = Observers(origin, {SIGNER: signer.latest, **(observers or {})}, keys)
        self._stop = stop or threading.Event()
        self._outage = ""  # why it waits, as logged
        self._round_due = True  # at the start, and while the log's end is not signed
        self._sealed_some = False  # in the last round
        self._checked_to = -1  # every event up to this number has its leaf

    def run(self) -> None:
        """Seal until `stop` is set. Outages are waited out. Raises SealingError when an operator must act."""
        while not self._stop.is_set():
            try:
                with self.connect() as connection:
                    self._wait_for_other_sealers(connection)
                    if self._stop.is_set():
                        return
                    log = self._load(connection)
                    self._round_due, self._checked_to = True, -1
                    self._clear_outage()
                    self._seal_continuously(connection, log)
            except (*_CONNECTION_LOST, NotYet, *NOT_SIGNED) as error:
                self._pause(_outage_of(error))

    def once(self) -> int:
        """Seal and sign what is committed now; returns the log's size.

        Raises SealingError, or what the signer raised instead of signing.
        """
        with self.connect() as connection:
            log = self._load(connection)
            self._seal_all(connection, log)
        return log.size

    def close_incidents(self, reason: str) -> int:
        """Close the open incidents, each with an event and its leaf; returns how many there were."""
        with self.connect() as connection:
            number, log = close_incidents(connection, self._origin, self._observers, reason)
            if log:
                self._signing.sign_and_publish(connection, log)
        return number

    def restore(self, note: str, entries: Iterable[bytes]) -> tuple[int, int]:
        """Restore lost leaves from a published copy; returns how many, and the log's size once all is sealed."""
        with self.connect() as connection:
            number, log = restore(connection, self._origin, self._observers, note, entries)
            self._seal_all(connection, log)
        return number, log.size

    def new_epoch(self, reason: str) -> tuple[str, int]:
        """Continue the log under its next name; returns that name, and the log's size once all events are sealed."""
        with self.connect() as connection:
            log = new_epoch(connection, self._origin, self._observers, reason)
            self._signing.sign_and_publish(connection, log)
            self._seal_all(connection, log)
        return log.origin, log.size

    def _load(self, connection: psycopg.Connection[Any]) -> Log:
        """Load the log from its leaves; open it when there is none."""
        started = time.monotonic()
        log = load(connection, self._origin, self._observers)
        if log is None:
            log = open_log(connection, self._origin) or load(connection, self._origin, self._observers)
            if log is None:
                raise Stopped("head_differs", "audit.log_head has a row, but there is no leaf.")
            logger.info("log opened", origin=self._origin)
        else:
            logger.info("log loaded", leaves=log.size, seconds=round(time.monotonic() - started, 3))
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
        """Connect as the sealer's database role."""
        return psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=5,
            application_name="auditportal sealer",
            options="-c timezone=UTC",
        )

    def _wait_for_other_sealers(self, connection: psycopg.Connection[Any]) -> None:
        while not self._stop.is_set():
            row = connection.execute(_NO_OTHER_SEALER, {"key": _LOCK_KEY}).fetchone()
            if row and row[0]:
                return
            self._pause("another sealer is running on this database")

    def _seal_continuously(self, connection: psycopg.Connection[Any], log: Log) -> None:
        tracker, tracked_at, worked_at, tick = StablePrefixTracker(), 0.0, 0.0, IDLE_TICK
        while not self._stop.is_set():
            heartbeat.beat()
            now = time.monotonic()
            if now - tracked_at >= _TRACK_EVERY:
                tracker.update(connection)
                tracked_at = now
            stable = tracker.current
            if self._round_due or now - worked_at >= _ROUND_EVERY or self._has_work(connection, log, stable):
                worked_at = now
                tick = 0.0 if self._run_round(connection, log, stable) else TICK
            else:
                tick = min(max(tick, TICK) * _TICK_GROWTH, IDLE_TICK)
            self._stop.wait(tick)

    def _has_work(self, connection: psycopg.Connection[Any], log: Log, stable: StablePrefix) -> bool:
        """Tell whether there may be events to seal, without taking the lock.

        Right after a round that sealed something the answer is yes without a query. The stable prefix is read only
        once.
        """
        self._checked_to = max(self._checked_to, log.complete_to)
        if self._sealed_some or unsealed(connection, self._checked_to, 1):
            return True
        self._checked_to = max(self._checked_to, stable.number)
        return False

    def _run_round(self, connection: psycopg.Connection[Any], log: Log, stable: StablePrefix) -> bool:
        """Seal a batch and have it signed; returns whether the next round should start at once."""
        sealed = self._seal_batch(connection, log, stable)
        self._sealed_some = sealed.count > 0
        if sealed.failure:
            # Sealing continues; the next round asks for the signature again.
            self._round_due = True
            self._pause(_outage_of(sealed.failure))
        else:
            self._round_due = log.signed != log.size
            self._clear_outage()
        return sealed.full or sealed.unsigned

    def _seal_batch(self, connection: psycopg.Connection[Any], log: Log, stable: StablePrefix) -> SealResult:
        last_signed = self._observers.last_signed
        return seal_batch(connection, log, self._signing, stable=stable, last_signed=last_signed)

    def _pause(self, outage: str) -> None:
        heartbeat.beat()
        if outage != self._outage:
            logger.warning("waiting", reason=outage)
        self._outage = outage
        self._stop.wait(_RETRY_SECONDS)

    def _clear_outage(self) -> None:
        if self._outage:
            logger.info("resumed", after=self._outage)
        self._outage = ""


def _outage_of(error: Exception) -> str:
    """Describe an outage in a sentence. A driver's message is left out: it may contain the database's address."""
    if isinstance(error, _CONNECTION_LOST):
        return "the database does not answer"
    if isinstance(error, NotYet):
        return str(error)
    return f"the signer does not sign: {error}"
