"""Assess the status of the log, for the strip on the pages of the trail. Everything is read from the database."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext, ngettext, pgettext

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

_SEARCHED_CHECKPOINTS = 50  # newest cosigned checkpoints among which one with a quorum is looked for
_CLOSED_SHOWN = 50
_WITNESSES_ALLOWED = timedelta(seconds=60)  # they are contacted every 10 s
# Kinds of anchors, with the words that follow the verdict ANCHORED. Verdicts are codes and are not translated.
ANCHORED = {"timestamp": "time-stamped", "bucket": "object-locked"}


@dataclass(frozen=True)
class Witnessed:
    """The newest checkpoint that meets the policy's quorum. `at`: the time of its last cosignature."""

    size: int
    at: datetime
    names: tuple[str, ...]


@dataclass(frozen=True)
class LogFacts:
    """What the database says about the log.

    `trouble`: why the newest checkpoint or the policy cannot be trusted. `has_policy`: whether a policy names the log.
    `quorum`: whether the policy requires witnesses.
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
        """Return the age of the oldest unsealed event in seconds; 0 when all are sealed."""
        return (self.now - self.unsealed_since).total_seconds() if self.unsealed_since else 0.0

    @property
    def verified_seconds(self) -> float:
        """Return how long the last full verification took."""
        return (
            (self.verified.finished_at - self.verified.started_at).total_seconds() if self.verified else 0.0
        )

    def waits_longer(self, reached: int, allowed: timedelta) -> bool:
        """Return whether the first leaf after the `reached` ones was sealed longer ago than `allowed`."""
        if self.head is None or reached >= self.head.size:
            return False
        sealed = Leaf.objects.filter(n=reached).values_list("sealed_at", flat=True).first()
        return sealed is not None and self.now - sealed > allowed


@dataclass(frozen=True)
class LogStatus:
    """The status line: its tone (ok, info, warn, bad), the status or problem, and an explanation or nothing."""

    facts: LogFacts
    tone: str
    word: str
    text: str


def log_status() -> LogStatus:
    """Assess the status of the log. Makes about ten short queries, whatever the size of the log."""
    head = LogHead.objects.first()
    checkpoint = Checkpoint.objects.order_by("-size").first()
    trusted, trouble = _usable_policy()
    if checkpoint and trusted:
        try:
            trusted.check(checkpoint.note)
        except NoteError as error:
            trouble = gettext("The newest checkpoint fails the trust policy: %(problem)s") % {
                "problem": error
            }
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
    """Return the newest checkpoint that meets the quorum, its signatures verified; None when there is none."""
    trusted, _ = _usable_policy()
    return _newest_witnessed(trusted) if trusted else None


def open_incidents() -> list[Incident]:
    """Return the open incidents, newest first. The sealer's query decides: a closing row counts only with its event."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN)
        ids = [row[0] for row in cursor.fetchall()]
    return list(Incident.objects.filter(pk__in=ids).order_by("-id"))


def listed_incidents() -> list[tuple[Incident, Incident | None]]:
    """Return the open incidents, then the newest closed ones, each with the row that closed it."""
    still_open = open_incidents()
    closing = Incident.objects.filter(settles__isnull=False).exclude(settles__in=still_open)
    rows = closing.select_related("settles").order_by("-id")[:_CLOSED_SHOWN]
    return [
        *((incident, None) for incident in still_open),
        *((row.settles, row) for row in rows if row.settles),
    ]


def _usable_policy() -> tuple[Policy | None, str]:
    """Return the policy if it names a log, and why it cannot be read."""
    try:
        trusted = policy()
    except (PolicyError, OSError) as error:
        return None, gettext("The trust policy cannot be read: %(problem)s") % {"problem": error}
    return (trusted if trusted and trusted.logs else None), ""


def _newest_witnessed(trusted: Policy) -> Witnessed | None:
    if trusted.quorum == "none":
        return None
    sizes = (
        Cosignature.objects.order_by("-size")
        .values_list("size", flat=True)
        .distinct()[:_SEARCHED_CHECKPOINTS]
    )
    for size, checked in _checked_checkpoints(trusted, list(sizes)):
        if checked.quorum_met:
            newest = max(signed.time or 0 for signed in checked.witnesses.values())
            return Witnessed(size, datetime.fromtimestamp(newest, UTC), tuple(sorted(checked.witnesses)))
    return None


def _checked_checkpoints(trusted: Policy, sizes: Collection[int]) -> Iterator[tuple[int, CheckedCheckpoint]]:
    """Yield the checkpoints of these sizes that pass the policy, newest first, as far as the caller reads."""
    lines: dict[int, list[Cosignature]] = defaultdict(list)
    for cosignature in Cosignature.objects.filter(size__in=sizes):
        lines[cosignature.size].append(cosignature)
    for checkpoint in Checkpoint.objects.filter(size__in=sizes).order_by("-size"):
        try:
            yield checkpoint.size, trusted.check(whole_note(checkpoint, lines[checkpoint.size]))
        except NoteError:
            continue  # the verification reports the invalid line


def _assess(log: LogFacts) -> tuple[str, str, str]:
    """Return tone, status and explanation: the first that applies, worst first."""
    if log.trouble:
        return "bad", "INVALID", log.trouble
    if log.verified and not log.verified.ok:
        found = gettext("The last full verification found: %(problem)s") % {"problem": log.verified.problem}
        return "bad", "INVALID", found
    if log.incidents:
        count = len(log.incidents)
        word = ngettext("%(count)s incident open", "%(count)s incidents open", count) % {
            "count": f"{count:,}"
        }
        return "bad", word, log.incidents[0].detail
    return _behind(log) or _reached(log)


def _behind(log: LogFacts) -> tuple[str, str, str] | None:
    allowed = timedelta(seconds=settings.AUDIT_LAG_ALARM_SECONDS)
    if log.head is None:
        return (
            "warn",
            pgettext("log", "Not sealed"),
            gettext("No log has been opened. Events are append-only, but outsiders cannot verify them."),
        )
    if log.waits_longer(log.checkpoint.size if log.checkpoint else 0, allowed):
        return (
            "warn",
            pgettext("log", "Sealed, not signed"),
            gettext("Leaves are waiting to be signed. Check the signer."),
        )
    if log.unsealed_age > allowed.total_seconds():
        return (
            "warn",
            pgettext("log", "Sealing is behind"),
            gettext("Events are waiting to be sealed. Check the sealer."),
        )
    reached = log.witnessed.size if log.witnessed else 0
    if log.quorum and log.waits_longer(reached, max(allowed, _WITNESSES_ALLOWED)):
        return (
            "warn",
            pgettext("log", "Witnesses are behind"),
            gettext("The newest leaves have no quorum of witnesses yet."),
        )
    return None


def _reached(log: LogFacts) -> tuple[str, str, str]:
    if log.checkpoint is None:
        return (
            "info",
            pgettext("log", "Sealed, not signed"),
            gettext("The first checkpoint has not been signed yet."),
        )
    if log.witnessed:
        return "ok", f"WITNESSED by {', '.join(log.witnessed.names)}", ""
    if stamped := [words for kind, words in ANCHORED.items() if kind in log.anchored]:
        return "ok", f"ANCHORED ({', '.join(stamped)})", ""
    unchecked = gettext("The trust policy names no log, so the signature is not verified here.")
    return "info", "CONSISTENT (self-signed only)", "" if log.has_policy else unchecked
