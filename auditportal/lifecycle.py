"""Record in the audit trail when each process starts and stops, and with which settings (PCI DSS 10.2.1.6).

The event holds the settings that decide what may be played and for how long, so that a change between two starts shows.
"""

import os
from multiprocessing.util import Finalize
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db import connection

from auditportal.pooling import SharedSessions, check_sessions
from recordings.audit import Actor, AuditUnavailable, Kind, record_committed

logger = structlog.get_logger("portal.lifecycle")


def note_start(part: str) -> None:
    """Record that a part of the portal (web, worker) has started, and record its end at exit.

    The part also starts while the database is unavailable; nothing that must be logged is served until it is back.
    Raises SystemExit when the database shares sessions between clients.
    """
    try:
        check_sessions()
    except SharedSessions as error:
        raise SystemExit(f"AuditPortal cannot start. {error}") from None
    detail: dict[str, int | str | list[str]] = {
        "part": part,
        "process": os.getpid(),
        "version": settings.APP_VERSION,
        "commbox": urlsplit(settings.COMMBOX_API_URL).hostname or "",
        "buckets": list(settings.RECORDING_BUCKETS),
        "playback_url_ttl": settings.PLAYBACK_URL_TTL,
        "release": settings.AUDIT_RELEASE,
    }
    _note(Kind.LOGGING_STARTED, part, detail)
    # Not atexit: the web server's processes are started by multiprocessing, which does not run it.
    ending = (Kind.LOGGING_STOPPED, part, {"part": part, "process": os.getpid()})
    Finalize(None, _note, args=ending, exitpriority=10)


def _note(kind: Kind, part: str, detail: dict[str, int | str | list[str]]) -> None:
    try:
        record_committed(kind, by=Actor.system(part), detail=detail)
    except AuditUnavailable as error:
        logger.warning("not in the trail", kind=kind.value, part=part, reason=str(error.__cause__))
    finally:
        connection.close()
