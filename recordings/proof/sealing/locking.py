"""The lock on the end of the log: only its holder adds leaves, after reading every committed leaf."""

from datetime import UTC, datetime
from typing import Any

import psycopg

from recordings.proof.sealing.errors import NotOpened, Stopped
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.vetting import LastSigned, Vetting

_LOCK = "SELECT tag_key, clock_timestamp() FROM audit.log_head FOR UPDATE"
_LOOK = "SELECT (SELECT coalesce(max(n), -1) FROM audit.leaf), EXISTS (SELECT FROM audit.incident)"


def lock(connection: psycopg.Connection[Any], log: Log) -> datetime:
    """Lock the end of the log until the open transaction ends; returns the database's time.

    Raises NotOpened when there is no log, Stopped when the row has a different tag key. The row's other columns are not
    used: a stolen login can change them.
    """
    rows = connection.execute(_LOCK).fetchall()
    if not rows:
        raise NotOpened("There is no log yet. `manage.py seal_trail` opens it.")
    key, now = rows[0]
    if bytes(key) != log.tag_key:
        raise Stopped(
            "head_differs", "The tag key in audit.log_head is not the one with which the log was opened."
        )
    locked_at: datetime = now.astimezone(UTC)
    return locked_at


def catch_up(connection: psycopg.Connection[Any], log: Log, last_signed: LastSigned | None = None) -> bool:
    """Add the committed leaves that `log` lacks, each recomputed from its event (vetting.py). The lock must be held.

    Returns whether there is any incident, which the same query reads. Raises Stopped when leaves of `log` are gone, or
    when a new leaf does not follow from those before it.
    """
    ((last, has_incidents),) = connection.execute(_LOOK).fetchall()
    if last >= log.size:
        Vetting(connection, log, last_signed).add_all()
    elif last < log.size - 1:
        raise Stopped(
            "head_differs", f"The log has {log.size} leaves, but the last in the database is leaf {last}."
        )
    return bool(has_incidents)
