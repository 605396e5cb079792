"""Read the state of the outside parties for pages and monitoring, through Django as the application's role."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from recordings.models import Checkpoint, Outside

_LABELS = {
    "bucket": gettext_lazy("Locked bucket"),
    "timestamp": gettext_lazy("Time stamp"),
    "mail": gettext_lazy("Daily mail"),
    "policy": gettext_lazy("Trust policy"),
}
_ALARM_AFTER = 3  # intervals: a party may miss two checkpoints


@dataclass(frozen=True)
class Party:
    """An outside party: the size of the log that it has, and whether an operator should check it."""

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

    `alarm` means that for three intervals there has been a checkpoint that the party lacks. The age of the last success
    is not enough: when the log does not grow, there is nothing to publish.
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
    if kind == "witness":
        return gettext("Witness %(name)s") % {"name": witness}
    return str(_LABELS.get(name, name))


def _is_overdue(row: Outside) -> bool:
    newer = Checkpoint.objects.filter(size__gt=-1 if row.size is None else row.size).order_by("size")
    since = newer.values_list("signed_at", flat=True).first()
    return since is not None and timezone.now() - since > _ALARM_AFTER * row.every
