"""How far sealing is behind: asked by the application, which gives nothing out once it is too far."""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from recordings.exceptions import NotSealed

# The first event without a leaf, and the first leaf that no checkpoint covers.
_UNSEALED = "audit.event e WHERE NOT EXISTS (SELECT FROM audit.leaf l WHERE l.event_no = e.id)"
_UNSIGNED = "audit.leaf WHERE n >= (SELECT coalesce(max(size), 0) FROM audit.checkpoint)"
_OLDEST = f"""
SELECT EXISTS (SELECT FROM audit.log_head), extract(epoch FROM clock_timestamp() - least(
    (SELECT recorded_at FROM {_UNSEALED} ORDER BY id LIMIT 1),
    (SELECT sealed_at FROM {_UNSIGNED} ORDER BY n LIMIT 1)))::float8
"""  # noqa: S608  (our own words)
_COUNT = f"""
SELECT (SELECT count(*) FROM (SELECT FROM {_UNSEALED} LIMIT %s) AS unsealed) + (SELECT count(*) FROM {_UNSIGNED})
"""  # noqa: S608
MOST = 10_000


@dataclass(frozen=True)
class Lag:
    """`seconds` since the oldest event that no signed checkpoint covers yet was written; 0 when there is none.

    `count` of such events, at most MOST of those without a leaf. `watched` is False where no log is meant to be.
    """

    watched: bool
    seconds: float
    count: int

    @property
    def alarming(self) -> bool:
        """Somebody should look at sealer and signer."""
        return self.watched and self.seconds > settings.AUDIT_LAG_ALARM_SECONDS


def lag() -> Lag:
    """How far sealing is behind."""
    watched, seconds = _oldest()
    return Lag(watched, seconds, _count() if seconds else 0)


def check_lag() -> None:
    """Raise NotSealed when the oldest unsealed event is older than AUDIT_LAG_LIMIT_SECONDS: whoever stops the sealer
    must not gain a window in which events could still be made away with (attack A19)."""
    watched, seconds = _oldest()
    if watched and seconds > settings.AUDIT_LAG_LIMIT_SECONDS:
        raise NotSealed


def _oldest() -> tuple[bool, float]:
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST)
        opened, seconds = cursor.fetchone()
    return opened or bool(settings.AUDIT_ORIGIN), max(seconds or 0.0, 0.0)


def _count() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [MOST])
        return int(cursor.fetchone()[0])
