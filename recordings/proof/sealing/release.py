"""Wait until events are sealed, signed and, if required, witnessed: nothing leaves the server before the log holds it.

AUDIT_RELEASE sets how far: `durable` (committed), `sealed` (under a signed checkpoint) or `witnessed` (with the
cosignatures that the policy's quorum requires). Runs as the application's database role.
"""

import time
from collections.abc import Callable, Sequence
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy

from recordings.audit.signed import check_note, newest_signed, trusted
from recordings.exceptions import NotSealed, NotWitnessed

WAIT_SECONDS = 3.0
_POLL_SECONDS = 0.01
_NO_POLICY = gettext_lazy(
    "AUDIT_RELEASE requires witnesses, but no trust policy names any (AUDIT_POLICY_FILE)."
)
_LEAVES = "SELECT count(*), max(n) FROM audit.leaf WHERE event_id = ANY(%s)"
_COVERING = "SELECT size, note FROM audit.checkpoint WHERE size > %s ORDER BY size LIMIT %s"
_LINES = "SELECT line FROM audit.cosignature WHERE size = %s ORDER BY time DESC LIMIT 100"
# How many checkpoints are searched for a quorum. Witnesses cosign about every ten seconds, but several checkpoints are
# published each second.
_MOST_CHECKPOINTS = 200


def wait_released(event_ids: Sequence[UUID]) -> None:
    """Wait until these committed events are sealed or witnessed, as AUDIT_RELEASE requires.

    Raises NotSealed or NotWitnessed after WAIT_SECONDS. Raises RuntimeError inside a transaction: its events are not
    committed, so they would never be sealed.
    """
    if settings.AUDIT_RELEASE == "durable":
        return
    if connection.in_atomic_block:
        raise RuntimeError("Events of an open transaction cannot be sealed.")
    if settings.AUDIT_RELEASE == "witnessed" and trusted() is None:
        raise NotWitnessed(_NO_POLICY)
    ids, end = list(event_ids), time.monotonic() + WAIT_SECONDS
    if not _wait_until(lambda: _is_signed(ids), end):
        raise NotSealed
    if settings.AUDIT_RELEASE == "witnessed" and not _wait_until(lambda: _is_witnessed(ids), end):
        raise NotWitnessed


def _wait_until(holds: Callable[[], bool], end: float) -> bool:
    while not (done := holds()) and time.monotonic() < end:
        time.sleep(_POLL_SECONDS)
    return done


def _is_signed(ids: list[UUID]) -> bool:
    """Tell whether a signed checkpoint covers all events. The signature is verified; a row alone proves nothing."""
    last = _last_leaf(ids)
    signed = newest_signed() if last is not None else None
    return last is not None and signed is not None and last < signed.size


def _is_witnessed(ids: list[UUID]) -> bool:
    """Tell whether a checkpoint over all events has a quorum of valid cosignatures."""
    policy, last = trusted(), _last_leaf(ids)
    if policy is None or last is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(_COVERING, [last, _MOST_CHECKPOINTS])
        for size, note in cursor.fetchall():
            signed = check_note(note)
            if signed is None or signed.checkpoint.size <= last:
                continue
            cursor.execute(_LINES, [size])
            # Checked one by one, so that an invalid line does not invalidate the others.
            cosigned = [check_note(note + line.rstrip("\n") + "\n") for (line,) in cursor.fetchall()]
            if policy.met_by({name for checked in cosigned if checked for name in checked.witnesses}):
                return True
    return False


def _last_leaf(ids: list[UUID]) -> int | None:
    """Return the last leaf of these events; None unless each has one."""
    with connection.cursor() as cursor:
        cursor.execute(_LEAVES, [ids])
        count, last = cursor.fetchone()
    return int(last) if count == len(ids) and count else None
