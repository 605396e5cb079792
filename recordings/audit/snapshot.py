"""Read the database at one moment, on a separate connection; concurrent writes are not visible and do not wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connections
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL


@contextmanager
def snapshot() -> Iterator[psycopg.Connection[Any]]:
    """Open a read-only transaction that sees one state of the database."""
    own = connections.create_connection("default")
    try:
        own.ensure_connection()
        with _read_only_transaction(own.connection) as moment:
            yield moment
    finally:
        raw: Any = own.connection
        # A pooled connection returns to the pool, where its next user must be able to write.
        if raw is not None and not raw.closed:
            raw.rollback()
            raw.read_only = raw.isolation_level = None
            raw.autocommit = True
        own.close()


def name_of(connection: psycopg.Connection[Any]) -> str:
    """Export the snapshot, and return the name by which other processes can join it while the transaction lasts."""
    ((name,),) = connection.execute("SELECT pg_export_snapshot()").fetchall()
    return str(name)


def address_of(connection: psycopg.Connection[Any]) -> str:
    """Return the connection string for another process. It has the password: never log it."""
    return make_conninfo(connection.info.dsn, password=connection.info.password)


@contextmanager
def joined(address: str, name: str) -> Iterator[psycopg.Connection[Any]]:
    """Join the snapshot with this name from another process."""
    with psycopg.connect(address) as own, _read_only_transaction(own) as raw:
        raw.execute(SQL("SET TRANSACTION SNAPSHOT {}").format(name))
        yield raw


@contextmanager
def _read_only_transaction(raw: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    raw.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    raw.read_only = True
    with raw.transaction():
        yield raw
