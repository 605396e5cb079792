"""Wait for the checkpoint of a bundle: it covers the requesting event and ends with a manifest.

The sealer writes the manifest after the requesting event. If the witnesses do not respond in time, the bundle has a
checkpoint without a quorum.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from recordings.audit.kinds import Kind
from recordings.models import Checkpoint, Cosignature, LogHead
from recordings.proof.evidence.errors import CannotProve
from recordings.proof.evidence.trust import policy, whole_note
from recordings.proof.sealing.entries import stamp
from recordings.tlog.notes import NoteError
from recordings.tlog.policy import CheckedCheckpoint, Policy, PolicyError
from recordings.wording import filled

WAIT_SECONDS = 30.0
_TICK = 0.1
_LEAF_OF_EVENT = "SELECT n FROM audit.leaf WHERE event_id = %s"
_SIGNED_MANIFESTS = """
SELECT c.size FROM audit.event e JOIN audit.leaf l ON l.event_no = e.id JOIN audit.checkpoint c ON c.size = l.n + 1
WHERE e.kind = %s AND l.n > %s AND e.id > (SELECT event_no FROM audit.leaf WHERE n = %s)
ORDER BY c.size DESC LIMIT 20
"""

Result = TypeVar("Result")

NOT_OPENED = _(
    "The log has not been opened yet, so there is no checkpoint. Ask the operator to start the sealer "
    "(manage.py seal_trail), then request the bundle again."
)
NOT_SEALED = _(
    "The request was not sealed in time. Ask the operator to check the sealer, then request the bundle again."
)
NOT_SIGNED = _(
    "The request was sealed, but no checkpoint was signed in time. Ask the operator to check the signer, then request "
    "the bundle again."
)
NO_POLICY = _(
    "No trust policy is set (AUDIT_POLICY_FILE), so nobody can verify the signatures. Ask the operator to set one, "
    "then request the bundle again."
)
POLICY_UNFIT = _(
    "The trust policy (AUDIT_POLICY_FILE) cannot be used: %(problem)s Ask the operator to correct it."
)


@dataclass(frozen=True)
class FinalCheckpoint:
    """A checkpoint with all its signatures, verified with the portal's own policy."""

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
        """The witnesses of the policy that cosigned."""
        return tuple(self.checked.witnesses)

    @property
    def seen_by(self) -> list[tuple[str, str]]:
        """Each witness with the time of its cosignature, in the form of an entry."""
        cosigned = self.checked.witnesses.items()
        return [
            (name, stamp(datetime.fromtimestamp(signature.time or 0, UTC))) for name, signature in cosigned
        ]


def portal_policy() -> Policy:
    """Return the portal's own trust policy. Raises CannotProve when none can be used."""
    try:
        trusted = policy()
    except OSError:
        raise CannotProve(filled(POLICY_UNFIT, problem="it cannot be read.")) from None
    except PolicyError as error:
        raise CannotProve(filled(POLICY_UNFIT, problem=error)) from error
    if trusted is None:
        raise CannotProve(NO_POLICY)
    return trusted


def await_final_checkpoint(request: UUID, while_waiting: Callable[[], None]) -> FinalCheckpoint:
    """Wait until a checkpoint after the event `request` ends with a manifest, is signed and, if possible, has a quorum.

    Calls `while_waiting` every tenth of a second. Raises CannotProve when nothing is sealed or signed in time.
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

    # Without a quorum in time, use the newest signed checkpoint; the bundle says that witnesses are missing.
    return _poll(witnessed, while_waiting) or _signed_checkpoint(_signed_after(leaf)[0], trusted)


def _signed_checkpoint(size: int, trusted: Policy) -> FinalCheckpoint:
    """Return the checkpoint of this size. Raises CannotProve when the policy does not name the key of its signature."""
    note = whole_note(Checkpoint.objects.get(size=size), Cosignature.objects.filter(size=size))
    try:
        return FinalCheckpoint(note, trusted.check(note))
    except NoteError as error:
        raise CannotProve(filled(POLICY_UNFIT, problem=error)) from error


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
    """Return the sizes of the checkpoints after this leaf that end with a manifest, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(_SIGNED_MANIFESTS, [Kind.HEADS_MANIFEST.value, leaf, leaf])
        return [size for (size,) in cursor.fetchall()]
