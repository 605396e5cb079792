"""Refuse a database connection whose session is shared with other clients.

Leases, session locks and the web's timeouts need a session of their own. PgBouncer in transaction or statement mode
gives the session to another client between two transactions.
"""

import psycopg
import structlog
from django.db import connection

logger = structlog.get_logger("portal.database")

_TRIES = 5
_BACKEND = "SELECT pg_backend_pid()"


class SharedSessions(Exception):
    """The address of the database gives one session to several clients."""

    def __init__(self) -> None:
        super().__init__(
            "DATABASE_URL leads to a connection pooler in transaction or statement mode: sessions are shared between"
            " clients, and leases, locks and timeouts of the portal need sessions of their own. Give the address of"
            " PostgreSQL itself: the portal has a pool (DATABASE_POOL_SIZE)."
        )


def check_sessions() -> None:
    """Raise SharedSessions when sessions are shared. Without a connection nothing is checked, and nothing is served."""
    parameters = connection.get_connection_params()
    # A pooler may refuse a session's options before it can be told from PostgreSQL.
    for name in ("cursor_factory", "pool", "context", "prepare_threshold", "server_side_binding", "options"):
        parameters.pop(name, None)
    try:
        if _are_shared(parameters):
            raise SharedSessions
    except psycopg.errors.ProtocolViolation:  # the pooler's own: in statement mode there are no transactions
        raise SharedSessions from None
    except psycopg.Error as error:
        logger.warning("sessions not checked", reason=str(error))


def _are_shared(parameters: dict[str, object]) -> bool:
    """Return whether two connections share a server process, or one of them changes it."""
    with (
        psycopg.connect(**parameters, autocommit=True) as resting,  # type: ignore[arg-type]
        psycopg.connect(**parameters) as working,  # type: ignore[arg-type]
    ):
        rested: set[int] = set()
        for _ in range(_TRIES):
            rested.add(_number(resting))
            taken = _number(working)  # in a transaction, so that it is held
            rested.add(_number(resting))
            working.commit()
            if len(rested) > 1 or taken in rested:
                return True
    return False


def _number(session: "psycopg.Connection[tuple[int]]") -> int:
    row = session.execute(_BACKEND).fetchone()
    assert row is not None  # noqa: S101  (a SELECT of one value has one row)
    return row[0]
