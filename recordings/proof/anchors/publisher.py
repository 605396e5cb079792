"""Publish the log's checkpoints to every outside party, each in its own thread with its own database connection.

Nothing here delays the sealer, and no party delays another: a slow witness blocks only its own thread.
"""

import random
import threading
import time
from contextlib import suppress

import psycopg
import structlog
from django.conf import settings

from recordings.proof.anchors import configured, ledger
from recordings.proof.anchors.destination import Destination, DestinationError
from recordings.proof.anchors.ledger import Connection

log = structlog.get_logger(__name__)

_FIRST_PAUSE = 1.0
_SHUTDOWN_SECONDS = 3.0


def run(stop: threading.Event) -> None:
    """Serve every outside party that the settings and the policy name, until `stop` is set.

    Returns soon after that. A thread that is still talking to a slow party is a daemon and is left behind.
    """
    destinations = configured.destinations()
    while not stop.is_set():
        with suppress(psycopg.OperationalError), _connect() as connection:
            ledger.register(connection, {destination.name: destination.every for destination in destinations})
            break
        stop.wait(_FIRST_PAUSE)
    threads = [
        threading.Thread(target=serve, args=[destination, stop], name=destination.name, daemon=True)
        for destination in destinations
    ]
    for thread in threads:
        thread.start()
    stop.wait()
    deadline = time.monotonic() + _SHUTDOWN_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def serve(destination: Destination, stop: threading.Event) -> None:
    """Publish to one destination repeatedly. Lost connections and defects are logged, and the thread continues."""
    pause = Pause(destination)
    while not stop.is_set():
        try:
            with _connect() as connection:
                claimed = False
                while not stop.wait(pause.seconds):
                    if claimed := claimed or ledger.claim(connection, destination.name):
                        publish_if_due(connection, destination, pause)
        except Exception as error:
            # No error may end the sealer, or end this thread and leave the party unserved.
            log.error("anchor_failed", party=destination.name, error=type(error).__name__)
            pause.lengthen()
            stop.wait(pause.seconds)
    destination.close()


def publish_if_due(connection: Connection, destination: Destination, pause: "Pause") -> None:
    """Publish if the destination is due, and record the result in audit.outside."""
    if not destination.due(connection):
        return
    try:
        published = destination.publish(connection)
    except DestinationError as error:
        if pause.is_new_trouble(str(error)):
            log.warning("anchor_trouble", party=destination.name, trouble=str(error))
        ledger.record_failure(connection, destination.name, str(error))
        pause.lengthen()
    else:
        ledger.record_success(connection, destination.name, published.size, published.remark)
        pause.reset()


class Pause:
    """The time before the next attempt. It doubles with each failure, and is randomized to differ between parties."""

    def __init__(self, destination: Destination) -> None:
        self._poll = destination.poll
        self._limit = min(destination.longest_pause, max(destination.every.total_seconds(), 2 * _FIRST_PAUSE))
        self._failures = 0
        self._last_trouble = ""

    @property
    def seconds(self) -> float:
        if not self._failures:
            return self._poll
        longest = min(self._limit, _FIRST_PAUSE * 2.0**self._failures)
        return random.uniform(longest / 2, longest)  # noqa: S311  (not used for security)

    def is_new_trouble(self, trouble: str) -> bool:
        """Tell whether this differs from the last trouble, so that each is logged once."""
        self._last_trouble, before = trouble, self._last_trouble
        return trouble != before

    def lengthen(self) -> None:
        self._failures = min(self._failures + 1, 30)

    def reset(self) -> None:
        self._failures, self._last_trouble = 0, ""


def _connect() -> Connection:
    """Connect with keepalives and a statement timeout, so that a server that disappeared is noticed."""
    return psycopg.connect(
        settings.DATABASE_SEALER_URL,
        autocommit=True,
        connect_timeout=5,
        keepalives_idle=30,
        application_name="auditportal publisher",
        options="-c timezone=UTC -c statement_timeout=60s",
    )
