"""What every slice that writes its own SQL needs."""

from collections.abc import Mapping, Sequence
from typing import Any

BIGGEST_ID = 2**63 - 1  # of PostgreSQL's bigint, which every id is


def fetch_all(
    connection: Any, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()
) -> list[tuple[Any, ...]]:
    """Run a SELECT and return all its rows. `connection` is Django's or psycopg's own."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
