"""The checkpoint that gives a sample its seed: the first one after the freezing that ends in a heads manifest."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.audit.kinds import Kind
from recordings.db import fetch_all
from recordings.models import Checkpoint, Cosignature
from recordings.proof.anchors.pace import quorum_of
from recordings.proof.evidence.trust import policy, whole_note
from recordings.tlog.notes import NoteError
from recordings.tlog.policy import Policy, PolicyError
from recordings.tlog.texts import encode64
from recordings.worded import Worded

_LEAF = "SELECT n FROM audit.leaf WHERE event_id = %s"
_FIRST_MANIFEST = """
SELECT l.n + 1 FROM audit.event e JOIN audit.leaf l ON l.event_no = e.id
WHERE e.kind = %s AND l.n > %s AND e.id > (SELECT event_no FROM audit.leaf WHERE n = %s) ORDER BY l.n LIMIT 1
"""


class Waiting(Worded):
    """Why a frozen population is not drawn yet."""

    sentence: str | Promise

    NO_LOG = (
        "no_log",
        _("This installation keeps no sealed log or has no trust policy, so nothing can be drawn."),
    )
    NOT_SEALED = "not_sealed", _("The freezing is not sealed yet.")
    NO_MANIFEST = "no_manifest", _("The next heads manifest of the log is not written yet.")
    NOT_SIGNED = "not_signed", _("The checkpoint with the heads manifest is not signed yet.")
    NO_QUORUM = "no_quorum", _("The witnesses that the trust policy requires have not cosigned yet.")


@dataclass(frozen=True)
class Seed:
    """The lines that give the seed, with the checkpoint they are from. `self_drawn`: the only line is its root."""

    lines: list[bytes]
    origin: str
    size: int
    self_drawn: bool


def seed_after(frozen: UUID) -> Seed | Waiting:
    """Return the seed of the population that this event froze, or what it waits for (docs/sampling.md)."""
    trusted = _policy()
    if trusted is None or not settings.AUDIT_ORIGIN:
        return Waiting.NO_LOG
    leaves = fetch_all(connection, _LEAF, [frozen])
    if not leaves:
        return Waiting.NOT_SEALED
    leaf = leaves[0][0]
    manifests = fetch_all(connection, _FIRST_MANIFEST, [Kind.HEADS_MANIFEST.value, leaf, leaf])
    if not manifests:
        return Waiting.NO_MANIFEST
    size = manifests[0][0]
    checkpoint = Checkpoint.objects.filter(size=size).first()
    if checkpoint is None:
        return Waiting.NOT_SIGNED
    try:
        checked = trusted.check(whole_note(checkpoint, Cosignature.objects.filter(size=size)))
    except NoteError:  # no key of the policy signed it
        return Waiting.NOT_SIGNED
    counted = quorum_of(trusted)
    if not counted:
        root = f"{encode64(checked.checkpoint.root)}\n".encode()
        return Seed([root], checked.checkpoint.origin, size, self_drawn=True)
    if not checked.quorum_met:
        return Waiting.NO_QUORUM
    lines = sorted(
        f"{signed.line}\n".encode() for name, signed in checked.witnesses.items() if name in counted
    )
    return Seed(lines, checked.checkpoint.origin, size, self_drawn=False)


def _policy() -> Policy | None:
    try:
        return policy()
    except (OSError, PolicyError):
        return None
