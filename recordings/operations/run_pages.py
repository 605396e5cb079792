"""The runs of the refresh as pages show them: the newest first, each with what it counted and how far it came."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, Subquery

from recordings.models import RefreshRun
from recordings.refresh import runs

PAGE = 50
KINDS = {runs.SWEEP: "Sweeps", runs.LIST: "Listings", runs.DISCOVER: "Discoveries"}


@dataclass(frozen=True)
class RunPage:
    """So many runs, and the number to go on from when there are older ones."""

    rows: Sequence[RefreshRun]
    older: int | None


def newest_runs(kind: str = "", before: int | None = None, most: int = PAGE) -> RunPage:
    """A page of runs that began before run `before`, of one kind or of all. A run that is kept no more is passed over:
    then there is nothing older either."""
    found = RefreshRun.objects.order_by("-started_at", "-pk")
    found = found.filter(kind=kind) if kind else found
    found = found.filter(_older_than(before)) if before is not None else found
    rows = list(found[: most + 1])
    return RunPage(rows[:most], rows[most - 1].pk if len(rows) > most else None)


def _older_than(number: int) -> Q:
    began = RefreshRun.objects.filter(pk=number).values("started_at")
    return Q(started_at__lt=Subquery(began)) | Q(started_at=Subquery(began), pk__lt=number)
