"""What every slice that writes its own SQL needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Where:
    """An SQL condition and its values. An empty one matches every row."""

    sql: str = ""
    values: tuple[Any, ...] = ()

    def __and__(self, other: "Where") -> "Where":
        both = " AND ".join(filter(None, [self.sql, other.sql]))
        return Where(both, self.values + other.values)

    def __bool__(self) -> bool:
        return bool(self.sql)

    def clause(self) -> str:
        return f"WHERE {self.sql}" if self.sql else ""


ANYTHING = Where()
