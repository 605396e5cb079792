"""The runs of the refresh as pages show them: the newest first, each with what it counted and how far it came."""

from operator import attrgetter

from django.db.models import Q, QuerySet, Subquery

from recordings.models import RefreshRun
from recordings.paging import PAGE, Page, Start
from recordings.refresh import runs

KINDS = {runs.SWEEP: "Sweeps", runs.LIST: "Listings", runs.DISCOVER: "Discoveries"}


def run_page(kind: str = "", before: int | None = None) -> Page[RefreshRun, int]:
    """A page of runs that began before run `before`, of one kind or of all. A run that is kept no more is passed over:
    then there is nothing older either."""
    found = newest_runs().filter(kind=kind) if kind else newest_runs()
    found = found.filter(_older_than(before)) if before is not None else found
    return Page.cut(list(found[: PAGE + 1]), Start(before), attrgetter("pk"))


def newest_runs() -> QuerySet[RefreshRun]:
    """All runs, the newest first."""
    return RefreshRun.objects.order_by("-started_at", "-pk")


def _older_than(number: int) -> Q:
    began = RefreshRun.objects.filter(pk=number).values("started_at")
    return Q(started_at__lt=Subquery(began)) | Q(started_at=Subquery(began), pk__lt=number)
