"""Measure how far sealing is behind, and decide what is still permitted when it is too far behind.

What the sealer's database login can write is not trusted: an event counts as sealed when its leaf is below the size of
a checkpoint that is signed by a log key of the trust policy.
"""

import time
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from recordings.audit.actor import Actor
from recordings.audit.kinds import Kind, Outcome
from recordings.audit.signed import newest_signed
from recordings.exceptions import NotSealed
from recordings.timed import TimedValue

# The event of the newest signed leaf. The newest leaves may be restored from a published copy, without events.
_EDGE = "SELECT coalesce(max(event_no), -1) FROM audit.leaf WHERE n >= %s AND n < %s"
# From somewhat before that event: transactions that committed late have smaller numbers. The nightly verification
# checks all events. (The second condition on the leaf's number is redundant; with it the planner uses the index.)
_WAITING = """
audit.event e WHERE id > %(start)s AND NOT EXISTS (
    SELECT FROM audit.leaf l WHERE l.event_no = e.id AND l.event_no > %(start)s AND l.n < %(size)s)
"""
_OLDEST = f"""
SELECT extract(epoch FROM clock_timestamp() - recorded_at)::float8 FROM {_WAITING} ORDER BY id LIMIT 1
"""  # noqa: S608  (our own words)
_COUNT = f"SELECT count(*) FROM (SELECT FROM {_WAITING} LIMIT %(most)s) AS waiting"  # noqa: S608  (our own words; values are parameters)
_LEAVES, _EVENTS = 100, 1000
MOST = 10_000

# What is permitted while sealing is behind: refusing it would lose a fact, keep a session open, or prevent the repair.
# Everything else is refused until it can be sealed.
_ALWAYS = frozenset(
    {
        # ends and refusals
        Kind.SIGNED_OUT,
        Kind.SESSION_ENDED,
        Kind.ROLE_REVOKED,
        Kind.AGENT_UNLINKED,
        Kind.PERSON_DEACTIVATED,
        Kind.PERSON_REMOVED,
        Kind.GROUP_REMOVED,
        Kind.MEMBER_REMOVED,
        Kind.GROUP_ROLE_ENDED,
        Kind.PROVISIONING_REVOKED,
        Kind.PROVISIONING_REFUSED,
        Kind.INVITATION_REFUSED,
        # A mail that was sent. The invitation before it waits for sealing.
        Kind.INVITATION_MAILED,
        Kind.SIGN_IN_FAILED,
        Kind.ACCOUNT_LOCKED,
        Kind.ACCOUNT_UNLOCKED,
        Kind.CONFIRMATION_FAILED,
        Kind.FACTOR_REFUSED,
        Kind.SESSIONS_ENDED,
        Kind.ENROLMENT_CLOSED,
        # An alarm that an emergency needs.
        Kind.BREAK_GLASS_USED,
        Kind.ACCESS_DENIED,
        Kind.VIEWING_DENIED,
        Kind.URL_REFUSED,
        Kind.DOWNLOAD_REFUSED,
        # They end the right to play an exemplar.
        Kind.EXEMPLAR_WITHDRAWN,
        Kind.TRAINING_CANCELLED,
        # A mail that was sent.
        Kind.COACHING_REMINDED,
        # A request issues nothing. Its URL is refused, and the refusal names the requested viewing.
        Kind.VIEWING_REQUESTED,
        Kind.DOWNLOAD_REQUESTED,
        # seconds that were already watched
        Kind.WATCHED,
        Kind.WATCH_EXCESS,
        Kind.VIEWING_FINISHED,
        # refresh and custody
        Kind.REFRESH_REQUESTED,
        Kind.RECORDING_DISCOVERED,
        Kind.RECORDING_CHANGED,
        Kind.RECORDING_VANISHED,
        Kind.RECORDING_REAPPEARED,
        Kind.FILE_IDENTIFIED,
        Kind.FILE_DIFFERS,
        Kind.MASS_ABSENCE_ACCEPTED,
        Kind.RECORDING_UNPLAYABLE,
        Kind.MEDIA_FAILED,
        # operations
        Kind.CONFIG_CHANGED,
        Kind.LOGGING_STARTED,
        Kind.LOGGING_STOPPED,
        Kind.TRAIL_VERIFIED,
        # a report that was requested earlier
        Kind.REPORT_BUILT,
        Kind.REPORT_FAILED,
    }
)
_WHEN_IT_CONTRADICTS = frozenset({Kind.CHECKPOINT_COMPARED, Kind.BUNDLE_CHECKED})
_ADMINISTRATOR = "administrator"


@dataclass(frozen=True)
class Lag:
    """`seconds`: age of the oldest event that no signed checkpoint covers; 0 without one. `count`: up to MOST.

    `watched` is False where no log is kept (AUDIT_ORIGIN is empty).
    """

    watched: bool
    seconds: float
    count: int

    @property
    def alarming(self) -> bool:
        """Whether an operator should check the sealer and the signer."""
        return self.watched and self.seconds > settings.AUDIT_LAG_ALARM_SECONDS


@dataclass(frozen=True)
class _Measurement:
    """The age of the oldest unsealed event, the time of measurement (monotonic) and the database.

    Events above the number `start` were read; those with a leaf below `size` counted as sealed.
    """

    start: int
    size: int
    seconds: float
    at: float
    database: str

    def is_within_limit(self) -> bool:
        """Whether sealing is within the limit even if nothing was sealed since the measurement."""
        age = time.monotonic() - self.at
        here = self.database == connection.settings_dict["NAME"]
        return here and self.seconds + age <= settings.AUDIT_LAG_LIMIT_SECONDS


_last = TimedValue[_Measurement](1.0)


def written_despite_lag(kind: Kind, outcome: Outcome, by: Actor) -> bool:
    """Whether an event is written however far sealing is behind."""
    return (
        kind in _ALWAYS
        or (kind is Kind.SIGNED_IN and _ADMINISTRATOR in by.role.split("+"))
        or (kind in _WHEN_IT_CONTRADICTS and outcome is Outcome.ERROR)
    )


def check_lag() -> None:
    """Raise NotSealed when the oldest unsealed event is older than AUDIT_LAG_LIMIT_SECONDS.

    Otherwise an attacker could stop the sealer and remove events before they are sealed. Measures at most once a second
    while sealing is within the limit. Without AUDIT_ORIGIN there is no log, and no limit.
    """
    if not settings.AUDIT_ORIGIN:
        return
    last = _last.get()
    if last and last.is_within_limit():
        return
    if not _measure().is_within_limit():
        raise NotSealed


def seconds_unsealed() -> float:
    """Return the age in seconds of the oldest event that no signed checkpoint covers; 0 without one."""
    return _measure().seconds


def lag() -> Lag:
    """Measure how far sealing is behind."""
    measured, count = _measure(), 0
    if measured.seconds:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, {"start": measured.start, "size": measured.size, "most": MOST})
            count = int(cursor.fetchone()[0])
    return Lag(bool(settings.AUDIT_ORIGIN), measured.seconds, count)


def _measure() -> _Measurement:
    # 1. The size that a trusted key has signed, not the one that the sealer's login wrote.
    signed = newest_signed()
    size, start = signed.size if signed else 0, -1
    with connection.cursor() as cursor:
        # 2. Events well before the newest signed one are sealed. They are not read again.
        if size:
            cursor.execute(_EDGE, [size - _LEAVES, size])
            start = int(cursor.fetchone()[0]) - _EVENTS
        # 3. The oldest event after that without a signed leaf.
        cursor.execute(_OLDEST, {"start": start, "size": size})
        oldest = cursor.fetchone()
    seconds = max(oldest[0], 0.0) if oldest else 0.0
    database = str(connection.settings_dict["NAME"])
    return _last.set(_Measurement(start, size, seconds, time.monotonic(), database))
