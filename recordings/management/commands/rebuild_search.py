"""`manage.py rebuild_search`: make what search reads again from the facts. Safe to run and to stop at any time."""

from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from recordings.catalog.rebuild import Progress, interrupted_rebuild, rebuild_all
from recordings.models import CommBoxObject
from recordings.trail.phrases import count

SECONDS_BETWEEN_LINES = 5


class Command(BaseCommand):
    help = "Rebuild the search rows of every object. A rebuild that was stopped is resumed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--restart", action="store_true", help="begin at the first object again")

    def handle(self, *args: Any, restart: bool, **options: Any) -> None:
        before = Progress() if restart else interrupted_rebuild()
        if before.done:
            self.stdout.write(
                f"Resuming behind object {before.last}: {count(before.done, 'object')} done before."
            )
        total = CommBoxObject.objects.count()
        started = said = monotonic()
        progress = before
        for progress in rebuild_all(before):
            if monotonic() - said >= SECONDS_BETWEEN_LINES:
                said = monotonic()
                self._say(progress, total, seconds_each=(said - started) / (progress.done - before.done))
        self.stdout.write(f"Search rows of {count(progress.done, 'object')} are up to date.")

    def _say(self, progress: Progress, total: int, seconds_each: float) -> None:
        minutes = round(max(total - progress.done, 0) * seconds_each / 60)
        left = f"about {count(minutes, 'minute')} left" if minutes else "less than a minute left"
        share = min(progress.done / max(total, 1), 1)
        self.stdout.write(f"{progress.done:,} of {count(total, 'object')} ({share:.0%}), {left}")
        self.stdout.flush()
