"""Nothing leaves before the log holds it: waiting until an event is sealed, signed and, if so set, witnessed.

AUDIT_RELEASE says how far: `durable` (committed is enough), `sealed` (under a signed checkpoint) or `witnessed` (with
the cosignatures that the policy's quorum asks for). Runs as the application's role.
"""

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection

from recordings.exceptions import NotSealed, NotWitnessed
from recordings.tlog.policy import Policy, PolicyError

WAIT_SECONDS = 3.0
_POLL_SECONDS = 0.01
_NO_POLICY = "Witnesses are asked for, but there is no trust policy that names them (AUDIT_POLICY_FILE)."
_SIGNED = """
SELECT count(*) FROM audit.leaf
WHERE event_id = ANY(%s) AND n < (SELECT coalesce(max(size), 0) FROM audit.checkpoint)
"""
_COSIGNED = """
SELECT array_agg(DISTINCT witness) FROM audit.checkpoint c LEFT JOIN audit.cosignature USING (size)
WHERE c.size > (SELECT max(n) FROM audit.leaf WHERE event_id = ANY(%s)) GROUP BY c.size
"""


def wait_released(event_ids: Sequence[UUID]) -> None:
    """Return once what AUDIT_RELEASE asks for holds of these events, which are committed.

    Raises NotSealed or NotWitnessed after WAIT_SECONDS; RuntimeError inside a transaction, where no event of one's
    own could ever be sealed.
    """
    if settings.AUDIT_RELEASE == "durable":
        return
    if connection.in_atomic_block:
        raise RuntimeError("Inside a transaction nothing of its own can be sealed.")
    ids, end = list(event_ids), time.monotonic() + WAIT_SECONDS
    if not _until(lambda: _is_signed(ids), end):
        raise NotSealed
    if settings.AUDIT_RELEASE == "witnessed" and not _until(lambda: _is_witnessed(ids), end):
        raise NotWitnessed


def _until(holds: Callable[[], bool], end: float) -> bool:
    while not (held := holds()) and time.monotonic() < end:
        time.sleep(_POLL_SECONDS)
    return held


def _is_signed(ids: list[UUID]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_SIGNED, [ids])
        return bool(cursor.fetchone()[0] == len(ids))


def _is_witnessed(ids: list[UUID]) -> bool:
    policy = _policy()
    with connection.cursor() as cursor:
        cursor.execute(_COSIGNED, [ids])
        return any(policy.met_by([name for name in names if name]) for (names,) in cursor.fetchall())


def _policy() -> Policy:
    path = settings.AUDIT_POLICY_FILE
    try:
        if path is not None:
            return _read(path, path.stat().st_mtime_ns)
    except (OSError, PolicyError):
        pass
    raise NotWitnessed(_NO_POLICY)


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> Policy:
    return Policy.parse(path.read_bytes())
