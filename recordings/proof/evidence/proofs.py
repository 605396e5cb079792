"""Make single proofs: that the log contains an event, and that the log only grew."""

from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from recordings.exceptions import PortalError
from recordings.models import Checkpoint, Cosignature, Leaf
from recordings.proof.evidence.leaves import shipped, tiles
from recordings.proof.evidence.trust import whole_note
from recordings.tlog.proof import format_proof

# The newest cosigned checkpoint, else the newest.
_BEST = """
SELECT c.size FROM audit.checkpoint c WHERE c.size > %s
ORDER BY EXISTS (SELECT FROM audit.cosignature w WHERE w.size = c.size) DESC, c.size DESC LIMIT 1
"""


class NotSealedYet(PortalError):
    """No signed checkpoint covers the event yet."""

    status = 404
    sentence = _("No signed checkpoint covers this event yet. Sealing takes about a second. Try again.")


def event_proof(event_id: UUID, size: int | None = None) -> str:
    """Return the event's `tlog-proof` (docs/trail-format.md, 9) for the checkpoint of this size.

    Without a size it is the newest cosigned checkpoint, else the newest.

    Raises NotSealedYet when no checkpoint covers the event.
    """
    n = Leaf.objects.filter(event_id=event_id).values_list("n", flat=True).first()
    if n is None:
        raise NotSealedYet
    checkpoint = Checkpoint.objects.filter(size=_best(n) if size is None else size).first()
    if checkpoint is None or checkpoint.size <= n:
        raise NotSealedYet
    (leaf,) = shipped(connection, [n], [n])
    note = whole_note(checkpoint, Cosignature.objects.filter(size=checkpoint.size))
    return format_proof(n, tiles(connection, checkpoint.size).inclusion_path(n), note, leaf.extra())


def consistency(old_size: int, new_size: int) -> list[bytes]:
    """Return the consistency proof between two sizes (RFC 9162, 2.1.4.1). Raises ProofError for impossible sizes."""
    return tiles(connection, new_size).consistency_path(old_size)


def _best(n: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_BEST, [n])
        row: tuple[int] | None = cursor.fetchone()
    return row[0] if row else 0
