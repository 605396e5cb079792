"""Column types and ids that Django does not have."""

import os
import time
import uuid
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.types.multirange import Int8Multirange
from psycopg.types.range import Int8Range


def uuid7() -> uuid.UUID:
    """A time-ordered id (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then 74 random bits."""
    value = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


Spans = list[tuple[int, int]]


if TYPE_CHECKING:  # Django's Field takes type arguments only where django-stubs is installed
    _Field = models.Field[Any, Any]
else:
    _Field = models.Field


class SpansField(_Field):
    """Half-open spans of milliseconds in a PostgreSQL `int8multirange`: sorted, merged and never overlapping."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "int8multirange"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Spans | None:
        return None if value is None else [(span.lower, span.upper) for span in value]

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else Int8Multirange([Int8Range(*span) for span in value])
