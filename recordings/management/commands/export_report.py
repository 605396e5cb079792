"""manage.py export_report --recording ID --out FILE: write an evidence bundle."""

import errno
import hashlib
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from recordings.audit import Actor, Kind, Outcome, Target, record_committed
from recordings.days import parse_day
from recordings.exceptions import AuditUnavailable
from recordings.models.fields import uuid7
from recordings.proof.evidence.bundle.build import Built, build_bundle
from recordings.proof.evidence.bundle.claims import Order
from recordings.proof.evidence.bundle.readme import command
from recordings.proof.evidence.bundle.scope import Scope
from recordings.proof.evidence.errors import CannotBuild
from recordings.reach import EVERYTHING
from recordings.reports.bundles import FORMAT, as_detail
from recordings.trail.filters import TrailFilters

BY = Actor.system("export_report")


class Command(BaseCommand):
    help = "Write an evidence bundle about one recording, one object with its recordings, one person, or a period."

    def add_arguments(self, parser: ArgumentParser) -> None:
        about = parser.add_mutually_exclusive_group()
        about.add_argument("--recording", type=UUID, metavar="ID")
        about.add_argument("--object", type=int, metavar="ID", help="an object with its recordings")
        about.add_argument("--person", type=int, metavar="ID", help="a user of the portal, by number")
        parser.add_argument("--from", type=parse_day, metavar="DAY", help="first day, in UTC")
        parser.add_argument("--to", type=parse_day, metavar="DAY", help="last day, in UTC")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the .zip file to create")

    def handle(self, *, out: Path, **options: Any) -> None:
        target = next(
            (f"{kind}:{options[kind]}" for kind in ("recording", "object") if options[kind] is not None), ""
        )
        actor = "" if options["person"] is None else f"user:{options['person']}"
        filters = TrailFilters(target=target, actor=actor, since=options["from"], until=options["to"])
        try:
            scope = Scope.asked(filters, timezone.now(), EVERYTHING)
            built, sha256 = _export(scope, filters, out, self._progress)
        except (CannotBuild, AuditUnavailable) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{out} could not be written: {error.strerror}.") from error
        self.stdout.write(f"{out}: {built.rows:,} events, {built.leaves:,} leaves. {built.verdict}")
        self.stdout.write("\n".join(f"{name}: {text}" for name, text in built.statement))
        self.stdout.write(f"SHA-256 {sha256}\nTo verify it: {command(out.name)}")

    def _progress(self, done: int, expected: int) -> None:
        if expected and sys.stderr.isatty():
            self.stderr.write(f"\r{done:,} of {expected:,} leaves", ending="" if done < expected else "\n")


def _export(scope: Scope, filters: TrailFilters, out: Path, progress: Any) -> tuple[Built, str]:
    """Build the bundle. Its request and its result are committed to the trail before and after."""
    report = uuid7()
    target = Target("report", f"report:{report}")
    with _NewFile(out) as file:
        detail = {"format": FORMAT, "filters": filters.as_logged(), "scope": scope.as_claim()}
        request = record_committed(
            Kind.REPORT_REQUESTED, by=BY, target=target, outcome=Outcome.GRANTED, detail=detail
        )
        order = Order(report, request, scope)
        try:
            built = build_bundle(order, file, out.name, progress, out.parent)
        except CannotBuild as error:
            failed = {"reason": str(error)}
            record_committed(Kind.REPORT_FAILED, by=BY, target=target, outcome=Outcome.ERROR, detail=failed)
            raise
        file.keep()
        facts = {
            "rows": built.rows,
            "size_bytes": file.size_bytes,
            "sha256": file.sha256,
            "file_name": out.name,
        }
        record_committed(Kind.REPORT_BUILT, by=BY, target=target, detail={**facts, **as_detail(built)})
    return built, file.sha256


class _NewFile:
    """A new file, readable only by its owner. It appears when complete, and never replaces another file."""

    def __init__(self, path: Path) -> None:
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        self.size_bytes = 0
        self._path, self._linked = path, False
        self._hash = hashlib.sha256()
        self._file = NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.")  # noqa: SIM115 (closed by __exit__)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self._file.close()
        if kind is not None and self._linked:
            self._path.unlink()

    def write(self, data: bytes, /) -> None:
        """Append data."""
        self._file.write(data)
        self._hash.update(data)
        self.size_bytes += len(data)

    def keep(self) -> None:
        """Sync the data to disk, and give the file its name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        os.link(self._file.name, self._path)
        self._linked = True
