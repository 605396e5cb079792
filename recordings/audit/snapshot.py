"""The database at one moment, on a connection of its own: what is written beside it neither shows nor waits."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connections


@contextmanager
def snapshot() -> Iterator[psycopg.Connection[Any]]:
    """A read-only transaction that sees one state of the database throughout."""
    own = connections.create_connection("default")
    try:
        own.ensure_connection()
        raw: psycopg.Connection[Any] = own.connection
        raw.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        raw.read_only = True
        with raw.transaction():
            yield raw
    finally:
        _as_it_was(own.connection)
        own.close()


def _as_it_was(raw: Any) -> None:
    """A pooled connection goes back to the pool: the next to have it must be able to write."""
    if raw is None or raw.closed:
        return
    raw.rollback()
    raw.read_only = raw.isolation_level = None
    raw.autocommit = True
