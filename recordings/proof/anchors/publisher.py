"""Brings the log's checkpoints to everybody outside: one thread and one database connection for each party.

Nothing here holds the sealer up, and no party another: the slowest witness costs its own thread only.
"""

import random
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import psycopg
import structlog
from django.conf import settings

from recordings.proof.anchors import configured, ledger
from recordings.proof.anchors.destination import Errand, Trouble
from recordings.proof.anchors.ledger import Connection

log = structlog.get_logger(__name__)

_FIRST_PAUSE = 1.0
_GOODBYE_SECONDS = 3.0


def run(stop: threading.Event) -> None:
    """Serve every outside party that the settings and the policy name, until `stop` is set.

    Returns soon after that: who is still talking to a slow party is left behind (its thread is a daemon).
    """
    errands = configured.errands()
    while not stop.is_set():
        with suppress(psycopg.OperationalError), _connect() as connection:
            ledger.introduce(connection, {errand.name: errand.every for errand in errands})
            break
        stop.wait(_FIRST_PAUSE)
    _serve_all(errands, stop)


def _serve_all(errands: Sequence[Errand], stop: threading.Event) -> None:
    threads = [threading.Thread(target=serve, args=[errand, stop], name=errand.name) for errand in errands]
    for thread in threads:
        thread.daemon = True
        thread.start()
    stop.wait()
    patience = time.monotonic() + _GOODBYE_SECONDS
    for thread in threads:
        thread.join(max(0.0, patience - time.monotonic()))


def serve(errand: Errand, stop: threading.Event) -> None:
    """Do one errand again and again; a lost connection, or a defect of ours, is logged and survived."""
    pause = Pause(errand)
    while not stop.is_set():
        try:
            with _connect() as connection:
                ours = False
                while not stop.wait(pause.seconds):
                    if ours := ours or ledger.claim(connection, errand.name):
                        once(connection, errand, pause)
        except Exception as error:
            # Whatever it is must neither end the sealer nor leave this party unserved for ever.
            log.error("anchor_failed", party=errand.name, error=type(error).__name__)
            pause.longer()
            stop.wait(pause.seconds)
    errand.close()


def once(connection: Connection, errand: Errand, pause: "Pause") -> None:
    """One look, and the errand if there is something to do; what came of it stands in audit.outside."""
    if not errand.due(connection):
        return
    try:
        visit = errand.visit(connection)
    except Trouble as trouble:
        if pause.is_news(str(trouble)):
            log.warning("anchor_trouble", party=errand.name, trouble=str(trouble))
        ledger.failed(connection, errand.name, str(trouble))
        pause.longer()
    else:
        ledger.succeeded(connection, errand.name, visit.size, visit.remark)
        pause.reset()


class Pause:
    """How long to wait before looking again: twice as long after each failure, never the same for two parties."""

    def __init__(self, errand: Errand) -> None:
        self._poll = errand.poll
        self._limit = min(errand.longest_pause, max(errand.every.total_seconds(), 2 * _FIRST_PAUSE))
        self._failures = 0
        self._said = ""

    @property
    def seconds(self) -> float:
        if not self._failures:
            return self._poll
        longest = min(self._limit, _FIRST_PAUSE * 2.0**self._failures)
        return random.uniform(longest / 2, longest)  # noqa: S311  (spread, not secrecy)

    def is_news(self, trouble: str) -> bool:
        """Whether this is another trouble than the last time."""
        self._said, before = trouble, self._said
        return trouble != before

    def longer(self) -> None:
        self._failures = min(self._failures + 1, 30)

    def reset(self) -> None:
        self._failures, self._said = 0, ""


def _connect() -> Connection:
    """A server that went away without a word is noticed: by keepalives, and by an end to every statement."""
    return psycopg.connect(
        settings.DATABASE_SEALER_URL,
        autocommit=True,
        connect_timeout=5,
        keepalives_idle=30,
        application_name="auditportal courier",
        options="-c timezone=UTC -c statement_timeout=60s",
    )
