"""How the log stands now, for the strip on the trail's pages: every word of it is read from the database."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from recordings.audit.lag import seconds_unsealed
from recordings.models import (
    Anchor,
    Checkpoint,
    Cosignature,
    Incident,
    Leaf,
    LogHead,
    TrailVerification,
)
from recordings.proof.evidence.trust import policy, whole_note
from recordings.proof.sealing.incidents import OPEN
from recordings.tlog.notes import NoteError
from recordings.tlog.policy import CheckedCheckpoint, Policy, PolicyError

_LOOKED_AT = 50  # newest cosigned checkpoints among which one with a quorum is sought
_SETTLED_SHOWN = 50
_WITNESSES_COME = timedelta(seconds=60)  # every 10 s, as a rule
ANCHORED = {"timestamp": "time-stamped", "bucket": "object-locked"}


@dataclass(frozen=True)
class Witnessed:
    """The newest checkpoint that enough witnesses of the policy have cosigned."""

    size: int
    at: datetime
    names: tuple[str, ...]


@dataclass(frozen=True)
class LogFacts:
    """What is known of the log, read from the database.

    `trouble`: why the newest checkpoint or the policy cannot be trusted; `has_policy`: whether a policy names the log;
    `quorum`: whether it asks for witnesses.
    """

    now: datetime
    head: LogHead | None
    unsealed_since: datetime | None
    checkpoint: Checkpoint | None
    witnessed: Witnessed | None
    anchored: dict[str, Anchor]
    verified: TrailVerification | None
    incidents: list[Incident]
    trouble: str
    has_policy: bool
    quorum: bool

    @property
    def unsealed_age(self) -> float:
        """Seconds that the oldest event which is not sealed has waited; 0 when none waits."""
        return (self.now - self.unsealed_since).total_seconds() if self.unsealed_since else 0.0

    @property
    def verified_seconds(self) -> float:
        """How long the last full verification took."""
        return (
            (self.verified.finished_at - self.verified.started_at).total_seconds() if self.verified else 0.0
        )

    def waits_longer(self, reached: int, allowed: timedelta) -> bool:
        """Whether the first leaf from `reached` on was sealed longer ago than `allowed`."""
        if self.head is None or reached >= self.head.size:
            return False
        sealed = Leaf.objects.filter(n=reached).values_list("sealed_at", flat=True).first()
        return sealed is not None and self.now - sealed > allowed


@dataclass(frozen=True)
class LogStatus:
    """The strip: a tone (ok, info, warn, bad), how far the log has come or what is wrong, and why."""

    facts: LogFacts
    tone: str
    word: str
    text: str


def log_status() -> LogStatus:
    """Read how the log stands: about ten short queries, whatever its size."""
    head = LogHead.objects.first()
    checkpoint = Checkpoint.objects.order_by("-size").first()
    trusted, trouble = _usable_policy()
    if checkpoint and trusted:
        try:
            trusted.check(checkpoint.note)
        except NoteError as error:
            trouble = f"The newest checkpoint does not pass the trust policy: {error}"
    now, unsealed_seconds = timezone.now(), seconds_unsealed()
    anchors = (Anchor.objects.filter(kind=kind).order_by("-size", "-id").first() for kind in ANCHORED)
    facts = LogFacts(
        now=now,
        head=head,
        unsealed_since=now - timedelta(seconds=unsealed_seconds) if unsealed_seconds else None,
        checkpoint=checkpoint,
        witnessed=_newest_witnessed(trusted) if trusted else None,
        anchored={anchor.kind: anchor for anchor in anchors if anchor},
        verified=TrailVerification.objects.order_by("-started_at").first(),
        incidents=open_incidents(),
        trouble=trouble,
        has_policy=trusted is not None,
        quorum=trusted is not None and trusted.quorum != "none",
    )
    return LogStatus(facts, *_assess(facts))


def newest_witnessed() -> Witnessed | None:
    """The newest checkpoint whose quorum is met, every signature checked."""
    trusted, _ = _usable_policy()
    return _newest_witnessed(trusted) if trusted else None


def open_incidents() -> list[Incident]:
    """Incidents that nothing has settled, newest first, as the sealer sees it: a row alone settles nothing."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN)
        ids = [row[0] for row in cursor.fetchall()]
    return list(Incident.objects.filter(pk__in=ids).order_by("-id"))


def listed_incidents() -> list[tuple[Incident, Incident | None]]:
    """Every open incident, then the newest settled ones, each with the row that settled it."""
    unsettled = open_incidents()
    settling = Incident.objects.filter(settles__isnull=False).exclude(settles__in=unsettled)
    rows = settling.select_related("settles").order_by("-id")[:_SETTLED_SHOWN]
    return [
        *((incident, None) for incident in unsettled),
        *((row.settles, row) for row in rows if row.settles),
    ]


def _usable_policy() -> tuple[Policy | None, str]:
    """The policy as far as it can check anything: one that names no log is as good as none."""
    try:
        trusted = policy()
    except (PolicyError, OSError) as error:
        return None, f"The trust policy cannot be read: {error}"
    return (trusted if trusted and trusted.logs else None), ""


def _newest_witnessed(trusted: Policy) -> Witnessed | None:
    if trusted.quorum == "none":
        return None
    sizes = Cosignature.objects.order_by("-size").values_list("size", flat=True).distinct()[:_LOOKED_AT]
    for size, checked in _checked_checkpoints(trusted, list(sizes)):
        if checked.quorum_met:
            newest = max(signed.time or 0 for signed in checked.witnesses.values())
            return Witnessed(size, datetime.fromtimestamp(newest, UTC), tuple(sorted(checked.witnesses)))
    return None


def _checked_checkpoints(trusted: Policy, sizes: Collection[int]) -> Iterator[tuple[int, CheckedCheckpoint]]:
    """Checkpoints of these sizes, the newest first, as far as they are read; those with a bad line are left out."""
    lines: dict[int, list[Cosignature]] = defaultdict(list)
    for cosignature in Cosignature.objects.filter(size__in=sizes):
        lines[cosignature.size].append(cosignature)
    for checkpoint in Checkpoint.objects.filter(size__in=sizes).order_by("-size"):
        try:
            yield checkpoint.size, trusted.check(whole_note(checkpoint, lines[checkpoint.size]))
        except NoteError:
            continue  # a bad line is no witness; the verification names it


def _assess(log: LogFacts) -> tuple[str, str, str]:
    """Tone, word and text: the first that applies, the worst first. Words of trust are those the verifiers print."""
    if log.trouble:
        return "bad", "INVALID", log.trouble
    if log.verified and not log.verified.ok:
        return "bad", "INVALID", f"The last full verification found: {log.verified.problem}"
    if log.incidents:
        many = len(log.incidents)
        return "bad", f"{many:,} incident{'s' if many > 1 else ''} open", log.incidents[0].detail
    return _behind(log) or _reached(log)


def _behind(log: LogFacts) -> tuple[str, str, str] | None:
    allowed = timedelta(seconds=settings.AUDIT_LAG_ALARM_SECONDS)
    if log.head is None:
        return (
            "warn",
            "Not sealed",
            "No log has been opened: events are written once, but no outsider can check them.",
        )
    if log.waits_longer(log.checkpoint.size if log.checkpoint else 0, allowed):
        return (
            "warn",
            "Sealed, not signed",
            "Leaves wait for a signature. Somebody should look at the signer.",
        )
    if log.unsealed_age > allowed.total_seconds():
        return "warn", "Sealing is behind", "Events wait to be sealed. Somebody should look at the sealer."
    reached = log.witnessed.size if log.witnessed else 0
    if log.quorum and log.waits_longer(reached, max(allowed, _WITNESSES_COME)):
        return "warn", "Witnesses are behind", "The newest leaves have no quorum of witnesses yet."
    return None


def _reached(log: LogFacts) -> tuple[str, str, str]:
    if log.checkpoint is None:
        return "info", "Sealed, not signed", "The first checkpoint is on its way."
    if log.witnessed:
        return "ok", f"WITNESSED by {', '.join(log.witnessed.names)}", ""
    if stamped := [words for kind, words in ANCHORED.items() if kind in log.anchored]:
        return "ok", f"ANCHORED ({', '.join(stamped)})", ""
    unknown = "" if log.has_policy else "The trust policy names no log, so its signature is not checked here."
    return "info", "CONSISTENT (self-signed only)", unknown
