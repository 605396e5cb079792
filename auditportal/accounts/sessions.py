"""The session engine: Django's rows, judged by the database's clock and read with one statement for every request."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.db import connection

# The clock of the web server may be wrong, or set back: no session lives longer for it.
CLOCK = "clock_timestamp()"


def database_time() -> float:
    """Return the database's time in seconds since 1970."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT extract(epoch FROM {CLOCK})::float8")  # noqa: S608  (our own words)
        return float(cursor.fetchone()[0])


class SessionStore(DatabaseSessions):
    """Django's sessions in the database."""

    _now: float | None = None

    def load(self) -> dict[str, Any]:
        """Return what the session holds, nothing when it has expired or never was."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT session_data, extract(epoch FROM {CLOCK})::float8 FROM django_session"  # noqa: S608  (our own words)
                f" WHERE session_key = %s AND expire_date > {CLOCK}",
                [self.session_key],
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
