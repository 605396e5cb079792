"""manage.py verify_trail: recompute the sealed log and print the result; exit code 0 or 1."""

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from recordings.audit import Actor, AuditUnavailable
from recordings.proof.verification.findings import plural
from recordings.proof.verification.nightly import store_result
from recordings.proof.verification.portal import CannotVerify, verify_portal

_EVERY_SECONDS = 0.5


class Command(BaseCommand):
    help = (
        "Recompute the sealed log from the database: bodies, entries, tree, checkpoints, heads and manifests. Prints "
        "the first problem. The exit code is 0 when everything is verified, 1 when something is wrong or unreadable."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--every-manifest",
            action="store_true",
            help="recompute every manifest, not only those of the last day",
        )
        parser.add_argument("--only-look", action="store_true", help="store no result and write no event")

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
            self.stdout.write(f"Verified: {summary}.")
        else:
            self.stdout.write(f"VERIFICATION FAILED: {summary}. The first problem:\n  {result.problem}")
        if not only_look:
            try:
                store_result(result, by=Actor.system("verify_trail"))
            except (AuditUnavailable, DatabaseError):
                self.stderr.write("The result could not be stored, because the trail cannot be written.")
        if not result.ok:
            sys.exit(1)

    def _progress(self, done: int, size: int) -> None:
        """Print the progress in one line that is overwritten; only on a terminal."""
        if not self.stderr.isatty() or time.monotonic() - self._last < _EVERY_SECONDS:
            return
        self._last = time.monotonic()
        self.stderr.write(f"\r  {done:,} of {size:,} leaves", ending="")
