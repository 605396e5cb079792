"""The trail says when it was being written and under which settings: each process notes its start and its end.

PCI DSS 10.2.1.6: starting and stopping of audit logs. The settings that decide what may be played and for how long
stand in the event, so that a change of them between two starts can be seen.
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
    """Write that a part of the portal (web, worker) has started, and see to its end being written.

    A database that is away does not keep the part from starting: until it is back nothing is served that must be
    logged. One whose sessions are shared does: the process ends with a sentence.
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
    # Not atexit: the web server's processes are multiprocessing's, which end without it.
    ending = (Kind.LOGGING_STOPPED, part, {"part": part, "process": os.getpid()})
    Finalize(None, _note, args=ending, exitpriority=10)


def _note(kind: Kind, part: str, detail: dict[str, int | str | list[str]]) -> None:
    try:
        record_committed(kind, by=Actor.system(part), detail=detail)
    except AuditUnavailable as error:
        logger.warning("not in the trail", kind=kind.value, part=part, reason=str(error.__cause__))
    finally:
        connection.close()
