"""The runs of the refresh as pages show them: the newest first, each with what it counted and how it ended."""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.db.models import Q, QuerySet, Subquery
from django.utils import timezone

from recordings.models import RefreshRun
from recordings.paging import PAGE, Page, Start
from recordings.refresh import runs
from recordings.refresh.source_health import LEFT_BEHIND, is_slow
from recordings.wording import interval

KINDS = {runs.SWEEP: "Sweeps", runs.LIST: "Listings", runs.DISCOVER: "Discoveries"}
_ONE = {"channels": "channel", "objects": "object", "problems": "problem", "events": "event"}


@dataclass(frozen=True)
class RunLine:
    """A run, how it ended in a word with its level, and why."""

    run: RefreshRun
    word: str
    level: str
    why: str = ""

    @property
    def counted(self) -> str:
        """What it did, in words."""
        counts = ((name, count) for name, count in self.run.counts.items() if count)
        return (
            ", ".join(f"{count:,} {_ONE.get(name, name) if count == 1 else name}" for name, count in counts)
            or "–"
        )


def run_page(kind: str = "", before: int | None = None) -> Page[RunLine, int]:
    """A page of runs that began before run `before`, of one kind or of all. A run that is kept no more is passed over:
    then there is nothing older either."""
    found = newest_runs().filter(kind=kind) if kind else newest_runs()
    found = found.filter(_older_than(before)) if before is not None else found
    page = Page.cut(list(found[: PAGE + 1]), Start(before), attrgetter("pk"))
    return page.showing(run_lines(page.rows))


def newest_runs() -> QuerySet[RefreshRun]:
    """All runs, the newest first."""
    return RefreshRun.objects.order_by("-started_at", "-pk")


def run_lines(found: list[RefreshRun]) -> list[RunLine]:
    """Say of each run how it ended."""
    now = timezone.now()
    return [_line(run, now) for run in found]


def _line(run: RefreshRun, now: datetime) -> RunLine:
    turn = interval(runs.EVERY[run.kind]) if run.kind in runs.EVERY else ""
    if run.finished_at is None:
        if now - run.started_at > LEFT_BEHIND:
            return RunLine(run, "Not ended", "warn", "Its worker ended before it did.")
        if is_slow(run, now):
            return RunLine(run, "Still running", "warn", f"It has {turn}.")
        return RunLine(run, "Running", "info")
    if run.outcome != "done":
        return RunLine(run, run.outcome.capitalize(), "warn", run.trouble)
    if is_slow(run, now):
        return RunLine(run, "Slow", "warn", f"It did its work, and took longer than the {turn} it has.")
    return RunLine(run, "Done", "ok")


def _older_than(number: int) -> Q:
    began = RefreshRun.objects.filter(pk=number).values("started_at")
    return Q(started_at__lt=Subquery(began)) | Q(started_at=Subquery(began), pk__lt=number)
