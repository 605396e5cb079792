"""The session engine: Django's rows, judged by the database's clock and read with one statement for every request."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.db import connection

# The clock of the web server may be wrong, or set back: no session lives longer for it.
CLOCK = "clock_timestamp()"


def database_time() -> float:
    """Return the database's time in seconds since 1970."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT extract(epoch FROM {CLOCK})::float8")  # noqa: S608  (our own words)
        return float(cursor.fetchone()[0])


def database_moment() -> datetime:
    """Return the database's time."""
    return datetime.fromtimestamp(database_time(), UTC)


def key_hash(session_key: str | None) -> str:
    """Return the hash by which `PersonSession` knows a session. Whoever reads that table has no key of a session.

    Not under SECRET_KEY: a session that was ended stays ended when that changes.
    """
    return hmac.new(settings.AUDIT_FIELD_KEY, f"session:{session_key}".encode(), hashlib.sha256).hexdigest()


class SessionStore(DatabaseSessions):
    """Django's sessions in the database."""

    _now: float | None = None

    def load(self) -> dict[str, Any]:
        """Return what the session holds; nothing when it has expired, was ended elsewhere or never was."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT session_data, extract(epoch FROM {CLOCK})::float8 FROM django_session"  # noqa: S608  (our own words)
                f" WHERE session_key = %s AND expire_date > {CLOCK} AND NOT EXISTS"
                " (SELECT FROM accounts_personsession WHERE key_hash = %s AND ended_at IS NOT NULL)",
                [self.session_key, key_hash(self.session_key)],
            )
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        self._now = row[1]
        held: dict[str, Any] = self.decode(row[0])
        return held

    def now(self) -> float:
        """Return the database's time in seconds since 1970: when this session was read, or now if it is new."""
        if self._now is None:
            self._now = database_time()
        return self._now

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        """Return when the row may be deleted, by the database's clock."""
        return datetime.fromtimestamp(self.now(), UTC) + timedelta(seconds=self.get_session_cookie_age())
