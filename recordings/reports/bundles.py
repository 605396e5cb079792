"""Reports that are evidence bundles: built in the place of the table's file, and what they say of themselves."""

import errno
import json
import time
from dataclasses import dataclass
from typing import Any, Self

from recordings.audit import Kind
from recordings.audit.filters import TrailFilters
from recordings.evidence.bundle import Built, build_bundle
from recordings.evidence.claims import Order
from recordings.evidence.errors import CannotProve
from recordings.evidence.scope import Scope
from recordings.evidence.words import command
from recordings.models import AuditEvent, Report
from recordings.reports import claims, files
from recordings.reports.actions import finish_report

FORMAT = "bundle"
LEAF_BYTES = 6000  # in the file and beside it, while it is written; on the safe side
RENEW_SECONDS = 0.5


def write(report: Report) -> None:
    """Build the bundle of a report that was claimed. Raises CannotBuild with a sentence, LeaseLost, OSError."""
    name, order = files.name_of(report), _order(report)
    with files.Draft(report.pk, report.attempts) as draft:
        built = build_bundle(order, draft, name, _Progress(report), files.folder())
        sha256 = draft.finish(files.file_of(report))
    finish_report(
        report=report,
        file_name=name,
        size_bytes=draft.size_bytes,
        rows=built.rows,
        sha256=sha256,
        proven=as_detail(built),
    )


def as_detail(built: Built) -> dict[str, Any]:
    """What `export.built` says of a bundle beside its file."""
    return {
        "checkpoint_size": built.size,
        "manifest": built.manifest,
        "leaves": built.leaves,
        "viewings": built.viewings,
        "witnesses": list(built.witnesses),
        "verdict": built.verdict,
        "bundle_sha256": built.bundle_sha256,
    }


@dataclass(frozen=True)
class Proven:
    """What a finished bundle said of itself when it was built, for the report's page."""

    scope: str
    checkpoint_size: int
    leaves: int
    viewings: int
    witnesses: tuple[str, ...]
    verdict: str
    bundle_sha256: str
    command: str

    @classmethod
    def of(cls, report: Report) -> Self | None:
        """None for a report that is no finished bundle."""
        said = _said(report, Kind.REPORT_BUILT) if report.format == FORMAT else None
        detail = json.loads(bytes(said.body))["action_detail"] if said else None
        if detail is None:
            return None
        scope = Scope.of(TrailFilters.from_detail(report.filters))
        return cls(
            scope.in_words(),
            detail["checkpoint_size"],
            detail["leaves"],
            detail["viewings"],
            tuple(detail["witnesses"]),
            detail["verdict"],
            detail["bundle_sha256"],
            command(report.file_name),
        )


def _order(report: Report) -> Order:
    request = _said(report, Kind.REPORT_REQUESTED)
    if request is None:
        raise CannotProve("The trail does not say who asked for this report. Request it again.")
    person = report.requested_by
    scope = Scope.of(TrailFilters.from_detail(report.filters))
    name = person.full_name or person.username
    return Order(report.pk, request.event_id, scope, name, f"user:{person.pk}")


def _said(report: Report, kind: Kind) -> AuditEvent | None:
    return AuditEvent.objects.filter(target_ref=f"report:{report.pk}", kind=kind).order_by("-id").first()


class _Progress:
    """Tells the report's row how far the bundle is, and keeps the lease."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._renewed = 0.0

    def __call__(self, done: int, expected: int) -> None:
        if self._renewed and time.monotonic() - self._renewed < RENEW_SECONDS:
            return
        if expected and not files.room_for((expected - done) * LEAF_BYTES):
            raise OSError(errno.ENOSPC, "no room for this bundle")
        claims.renew(self._report, rows_done=done, rows_expected=expected or None)
        self._renewed = time.monotonic()
