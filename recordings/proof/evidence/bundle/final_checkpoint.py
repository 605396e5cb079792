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
from recordings.tlog import checkpoint as tlog
from recordings.tlog.notes import NoteError
from recordings.tlog.policy import Judged, Policy, PolicyError

WAIT_SECONDS = 30.0
_TICK = 0.1
_LEAF = "SELECT n FROM audit.leaf WHERE event_id = %s"
_SIZES = """
SELECT c.size FROM audit.event e JOIN audit.leaf l ON l.event_no = e.id JOIN audit.checkpoint c ON c.size = l.n + 1
WHERE e.kind = %s AND l.n > %s AND e.id > (SELECT event_no FROM audit.leaf WHERE n = %s)
ORDER BY c.size DESC LIMIT 20
"""

Pulse = Callable[[], None]
Found = TypeVar("Found")


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
class Standing:
    """A checkpoint with everything that is signed below it, and what the portal's own policy makes of it."""

    note: str
    judged: Judged

    @property
    def checkpoint(self) -> tlog.Checkpoint:
        return self.judged.checkpoint

    @property
    def size(self) -> int:
        return self.judged.checkpoint.size

    @property
    def witnesses(self) -> tuple[str, ...]:
        """The names, in the policy, of those who cosigned."""
        return tuple(self.judged.witnesses)

    @property
    def seen_by(self) -> list[tuple[str, str]]:
        """Each of them with the time of the cosignature, spelled as in an entry."""
        signed = self.judged.witnesses.items()
        return [(name, stamp(datetime.fromtimestamp(one.time or 0, UTC))) for name, one in signed]


def portal_policy() -> Policy:
    """The portal's own trust policy. Raises CannotProve when there is none, or no sense in it."""
    try:
        found = policy()
    except OSError:
        raise CannotProve(POLICY_UNFIT.format(trouble="it cannot be read.")) from None
    except PolicyError as wrong:
        raise CannotProve(POLICY_UNFIT.format(trouble=str(wrong))) from wrong
    if found is None:
        raise CannotProve(NO_POLICY)
    return found


def await_standing(request: UUID, pulse: Pulse) -> Standing:
    """Wait until the event `request` is followed by a manifest whose checkpoint is signed and cosigned by the quorum.

    A quorum that is not met in time is left at that: the newest signed checkpoint is given, and says so. `pulse` is
    called while waiting. Raises CannotProve when nothing is sealed or signed in time.
    """
    trusted = portal_policy()
    if not LogHead.objects.exists():
        raise CannotProve(NOT_OPENED)
    n = _poll(lambda: _leaf_of(request), pulse)
    if n is None:
        raise CannotProve(NOT_SEALED)
    if _poll(lambda: _sizes(n) or None, pulse) is None:
        raise CannotProve(NOT_SIGNED)
    return _poll(lambda: _enough(_sizes(n), trusted), pulse) or standing_at(_sizes(n)[0], trusted)


def standing_at(size: int, trusted: Policy) -> Standing:
    """The checkpoint of this size, which was signed. Raises CannotProve when the policy does not know by whom."""
    note = whole_note(Checkpoint.objects.get(size=size), Cosignature.objects.filter(size=size))
    try:
        return Standing(note, trusted.judge(note))
    except NoteError as wrong:
        raise CannotProve(POLICY_UNFIT.format(trouble=str(wrong))) from wrong


def _poll(look: Callable[[], Found | None], pulse: Pulse) -> Found | None:
    end = time.monotonic() + WAIT_SECONDS
    while (found := look()) is None and time.monotonic() < end:
        pulse()
        time.sleep(_TICK)
    return found


def _leaf_of(event: UUID) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(_LEAF, [event])
        row = cursor.fetchone()
    return row[0] if row else None


def _sizes(n: int) -> list[int]:
    """The sizes that were signed right behind a manifest after leaf `n`, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, [Kind.HEADS_MANIFEST.value, n, n])
        return [row[0] for row in cursor.fetchall()]


def _enough(sizes: list[int], trusted: Policy) -> Standing | None:
    standings = (standing_at(size, trusted) for size in sizes)
    return next((standing for standing in standings if standing.judged.quorum_met), None)
