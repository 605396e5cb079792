"""Publish the log's checkpoints to every party outside: one thread and one database connection for each.

Nothing here delays the sealer, and no party delays another: the slowest witness costs its own thread only.
"""

import random
import threading
import time
from contextlib import suppress

import psycopg
import structlog
from django.conf import settings

from recordings.proof.anchors import configured, ledger
from recordings.proof.anchors.destination import Destination, Trouble
from recordings.proof.anchors.ledger import Connection

log = structlog.get_logger(__name__)

_FIRST_PAUSE = 1.0
_SHUTDOWN_SECONDS = 3.0


def run(stop: threading.Event) -> None:
    """Serve every outside party that the settings and the policy name, until `stop` is set.

    Returns soon after that: a thread that still talks to a slow party is left behind (it is a daemon).
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
    """Publish to one destination again and again; a lost connection, or a defect of ours, is logged and survived."""
    pause = Pause(destination)
    while not stop.is_set():
        try:
            with _connect() as connection:
                claimed = False
                while not stop.wait(pause.seconds):
                    if claimed := claimed or ledger.claim(connection, destination.name):
                        publish_if_due(connection, destination, pause)
        except Exception as error:
            # Whatever it is must neither end the sealer nor leave this party unserved for ever.
            log.error("anchor_failed", party=destination.name, error=type(error).__name__)
            pause.lengthen()
            stop.wait(pause.seconds)
    destination.close()


def publish_if_due(connection: Connection, destination: Destination, pause: "Pause") -> None:
    """Publish if there is something to publish, and record in audit.outside what came of it."""
    if not destination.due(connection):
        return
    try:
        published = destination.publish(connection)
    except Trouble as trouble:
        if pause.is_news(str(trouble)):
            log.warning("anchor_trouble", party=destination.name, trouble=str(trouble))
        ledger.record_failure(connection, destination.name, str(trouble))
        pause.lengthen()
    else:
        ledger.record_success(connection, destination.name, published.size, published.remark)
        pause.reset()


class Pause:
    """How long to wait before the next attempt: twice as long after each failure, never the same for two parties."""

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
        return random.uniform(longest / 2, longest)  # noqa: S311  (spread, not secrecy)

    def is_news(self, trouble: str) -> bool:
        """Tell whether this is another trouble than the last time, so that each is logged once."""
        self._last_trouble, before = trouble, self._last_trouble
        return trouble != before

    def lengthen(self) -> None:
        self._failures = min(self._failures + 1, 30)

    def reset(self) -> None:
        self._failures, self._last_trouble = 0, ""


def _connect() -> Connection:
    """Connect so that a server that vanished is noticed: by keepalives, and by a timeout for every statement."""
    return psycopg.connect(
        settings.DATABASE_SEALER_URL,
        autocommit=True,
        connect_timeout=5,
        keepalives_idle=30,
        application_name="auditportal publisher",
        options="-c timezone=UTC -c statement_timeout=60s",
    )
