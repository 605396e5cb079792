"""The checkpoint that a bundle leads to: signed, right behind a manifest, known to enough witnesses if they answer.

A bundle is asked for by an event; the sealer writes a manifest after it. Both are waited for, not for ever.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from django.db import connection

from recordings.audit.kinds import Kind
from recordings.models import Checkpoint, Cosignature, LogHead
from recordings.proof.evidence.errors import CannotProve
from recordings.proof.evidence.trust import policy, whole_note
from recordings.proof.sealing.entries import stamp
from recordings.tlog.notes import NoteError
from recordings.tlog.policy import CheckedCheckpoint, Policy, PolicyError

WAIT_SECONDS = 30.0
_TICK = 0.1
_LEAF_OF_EVENT = "SELECT n FROM audit.leaf WHERE event_id = %s"
_SIGNED_MANIFESTS = """
SELECT c.size FROM audit.event e JOIN audit.leaf l ON l.event_no = e.id JOIN audit.checkpoint c ON c.size = l.n + 1
WHERE e.kind = %s AND l.n > %s AND e.id > (SELECT event_no FROM audit.leaf WHERE n = %s)
ORDER BY c.size DESC LIMIT 20
"""

Result = TypeVar("Result")

NOT_OPENED = (
    "The sealed log has not been opened yet, so there is nothing a proof could lead to. Ask whoever runs the portal "
    "to start the sealer (manage.py seal_trail), then request it again."
)
NOT_SEALED = (
    f"The sealer did not take up this request within {WAIT_SECONDS:.0f} seconds. Ask whoever runs the portal to look "
    "at the sealer, then request it again."
)
NOT_SIGNED = (
    f"The request is sealed, but no checkpoint behind it was signed within {WAIT_SECONDS:.0f} seconds. Ask whoever "
    "runs the portal to look at the signer, then request it again."
)
NO_POLICY = (
    "No trust policy is set (AUDIT_POLICY_FILE), so nobody could tell whose signature this is. Ask whoever runs the "
    "portal to name one, then request it again."
)
POLICY_UNFIT = (
    "The trust policy (AUDIT_POLICY_FILE) cannot be used: {trouble} Ask whoever runs the portal to mend it."
)


@dataclass(frozen=True)
class FinalCheckpoint:
    """A checkpoint with all its signatures, and what the portal's own policy makes of them."""

    note: str
    checked: CheckedCheckpoint

    @property
    def origin(self) -> str:
        return self.checked.checkpoint.origin

    @property
    def size(self) -> int:
        return self.checked.checkpoint.size

    @property
    def root(self) -> bytes:
        return self.checked.checkpoint.root

    @property
    def witnesses(self) -> tuple[str, ...]:
        """The names, in the policy, of those who cosigned."""
        return tuple(self.checked.witnesses)

    @property
    def seen_by(self) -> list[tuple[str, str]]:
        """Each of them with the time of the cosignature, spelled as in an entry."""
        cosigned = self.checked.witnesses.items()
        return [
            (name, stamp(datetime.fromtimestamp(signature.time or 0, UTC))) for name, signature in cosigned
        ]


def portal_policy() -> Policy:
    """The portal's own trust policy. Raises CannotProve when there is none, or none that can be used."""
    try:
        trusted = policy()
    except OSError:
        raise CannotProve(POLICY_UNFIT.format(trouble="it cannot be read.")) from None
    except PolicyError as error:
        raise CannotProve(POLICY_UNFIT.format(trouble=str(error))) from error
    if trusted is None:
        raise CannotProve(NO_POLICY)
    return trusted


def await_final_checkpoint(request: UUID, while_waiting: Callable[[], None]) -> FinalCheckpoint:
    """Wait until the event `request` is sealed, a manifest after it is signed, and enough witnesses have cosigned that.

    `while_waiting` is called every tenth of a second. Raises CannotProve when nothing is sealed or signed in time.
    """
    trusted = portal_policy()
    if not LogHead.objects.exists():
        raise CannotProve(NOT_OPENED)
    leaf = _poll(lambda: _leaf_of(request), while_waiting)
    if leaf is None:
        raise CannotProve(NOT_SEALED)
    if _poll(lambda: _signed_after(leaf) or None, while_waiting) is None:
        raise CannotProve(NOT_SIGNED)

    def witnessed() -> FinalCheckpoint | None:
        checkpoints = (_signed_checkpoint(size, trusted) for size in _signed_after(leaf))
        return next((checkpoint for checkpoint in checkpoints if checkpoint.checked.quorum_met), None)

    # Witnesses may be away: then the bundle has the newest checkpoint that is signed, and says that it lacks them.
    return _poll(witnessed, while_waiting) or _signed_checkpoint(_signed_after(leaf)[0], trusted)


def _signed_checkpoint(size: int, trusted: Policy) -> FinalCheckpoint:
    """The checkpoint of this size, which was signed. Raises CannotProve when the policy does not know by whom."""
    note = whole_note(Checkpoint.objects.get(size=size), Cosignature.objects.filter(size=size))
    try:
        return FinalCheckpoint(note, trusted.check(note))
    except NoteError as error:
        raise CannotProve(POLICY_UNFIT.format(trouble=str(error))) from error


def _poll(look: Callable[[], Result | None], while_waiting: Callable[[], None]) -> Result | None:
    """Call `look` until it returns something, for WAIT_SECONDS at most."""
    end = time.monotonic() + WAIT_SECONDS
    while (result := look()) is None and time.monotonic() < end:
        while_waiting()
        time.sleep(_TICK)
    return result


def _leaf_of(event: UUID) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(_LEAF_OF_EVENT, [event])
        row = cursor.fetchone()
    return row[0] if row else None


def _signed_after(leaf: int) -> list[int]:
    """The sizes that were signed right behind a manifest after this leaf, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(_SIGNED_MANIFESTS, [Kind.HEADS_MANIFEST.value, leaf, leaf])
        return [size for (size,) in cursor.fetchall()]
