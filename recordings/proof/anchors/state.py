"""Read the state of the parties outside, for the page and for monitoring: through Django, as the application."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from recordings.models import Checkpoint, Outside

_LABELS = {
    "bucket": "Locked bucket",
    "timestamp": "Time stamp",
    "mail": "Daily mail",
    "policy": "Trust policy",
}
# A party may miss two checkpoints before somebody should look.
_ALARM_AFTER = 3  # intervals


@dataclass(frozen=True)
class Party:
    """An outside party: how far it knows the log, and whether somebody should look."""

    name: str
    words: str
    every: timedelta
    asked_at: datetime | None
    success_at: datetime | None
    size: int | None
    trouble: str
    alarm: bool


def outside_parties() -> list[Party]:
    """List every party that the publisher serves, witnesses first.

    `alarm`: there has been a checkpoint it does not know for three times its interval. (A log that does not grow gives
    nothing to anchor, so the age of the last success alone says nothing.)
    """
    parties = [
        Party(
            name=row.name,
            words=_label(row.name),
            every=row.every,
            asked_at=row.asked_at,
            success_at=row.success_at,
            size=row.size,
            trouble=row.trouble,
            alarm=_is_overdue(row),
        )
        for row in Outside.objects.filter(every__gt=timedelta(0))
    ]
    return sorted(parties, key=lambda party: (not party.name.startswith("witness "), party.name))


def _label(name: str) -> str:
    kind, _, witness = name.partition(" ")
    return f"Witness {witness}" if kind == "witness" else _LABELS.get(name, name)


def _is_overdue(row: Outside) -> bool:
    lacking = Checkpoint.objects.filter(size__gt=-1 if row.size is None else row.size).order_by("size")
    since = lacking.values_list("signed_at", flat=True).first()
    return since is not None and timezone.now() - since > _ALARM_AFTER * row.every
