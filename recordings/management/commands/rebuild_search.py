"""manage.py rebuild_search: rebuild the search rows from the stored objects. Can be stopped and repeated."""

from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from recordings.catalog.rebuild import Progress, interrupted_rebuild, rebuild_all
from recordings.models import CommBoxObject
from recordings.trail.phrases import count

SECONDS_BETWEEN_LINES = 5


class Command(BaseCommand):
    help = "Rebuild the search rows of every object. An interrupted rebuild is resumed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--restart", action="store_true", help="start again at the first object")

    def handle(self, *args: Any, restart: bool, **options: Any) -> None:
        resumed = Progress() if restart else interrupted_rebuild()
        if resumed.done:
            self.stdout.write(
                f"Resuming after object {resumed.last}: {count(resumed.done, 'object')} already done."
            )
        total = CommBoxObject.objects.count()
        started = printed_at = monotonic()
        progress = resumed
        for progress in rebuild_all(resumed):
            if monotonic() - printed_at >= SECONDS_BETWEEN_LINES:
                printed_at = monotonic()
                seconds_each = (printed_at - started) / (progress.done - resumed.done)
                self._print_progress(progress, total, seconds_each)
        self.stdout.write(f"Search rows of {count(progress.done, 'object')} are up to date.")

    def _print_progress(self, progress: Progress, total: int, seconds_each: float) -> None:
        minutes = round(max(total - progress.done, 0) * seconds_each / 60)
        remaining = f"about {count(minutes, 'minute')} left" if minutes else "less than a minute left"
        share = min(progress.done / max(total, 1), 1)
        self.stdout.write(f"{progress.done:,} of {count(total, 'object')} ({share:.0%}), {remaining}")
        self.stdout.flush()
