"""Request a report, follow its progress, download it."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from recordings.audit import Actor
from recordings.http import Request, attachment, page
from recordings.models import Report, ReportKind, ReportState
from recordings.nudge import nudge
from recordings.permissions import Permission
from recordings.policies import check, permission_required, reach
from recordings.reports import files, ranges
from recordings.reports.actions import record_download, request_report
from recordings.reports.bundles import Proven
from recordings.reports.facts import began_later, log_since, period_words
from recordings.reports.forms import NumbersReportForm, ReportForm, prefilled
from recordings.reports.large import LARGE_ROWS, confirmation_for
from recordings.reports.queries import (
    BeyondScope,
    may_have,
    newest_reports,
    row_of,
    typed_words,
    visible_reports,
)
from recordings.reports.rights import reach_of
from recordings.reports.scope_words import scope_words
from recordings.reports.tasks import build_report
from recordings.reviews.numbers.selection import Selection
from recordings.stepup import ConfirmedForm
from recordings.trail.filters import TrailFilters

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/jsonl; charset=utf-8",
    "pdf": "application/pdf",
    "bundle": "application/zip",
}


@require_safe
@permission_required(Permission.EXPORT_REPORTS)
def report_list(request: Request) -> HttpResponse:
    """List the reports a person may see, with a form for a new one, filled with the filters of the query string."""
    return _list(request, prefilled(request.GET, reach(request.user, Permission.EXPORT_REPORTS)))


@require_POST
@permission_required(Permission.EXPORT_REPORTS)
def request_view(request: Request) -> HttpResponse:
    """Request a report, and redirect to its page. A large one asks for a confirmation first."""
    form = ReportForm(request.POST, reach=reach(request.user, Permission.EXPORT_REPORTS))
    if not form.is_valid():
        return _list(request, form, status=400)
    filters = form.filters()
    if confirmation := confirmation_for(request, filters):
        return _confirm(request, confirmation)
    report = request_report(
        filters=filters,
        format=form.cleaned_data["format"],
        requested_by=request.user,
        by=Actor.from_request(request),
        kind=form.cleaned_data["report"],
        words=form.cleaned_data["q"],
        language=form.cleaned_data["language"],
    )
    nudge(build_report, str(report.pk))
    return redirect("reports:report", report.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.EXPORT_REPORTS)
def request_numbers(request: Request) -> HttpResponse:
    """Request a report of evaluations. GET shows the form with the filters of a page of numbers."""
    check(request, Permission.READ_EVALUATIONS)
    within = reach_of(request.user, ReportKind.SCORES)
    if request.method != "POST":
        blank = NumbersReportForm(initial=request.GET.dict(), reach=within)
        return page(request, "reports/numbers.html", {"form": blank})
    form = NumbersReportForm(request.POST, reach=within, not_of=request.user.own_agent_ids)
    if not form.is_valid():
        return page(request, "reports/numbers.html", {"form": form}, status=400)
    selection = form.selection()
    if confirmation := confirmation_for(request, selection):
        return _confirm(request, confirmation)
    report = request_report(
        filters=selection,
        format=form.cleaned_data["format"],
        requested_by=request.user,
        by=Actor.from_request(request),
        kind=form.cleaned_data["report"],
        language=get_language() or "en",
    )
    nudge(build_report, str(report.pk))
    return redirect("reports:report", report.pk)


@require_safe
@permission_required(Permission.EXPORT_REPORTS)
def report_page(request: Request, report_id: UUID) -> HttpResponse:
    """Show a report: its progress, or its file and how to check it."""
    return page(request, "reports/report.html", _context(request, report_id), fragment="status")


@require_safe
@permission_required(Permission.EXPORT_REPORTS)
def progress(request: Request, report_id: UUID) -> HttpResponse:
    """Show the part of the page that changes while the report is built; without htmx, redirect to the page."""
    if not request.htmx:
        return redirect("reports:report", report_id)
    return page(request, "reports/report.html", _context(request, report_id), fragment="status")


@require_POST
@permission_required(Permission.EXPORT_REPORTS)
def again(request: Request, report_id: UUID) -> HttpResponse:
    """Request a finished or failed report again, with the same kind, format and filters, up to the newest event.

    As for a new one, a large report asks for a confirmation first.
    """
    report = get_object_or_404(visible_reports(request.user), pk=report_id)
    if row_of(report).is_open:
        return redirect("reports:report", report.pk)
    filters = _asked(report)
    if confirmation := confirmation_for(request, filters):
        return _confirm(request, confirmation)
    rebuilt = request_report(
        filters=filters,
        format=report.format,
        requested_by=request.user,
        by=Actor.from_request(request),
        kind=report.kind,
        words=typed_words(report),
        language=report.language,
    )
    nudge(build_report, str(rebuilt.pk))
    return redirect("reports:report", rebuilt.pk)


@require_safe
@permission_required(Permission.EXPORT_REPORTS)
def download(request: Request, report_id: UUID) -> HttpResponseBase:
    """Send the file, or the rest of an interrupted download. It is recorded before the first byte is sent."""
    report = _finished(request, report_id)
    size = files.checked_size(report)
    # Send a part only of the file whose beginning the browser has.
    known = request.headers.get("If-Range")
    is_same_file = not known or known == f'"{report.sha256}"'
    try:
        part = ranges.part_of(request.headers.get("Range", ""), size) if is_same_file else None
    except ranges.NotSatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    first, last = part or (0, size - 1)
    if request.method == "GET":
        record_download(report=report, first_byte=first, by=Actor.from_request(request))
    content = files.read_range(files.file_of(report), first, last - first + 1)
    response = StreamingHttpResponse(content, status=206 if part else 200, content_type=TYPES[report.format])
    response.headers["Content-Length"] = str(last - first + 1)
    if part:
        response.headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return _as_file(response, report, report.file_name)


@require_safe
@permission_required(Permission.EXPORT_REPORTS)
def checksum(request: Request, report_id: UUID) -> HttpResponse:
    """Send the file's SHA-256 in the format of `sha256sum --check`."""
    report = _finished(request, report_id)
    response = HttpResponse(
        f"{report.sha256}  {report.file_name}\n", content_type="text/plain; charset=utf-8"
    )
    _as_file(response, report, f"{report.file_name}.sha256")
    return response


def _confirm(request: Request, form: ConfirmedForm) -> HttpResponse:
    """Ask for a confirmation on a page that sends the same request again with it."""
    sent = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in ("csrfmiddlewaretoken", "password")
        for value in values
    ]
    context = {"form": form, "sent": sent, "most": f"{LARGE_ROWS:,}"}
    return page(request, "reports/confirm.html", context, status=422 if form.errors else 200)


def _asked(report: Report) -> TrailFilters | Selection:
    """Return what a report was requested for."""
    if ReportKind(report.kind).is_of_trail:
        return TrailFilters.from_detail(report.filters)
    return Selection.from_detail(report.filters)


def _list(request: Request, form: ReportForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "rows": newest_reports(request.user)}
    return page(request, "reports/list.html", context, status=status)


def _context(request: Request, report_id: UUID) -> dict[str, Any]:
    report = get_object_or_404(visible_reports(request.user), pk=report_id)
    filters, is_theirs = TrailFilters.from_detail(report.filters), may_have(request.user, report)
    is_of_trail = ReportKind(report.kind).is_of_trail
    return {
        "row": row_of(report),
        "report": report,
        "proven": Proven.of(report) if is_theirs else None,
        "scope": "" if report.reach.is_everything else scope_words(report.reach),
        "beyond": "" if is_theirs else BeyondScope.sentence,
        "period": period_words(filters),
        "kept_days": files.KEPT.days,
        "is_of_trail": is_of_trail,
        "began_later": began_later(filters, log_since()) if is_of_trail else "",
    }


def _finished(request: Request, report_id: UUID) -> Report:
    """Return a finished report that this person may have. Raises Http404, and BeyondScope for a report of their own."""
    report = get_object_or_404(visible_reports(request.user), pk=report_id)
    if report.state != ReportState.READY:
        raise Http404
    if not may_have(request.user, report):
        raise BeyondScope
    return report


def _as_file(response: HttpResponseBase, report: Report, name: str) -> HttpResponseBase:
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = f'"{report.sha256}"'
    return attachment(response, name)
