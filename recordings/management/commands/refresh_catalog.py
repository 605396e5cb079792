"""manage.py refresh_catalog: fill or update the whole cache, with progress."""

import math
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from recordings import breaker
from recordings.commbox import CommBoxError
from recordings.models import Stream
from recordings.refresh import streams
from recordings.refresh.listing import FIRST_FILL_DAYS, first_day, list_stream
from recordings.refresh.sweep import due

EVERY_SECONDS = 1.0


class Command(BaseCommand):
    help = "Discover the channels, list their objects and refresh every object that is due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days", type=int, default=FIRST_FILL_DAYS, help="how many days back objects are listed"
        )
        parser.add_argument(
            "--at-once",
            type=int,
            choices=range(1, 41),
            metavar="1–40",
            default=settings.COMMBOX_REQUESTS_AT_ONCE,
            help="simultaneous calls (within the account's call budget)",
        )

    def handle(self, *, days: int, at_once: int, **_: Any) -> None:
        if not 1 <= days <= 3650:
            raise CommandError("--days must be from 1 to 3650.")
        self.last = 0.0
        try:
            self._objects(days)
            self._recordings(at_once)
        except CommBoxError as error:
            raise CommandError(f"{error.sentence} What is already stored is unchanged.") from None

    def _objects(self, days: int) -> None:
        since = first_day(days)
        for stream_id in streams.discover():
            stream = Stream.objects.get(pk=stream_id)
            self.seen: set[int] = set()
            changed = list_stream(stream, since=since, progress=self._listed)
            self.stdout.write(f"{stream}: {len(self.seen)} objects, {changed} new or changed")

    def _listed(self, object_ids: list[int]) -> None:
        self.seen.update(object_ids)
        self._progress(f"  {len(self.seen)} objects")

    def _recordings(self, at_once: int) -> None:
        """Refresh objects until none is due, or until the source fails."""
        self.done = self.failed = 0
        for result in due(until=math.inf, at_once=at_once):
            self.done += 1
            self.failed += not result.ok
            self._progress(f"  {self.done} objects refreshed")
        self.stdout.write(f"{self.done} objects refreshed" + f", {self.failed} failed" * bool(self.failed))
        if breaker.is_failing():
            raise CommandError("CommBox stopped answering. The worker will continue from here.")

    def _progress(self, line: str) -> None:
        if time.monotonic() - self.last >= EVERY_SECONDS:
            self.last = time.monotonic()
            self.stdout.write(line)
