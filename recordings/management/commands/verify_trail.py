"""`manage.py verify_trail`: recompute everything in the sealed log, say what holds; exit code 0 or 1."""

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from recordings.audit import Actor, AuditUnavailable
from recordings.proof.verification.findings import plural
from recordings.proof.verification.nightly import keep
from recordings.proof.verification.portal import CannotVerify, verify_portal

_EVERY_SECONDS = 0.5


class Command(BaseCommand):
    help = (
        "Recompute the sealed log from the database: bodies, entries, tree, checkpoints, heads, manifests. Names the "
        "first bad event. Exit code 0 when everything holds, 1 when something does not or cannot be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--every-manifest",
            action="store_true",
            help="count every manifest again, not only the last day's",
        )
        parser.add_argument(
            "--only-look", action="store_true", help="keep no result and write no event of it"
        )

    def handle(self, *, every_manifest: bool, only_look: bool, **_: Any) -> None:
        self._last = 0.0
        try:
            result = verify_portal(self._progress, every_manifest=every_manifest)
        except CannotVerify as error:
            raise CommandError(error.sentence) from None
        if self.stderr.isatty():
            self.stderr.write("\r\033[K", ending="")
        for check in result.checks:
            self.stdout.write(str(check))
        summary = f"{plural(result.events, 'event')}, {plural(result.leaves, 'leaf', 'leaves')}, {result.seconds:.1f} s"
        if result.ok:
            self.stdout.write(f"Everything holds: {summary}.")
        else:
            self.stdout.write(f"BROKEN: {summary}. The first problem:\n  {result.problem}")
        if not only_look:
            try:
                keep(result, by=Actor.system("verify_trail"))
            except (AuditUnavailable, DatabaseError):
                self.stderr.write("The result could not be kept: the trail cannot be written.")
        if not result.ok:
            sys.exit(1)

    def _progress(self, done: int, size: int) -> None:
        """A line that is written over, only for somebody who watches."""
        if not self.stderr.isatty() or time.monotonic() - self._last < _EVERY_SECONDS:
            return
        self._last = time.monotonic()
        self.stderr.write(f"\r  {done:,} of {size:,} leaves", ending="")
