"""The database at one moment, on a connection of its own: what is written beside it neither shows nor waits."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connections
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL


@contextmanager
def snapshot() -> Iterator[psycopg.Connection[Any]]:
    """A read-only transaction that sees one state of the database throughout."""
    own = connections.create_connection("default")
    try:
        own.ensure_connection()
        with _read_only_transaction(own.connection) as moment:
            yield moment
    finally:
        raw: Any = own.connection
        # A pooled connection goes back to the pool: the next to have it must be able to write.
        if raw is not None and not raw.closed:
            raw.rollback()
            raw.read_only = raw.isolation_level = None
            raw.autocommit = True
        own.close()


def name_of(connection: psycopg.Connection[Any]) -> str:
    """Export the snapshot; other processes join it under this name for as long as the transaction lasts."""
    ((name,),) = connection.execute("SELECT pg_export_snapshot()").fetchall()
    return str(name)


def address_of(connection: psycopg.Connection[Any]) -> str:
    """The connection string for another process. It holds the password: never log it."""
    return make_conninfo(connection.info.dsn, password=connection.info.password)


@contextmanager
def joined(address: str, name: str) -> Iterator[psycopg.Connection[Any]]:
    """The snapshot with this name, joined from another process."""
    with psycopg.connect(address) as own, _read_only_transaction(own) as raw:
        raw.execute(SQL("SET TRANSACTION SNAPSHOT {}").format(name))
        yield raw


@contextmanager
def _read_only_transaction(raw: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    raw.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    raw.read_only = True
    with raw.transaction():
        yield raw
