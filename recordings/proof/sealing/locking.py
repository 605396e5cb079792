"""The lock on the end of the log: whoever adds leaves holds it, and knows every leaf that is committed."""

from datetime import UTC, datetime
from typing import Any

import psycopg

from recordings.proof.sealing.errors import NotOpened, Stopped
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.vetting import LastSigned, Vetting

_LOCK = "SELECT tag_key, clock_timestamp() FROM audit.log_head FOR UPDATE"
_LOOK = "SELECT (SELECT coalesce(max(n), -1) FROM audit.leaf), EXISTS (SELECT FROM audit.incident)"


def lock(connection: psycopg.Connection[Any], log: Log) -> datetime:
    """Lock the end of the log until the transaction that is open ends; returns the database's time.

    Raises NotOpened when there is no log, Stopped when the row has another tag key. Nothing else that the row says is
    believed.
    """
    rows = connection.execute(_LOCK).fetchall()
    if not rows:
        raise NotOpened("There is no log yet: `manage.py seal_trail` opens it.")
    key, now = rows[0]
    if bytes(key) != log.tag_key:
        raise Stopped(
            "head_differs", "The tag key in audit.log_head is not the one that the log was opened with."
        )
    locked_at: datetime = now.astimezone(UTC)
    return locked_at


def catch_up(connection: psycopg.Connection[Any], log: Log, last_signed: LastSigned | None = None) -> bool:
    """Add the committed leaves that `log` lacks, each made again from its event (vetting.py); call it under the lock.

    Returns whether there is any incident, which the same query tells. Raises Stopped when leaves of `log` are gone,
    or when a new one does not follow from those before it.
    """
    ((last, has_incidents),) = connection.execute(_LOOK).fetchall()
    if last >= log.size:
        Vetting(connection, log, last_signed).add_all()
    elif last < log.size - 1:
        raise Stopped("head_differs", f"The log has {log.size} leaves; the last in the database is {last}.")
    return bool(has_incidents)
