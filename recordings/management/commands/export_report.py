"""manage.py export_report --recording ID --out FILE: an evidence bundle for whoever runs the portal."""

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
from recordings.reports.bundles import FORMAT, as_detail
from recordings.trail.filters import TrailFilters

BY = Actor.system("export_report")


class Command(BaseCommand):
    help = "Write an evidence bundle: about one recording, one object with its recordings, one person, or a period."

    def add_arguments(self, parser: ArgumentParser) -> None:
        about = parser.add_mutually_exclusive_group()
        about.add_argument("--recording", type=UUID, metavar="ID")
        about.add_argument("--object", type=int, metavar="ID", help="an object with its recordings")
        about.add_argument("--person", type=int, metavar="ID", help="number of a user of the portal")
        parser.add_argument("--from", type=parse_day, metavar="DAY", help="first day, in UTC")
        parser.add_argument("--to", type=parse_day, metavar="DAY", help="last day, in UTC")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a new file, .zip")

    def handle(self, *, out: Path, **given: Any) -> None:
        about = [f"{kind}:{given[kind]}" for kind in ("recording", "object") if given[kind] is not None]
        actor = "" if given["person"] is None else f"user:{given['person']}"
        filters = TrailFilters(
            target=about[0] if about else "", actor=actor, since=given["from"], until=given["to"]
        )
        try:
            scope = Scope.asked(filters, timezone.now())
            built, sha256 = _export(scope, filters, out, self._progress)
        except (CannotBuild, AuditUnavailable) as error:
            raise CommandError(error.sentence) from error
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{out}: {built.rows:,} events, {built.leaves:,} leaves. {built.verdict}")
        self.stdout.write("\n".join(f"{name}: {text}" for name, text in built.statement))
        self.stdout.write(f"SHA-256 {sha256}\nTo check it: {command(out.name)}")

    def _progress(self, done: int, expected: int) -> None:
        if expected and sys.stderr.isatty():
            self.stderr.write(f"\r{done:,} of {expected:,} leaves", ending="" if done < expected else "\n")


def _export(scope: Scope, filters: TrailFilters, out: Path, progress: Any) -> tuple[Built, str]:
    """Commit the request to the trail, build the bundle, commit to the trail that it was built."""
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
            failed = {"reason": error.sentence}
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
    """A file that is there whole or not at all, for its owner's eyes, and never in the place of another."""

    def __init__(self, path: Path) -> None:
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        self.size_bytes = 0
        self._path, self._kept = path, False
        self._hash = hashlib.sha256()
        self._file = NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.")  # noqa: SIM115 (closed by __exit__)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self._file.close()
        if kind is not None and self._kept:
            self._path.unlink()

    def write(self, data: bytes, /) -> None:
        """Append."""
        self._file.write(data)
        self._hash.update(data)
        self.size_bytes += len(data)

    def keep(self) -> None:
        """Give it its name, once its bytes are on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        os.link(self._file.name, self._path)
        self._kept = True
