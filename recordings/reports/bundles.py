"""Reports that are evidence bundles: building one, and what its page shows."""

import errno
import json
import time
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from django.utils.translation import gettext_noop as _

from recordings.audit import Kind
from recordings.models import AuditEvent, Report
from recordings.proof.evidence.bundle.build import Built, build_bundle
from recordings.proof.evidence.bundle.claims import Order
from recordings.proof.evidence.bundle.readme import command, statement_in
from recordings.proof.evidence.bundle.scope import Scope
from recordings.proof.evidence.bundle.statement import Sentence
from recordings.proof.evidence.errors import CannotBuild, CannotProve
from recordings.proof.evidence.verifier_wording import translated
from recordings.reports import files, leases
from recordings.reports.actions import BUNDLE, finish_report
from recordings.reports.rights import check_right

FORMAT = BUNDLE
# Stored in English, translated when shown.
ASKED_BEFORE = _("This bundle was requested in an older format. Request it again.")
NO_REQUEST = _("The audit trail does not say who requested this report. Request it again.")
LEAF_BYTES = 4000  # in the file and beside it while it is written; generous
RENEW_SECONDS = 0.5


def write(report: Report) -> None:
    """Build the bundle of a claimed report. Raises CannotBuild, LeaseLost, RightWithdrawn, OSError."""
    request = _newest_event(report, Kind.REPORT_REQUESTED)
    if request is None:
        raise CannotProve(NO_REQUEST)
    detail = _detail(request)
    if "scope" not in detail:
        raise CannotBuild(ASKED_BEFORE)
    scope = Scope.from_claim(detail["scope"])
    scope.check_reach(report.reach)
    order = Order(report.pk, request.event_id, scope, report.language)
    name = files.name_of(report)
    with files.Draft(report.pk, report.attempts) as draft:
        built = build_bundle(order, draft, name, _Progress(report), files.folder())
        check_right(report)
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
    """Return what the event `export.built` says of a bundle."""
    return {
        "checkpoint_size": built.size,
        "leaves": built.leaves,
        "viewings": built.viewings,
        "witnesses": list(built.witnesses),
        "verdict": built.verdict,
        "csv_sha256": built.csv_sha256,
    }


@dataclass(frozen=True)
class Proven:
    """What a finished bundle states, in the reader's language, for its page."""

    statement: list[Sentence]
    checkpoint_size: int
    leaves: int
    verdict: str
    csv_sha256: str
    command: str

    @classmethod
    def of(cls, report: Report) -> Self | None:
        """Return None unless the report is a finished bundle of the present format whose file exists."""
        if report.format != FORMAT or not report.file_name:
            return None
        built = _newest_event(report, Kind.REPORT_BUILT)
        detail = _detail(built) if built else {}
        statement = _statement(report)
        if "csv_sha256" not in detail or not statement:
            return None
        return cls(
            [Sentence(*translated(sentence)) for sentence in statement],
            detail["checkpoint_size"],
            detail["leaves"],
            translated(("Signatures", detail["verdict"]))[1],
            detail["csv_sha256"],
            command(report.file_name),
        )


def _statement(report: Report) -> list[Sentence]:
    """Return the sentences in the bundle's file, the only place where names in them are kept."""
    try:
        with zipfile.ZipFile(files.file_of(report)) as bundle:
            return statement_in(bundle.read("README.txt").decode())
    except (OSError, KeyError, zipfile.BadZipFile):
        return []


def in_old_format(reports: Iterable[Report]) -> set[UUID]:
    """Return which of these reports are bundles of an older format: their request names no scope."""
    refs = {f"report:{report.pk}": report.pk for report in reports if report.format == FORMAT}
    requests = AuditEvent.objects.filter(target_ref__in=refs, kind=Kind.REPORT_REQUESTED)
    in_present_format = {event.target_ref for event in requests if "scope" in _detail(event)}
    return {pk for ref, pk in refs.items() if ref not in in_present_format}


def _newest_event(report: Report, kind: Kind) -> AuditEvent | None:
    return AuditEvent.objects.filter(target_ref=f"report:{report.pk}", kind=kind).order_by("-id").first()


def _detail(event: AuditEvent) -> dict[str, Any]:
    detail: dict[str, Any] = json.loads(bytes(event.body)).get("action_detail", {})
    return detail


class _Progress:
    """Saves a bundle's progress in the report's row, and extends the lease."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._renewed = 0.0

    def __call__(self, done: int, expected: int) -> None:
        if self._renewed and time.monotonic() - self._renewed < RENEW_SECONDS:
            return
        if expected and not files.room_for((expected - done) * LEAF_BYTES):
            raise OSError(errno.ENOSPC, "no room for this bundle")
        leases.renew(self._report, rows_done=done, rows_expected=expected or None)
        self._renewed = time.monotonic()
