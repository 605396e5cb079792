"""The runs of the refresh as pages show them: newest first, each with its counts and how it ended."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.db.models import Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext, pgettext

from recordings.models import RefreshRun
from recordings.paging import PAGE, Page, Start
from recordings.refresh import runs
from recordings.refresh.source_health import LEFT_BEHIND, is_slow
from recordings.wording import interval, stored

KINDS = {
    runs.SWEEP: gettext_lazy("Sweeps"),
    runs.LIST: gettext_lazy("Listings"),
    runs.DISCOVER: gettext_lazy("Discoveries"),
}
ONE_RUN = {
    runs.SWEEP: gettext_lazy("Sweep"),
    runs.LIST: gettext_lazy("Listing"),
    runs.DISCOVER: gettext_lazy("Discovery"),
}
COUNTED: dict[str, Callable[[int], str]] = {
    "channels": lambda number: ngettext("%(number)s channel", "%(number)s channels", number),
    "objects": lambda number: ngettext("%(number)s object", "%(number)s objects", number),
    "refreshed": lambda number: ngettext("%(number)s refreshed", "%(number)s refreshed", number),
    "failed": lambda number: ngettext("%(number)s failed", "%(number)s failed", number),
    "problems": lambda number: ngettext("%(number)s problem", "%(number)s problems", number),
    "events": lambda number: ngettext("%(number)s event", "%(number)s events", number),
}


@dataclass(frozen=True)
class RunLine:
    """A run as a row of the table: how it ended (`word` with its `level`), and why."""

    run: RefreshRun
    word: str
    level: str
    why: str = ""

    @property
    def kind(self) -> str:
        return str(ONE_RUN.get(self.run.kind, self.run.kind))

    @property
    def counted(self) -> str:
        """What it did: "2 channels · 1,200 objects"."""
        counts = self.run.counts
        phrases = [
            words(counts[name]) % {"number": f"{counts[name]:,}"}
            for name, words in COUNTED.items()
            if counts.get(name)
        ]
        return " · ".join(phrases) or "–"


def run_page(kind: str = "", before: int | None = None) -> Page[RunLine, int]:
    """Return a page of runs that began before run `before`, of one kind or of all.

    Empty when the row of run `before` has been deleted: everything older has been deleted too.
    """
    found = newest_runs().filter(kind=kind) if kind else newest_runs()
    found = found.filter(_older_than(before)) if before is not None else found
    page = Page.cut(list(found[: PAGE + 1]), Start(before), attrgetter("pk"))
    return page.showing(run_lines(page.rows))


def newest_runs() -> QuerySet[RefreshRun]:
    """Return all runs, newest first."""
    return RefreshRun.objects.order_by("-started_at", "-pk")


def run_lines(found: list[RefreshRun]) -> list[RunLine]:
    """Describe how each run ended."""
    now = timezone.now()
    return [_line(run, now) for run in found]


def _line(run: RefreshRun, now: datetime) -> RunLine:
    limit = {"interval": interval(runs.EVERY[run.kind]) if run.kind in runs.EVERY else ""}
    if run.finished_at is None:
        if now - run.started_at > LEFT_BEHIND:
            return RunLine(
                run, gettext("Interrupted"), "warn", gettext("Its worker stopped before it finished.")
            )
        if is_slow(run, now):
            why = gettext("It should finish within %(interval)s.") % limit
            return RunLine(run, gettext("Still running"), "warn", why)
        return RunLine(run, gettext("Running"), "info")
    if run.outcome == "partial":
        return RunLine(run, pgettext("run", "Partly done"), "warn", stored(run.trouble))
    if run.outcome != "done":
        return RunLine(run, pgettext("run", "Failed"), "warn", stored(run.trouble))
    if is_slow(run, now):
        why = gettext("It finished, but took longer than %(interval)s.") % limit
        return RunLine(run, pgettext("run", "Slow"), "warn", why)
    return RunLine(run, pgettext("run", "Done"), "ok")


def _older_than(number: int) -> Q:
    began = RefreshRun.objects.filter(pk=number).values("started_at")
    return Q(started_at__lt=Subquery(began)) | Q(started_at=Subquery(began), pk__lt=number)
