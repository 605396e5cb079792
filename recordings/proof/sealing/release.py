"""Wait until events are sealed, signed and, if so set, witnessed: nothing leaves before the log holds it.

AUDIT_RELEASE says how far: `durable` (committed is enough), `sealed` (under a signed checkpoint) or `witnessed` (with
the cosignatures that the policy's quorum asks for). Runs as the application's role.
"""

import time
from collections.abc import Callable, Sequence
from uuid import UUID

from django.conf import settings
from django.db import connection

from recordings.audit.signed import check_note, newest_signed, trusted
from recordings.exceptions import NotSealed, NotWitnessed

WAIT_SECONDS = 3.0
_POLL_SECONDS = 0.01
_NO_POLICY = "Witnesses are asked for, but there is no trust policy that names them (AUDIT_POLICY_FILE)."
_LEAVES = "SELECT count(*), max(n) FROM audit.leaf WHERE event_id = ANY(%s)"
_COVERING = "SELECT size, note FROM audit.checkpoint WHERE size > %s ORDER BY size LIMIT %s"
_LINES = "SELECT line FROM audit.cosignature WHERE size = %s ORDER BY time DESC LIMIT 100"
# Checkpoints that are looked at for a quorum: witnesses come every ten seconds or so, checkpoints several a second.
_MOST_CHECKPOINTS = 200


def wait_released(event_ids: Sequence[UUID]) -> None:
    """Wait until what AUDIT_RELEASE asks for holds of these events, which are committed.

    Raises NotSealed or NotWitnessed after WAIT_SECONDS; RuntimeError inside a transaction, where no event of one's
    own could ever be sealed.
    """
    if settings.AUDIT_RELEASE == "durable":
        return
    if connection.in_atomic_block:
        raise RuntimeError("Inside a transaction nothing of its own can be sealed.")
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
    """Whether all have leaves below the size of a checkpoint that the log signed; its row alone proves nothing."""
    last = _last_leaf(ids)
    signed = newest_signed() if last is not None else None
    return last is not None and signed is not None and last < signed.size


def _is_witnessed(ids: list[UUID]) -> bool:
    """Whether a checkpoint over all of them has a quorum of cosignatures that verify."""
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
            # One by one: a bad line spoils no other.
            cosigned = [check_note(note + line.rstrip("\n") + "\n") for (line,) in cursor.fetchall()]
            if policy.met_by({name for checked in cosigned if checked for name in checked.witnesses}):
                return True
    return False


def _last_leaf(ids: list[UUID]) -> int | None:
    """The last leaf of these events; None unless each has one."""
    with connection.cursor() as cursor:
        cursor.execute(_LEAVES, [ids])
        count, last = cursor.fetchone()
    return int(last) if count == len(ids) and count else None
