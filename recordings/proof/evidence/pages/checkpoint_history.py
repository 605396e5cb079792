"""List the checkpoints, newest first, and show one with its signatures and anchors."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from django.db.models import Max
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext, pgettext_lazy

from recordings.models import Anchor, Checkpoint, Cosignature
from recordings.paging import COUNTED, PAGE, Page, Start
from recordings.proof.evidence.trust import policy, whole_note
from recordings.tlog.notes import Note, NoteError, Signature, VerifierKey
from recordings.tlog.policy import PolicyError
from recordings.tlog.texts import encode64

KINDS: dict[str, Promise] = {
    "bucket": pgettext_lazy("anchor", "Locked bucket"),
    "timestamp": pgettext_lazy("anchor", "Time stamp"),
    "mail": pgettext_lazy("anchor", "Email"),
}


@dataclass(frozen=True)
class Row:
    """A checkpoint in the list."""

    size: int
    root: str
    signed_at: datetime
    witnesses: tuple[str, ...]
    anchors: tuple[str | Promise, ...]


@dataclass(frozen=True)
class History:
    """A page of checkpoints. `cosigned` and `anchored`: the sizes of the newest cosigned and the newest anchored
    checkpoint, which cover all earlier ones."""

    page: Page[Row, int]
    cosigned: int
    anchored: int


@dataclass(frozen=True)
class Signer:
    """A signature of a note: the name and role of the signer, and the result of verifying it."""

    name: str
    role: str
    tone: str
    result: str
    time: datetime | None = None


@dataclass(frozen=True)
class CheckpointDetails:
    """One checkpoint on its own page. `anchors`: each with the name of its kind. `quorum`: whether the policy's quorum
    is met, None when the policy requires no witness; `names`: the witnesses that cosigned."""

    checkpoint: Checkpoint
    note: str
    signers: list[Signer]
    anchors: list[tuple[Anchor, str | Promise]]
    quorum: bool | None
    names: tuple[str, ...] = field(default=())

    @property
    def root(self) -> str:
        return encode64(bytes(self.checkpoint.root))


def history(start: Start[int]) -> History:
    """Return one page of the checkpoints, newest first."""
    found = Checkpoint.objects.order_by("size" if start.newer else "-size")
    if start.key is not None:
        found = found.filter(size__gt=start.key) if start.newer else found.filter(size__lt=start.key)
    count = Checkpoint.objects.order_by("-size")[: COUNTED + 1].count()
    page = Page.cut(list(found[: PAGE + 1]), start, attrgetter("size"), count)
    return History(
        page.showing(_rows(page.rows)),
        cosigned=Cosignature.objects.aggregate(most=Max("size"))["most"] or 0,
        anchored=Anchor.objects.filter(kind__in=KINDS).aggregate(most=Max("size"))["most"] or 0,
    )


def _rows(checkpoints: Collection[Checkpoint]) -> list[Row]:
    sizes = [checkpoint.size for checkpoint in checkpoints]
    witnesses = _grouped(Cosignature.objects.filter(size__in=sizes).values_list("size", "witness"))
    anchors = _grouped(Anchor.objects.filter(size__in=sizes).values_list("size", "kind"))
    return [
        Row(
            size=checkpoint.size,
            root=encode64(bytes(checkpoint.root)),
            signed_at=checkpoint.signed_at,
            witnesses=tuple(sorted(witnesses[checkpoint.size])),
            anchors=tuple(KINDS.get(kind, kind) for kind in sorted(anchors[checkpoint.size])),
        )
        for checkpoint in checkpoints
    ]


def _grouped(pairs: Iterable[tuple[int, str]]) -> dict[int, set[str]]:
    names_by_size: dict[int, set[str]] = defaultdict(set)
    for size, name in pairs:
        names_by_size[size].add(name)
    return names_by_size


def checkpoint_details(size: int) -> CheckpointDetails | None:
    """Return the checkpoint of this size, its signatures verified with the trust policy; None when there is none."""
    checkpoint = Checkpoint.objects.filter(size=size).first()
    if checkpoint is None:
        return None
    note = whole_note(checkpoint, Cosignature.objects.filter(size=size))
    anchors = [
        (anchor, KINDS.get(anchor.kind, anchor.kind))
        for anchor in Anchor.objects.filter(size=size).order_by("id")
    ]
    parsed, keys = Note.parse(note), _policy_keys()
    signers = [_signer(parsed.text, signature, keys) for signature in parsed.signatures]
    return CheckpointDetails(checkpoint, note, signers, anchors, *_quorum(note))


def _policy_keys() -> dict[VerifierKey, tuple[str, str]]:
    """Return each key of the policy with its name and its role there."""
    try:
        trusted = policy()
    except (PolicyError, OSError):
        trusted = None
    if trusted is None:
        return {}
    logs = {party.key: (party.key.name, pgettext("role of a signer", "log")) for party in trusted.logs}
    return logs | {
        party.key: (name, pgettext("role of a signer", "witness"))
        for name, party in trusted.witnesses.items()
    }


def _signer(text: str, signature: Signature, keys: dict[VerifierKey, tuple[str, str]]) -> Signer:
    """Verify one signature alone, so that an invalid one does not hide the others."""
    own = {key for key in keys if (key.name, key.key_id) == (signature.name, signature.key_id)}
    if not own:
        return Signer(signature.name, gettext("unknown"), "", pgettext("signature", "not in the policy"))
    name, role = keys[next(iter(own))]
    try:
        (verified,) = Note(text, (signature,)).verify(own)
    except NoteError:
        return Signer(name, role, "bad", pgettext("signature", "invalid"))
    time = datetime.fromtimestamp(verified.time).astimezone() if verified.time else None
    return Signer(name, role, "ok", pgettext("signature", "valid"), time)


def _quorum(note: str) -> tuple[bool | None, tuple[str, ...]]:
    """Return whether the quorum is met (None when no witness is required), and the witnesses that cosigned."""
    try:
        trusted = policy()
        checked = trusted.check(note) if trusted and trusted.quorum != "none" else None
    except (PolicyError, NoteError, OSError):
        return None, ()
    return (checked.quorum_met, tuple(sorted(checked.witnesses))) if checked else (None, ())
