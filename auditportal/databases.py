"""A database URL as Django wants it."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

# Of a web process. A request never waits longer for the database, nor holds others up by what it has begun.
_TIMEOUTS = "-c statement_timeout=5s -c lock_timeout=2s -c idle_in_transaction_session_timeout=10s"


def database(url: str, *, pool_size: int = 0, assume_role: str | None = None) -> dict[str, Any]:
    """Settings of one connection from `postgresql://user:password@host:port/name?option=…`.

    A unix socket's folder comes as the query `host=/folder`. With `pool_size` connections are pooled and have timeouts
    (web processes only: Celery closes its connection after each task, and a report takes its time); `assume_role` is
    taken at each connect.
    Raises ValueError for any other scheme: PostgreSQL is the only database.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError("DATABASE_URL must start with postgresql://")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or parts.hostname or ""
    if assume_role:
        options["assume_role"] = assume_role
    if pool_size:
        # Monitoring has two threads of its own (auditportal/serving).
        options["pool"] = {"min_size": 1, "max_size": pool_size + 2, "timeout": 2}
        options["options"] = f"{_TIMEOUTS} {options.get('options', '')}".rstrip()
    options.setdefault("connect_timeout", 3)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0 if pool_size else 60,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": False,
        "OPTIONS": options,
    }
