"""The pages of the nightly sample and the statements.

They name no agent, so opening them is not an event. Downloading a statement is. A statement is about every channel, so
it cannot be limited to a scope.
"""

import hashlib
import json
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import dateformat, translation
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from recordings.assurance.findings import FINDINGS, Finding
from recordings.assurance.forms import StatementForm
from recordings.assurance.sampling import newest_checks, outcomes_of_last_day
from recordings.assurance.statement_pdf import channel_name, channel_names, statement_pdf
from recordings.assurance.statements import exceptions_csv, state_month
from recordings.assurance.tasks import HOUR
from recordings.assurance.window import next_month
from recordings.audit import Actor, Kind, Target, record_committed
from recordings.days import today
from recordings.http import Request, attachment, page
from recordings.models import CompletenessStatement, Recording
from recordings.permissions import Permission
from recordings.policies import can, check_no_scope, permission_required, reach

STATEMENTS_SHOWN, EXCEPTIONS_SHOWN = 60, 200
TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}


@require_safe
@permission_required(Permission.VIEW_ASSURANCE)
def sample_page(request: Request) -> HttpResponse:
    """List the newest checks of the nightly sample, failures first."""
    may_open = can(request.user, Permission.OPEN_OBJECTS)
    within = reach(request.user, Permission.VIEW_ASSURANCE)
    context = {
        "checks": newest_checks(within),
        "night": outcomes_of_last_day(within),
        "may_open": may_open,
        "size": settings.ASSURANCE_SAMPLE,
        "is_limited": not within.is_everything,
    }
    return page(request, "assurance/sample.html", context)


@require_safe
@permission_required(Permission.VIEW_ASSURANCE)
def statement_list(request: Request) -> HttpResponse:
    """List the versions of all months, newest first, with the form to state a month."""
    check_no_scope(request, Permission.VIEW_ASSURANCE)
    return _statements_page(request, StatementForm())


@require_POST
@permission_required(Permission.EXPORT_REPORTS)
def state_view(request: Request) -> HttpResponse:
    """State a month now, and show the statement."""
    check_no_scope(request, Permission.EXPORT_REPORTS)
    form = StatementForm(request.POST)
    if not form.is_valid():
        return _statements_page(request, form, status=400)
    by = Actor.from_request(request)
    statement = state_month(month=form.cleaned_data["month"], by=by, person=request.user)
    return redirect("assurance:statement", statement.pk)


def _statements_page(request: Request, form: StatementForm, status: int = 200) -> HttpResponse:
    rows = CompletenessStatement.objects.defer("document").select_related("stated_by")
    listed = list(rows.order_by("-month", "-version")[:STATEMENTS_SHOWN])
    context = {
        "form": form,
        "rows": listed,
        "none_yet": "" if listed else _none_yet(),
        "may_state": can(request.user, Permission.EXPORT_REPORTS),
    }
    return page(request, "assurance/statements.html", context, status=status)


def _none_yet() -> str:
    """Say which months could be stated now, and when the first statement is created automatically."""
    this_month = today().replace(day=1)
    words = {
        "month": dateformat.format(this_month, "F Y"),
        "created": f"{dateformat.format(next_month(this_month), 'j F Y')}, {HOUR:%H:%M} UTC",
    }
    known_since = Recording.objects.order_by("shown_at").values_list("shown_at", flat=True).first()
    if known_since is None:
        sentences = gettext(
            "No recording is known yet. The statement for %(month)s is created automatically on %(created)s."
        )
        return sentences % words
    first = known_since.astimezone(UTC).date()
    words |= {"since": dateformat.format(first, "j F Y"), "first_month": dateformat.format(first, "F Y")}
    if first >= this_month:
        sentences = gettext(
            "The first known recording is from %(since)s. The statement for %(month)s is created automatically on "
            "%(created)s."
        )
        return sentences % words
    sentences = gettext(
        "The first known recording is from %(since)s. Every month from %(first_month)s that is over can be stated now. "
        "The statement for %(month)s is created automatically on %(created)s."
    )
    return sentences % words


@require_safe
@permission_required(Permission.VIEW_ASSURANCE)
def statement_page(request: Request, statement_id: UUID) -> HttpResponse:
    """Show a statement: its totals, its exceptions, and how to prove it."""
    check_no_scope(request, Permission.VIEW_ASSURANCE)
    row = get_object_or_404(CompletenessStatement.objects.select_related("stated_by"), pk=statement_id)
    document = json.loads(bytes(row.document))
    names = channel_names(document)
    versions = CompletenessStatement.objects.filter(month=row.month).order_by("version")
    context = {
        "statement": row,
        "document": document,
        "lines": [(names[line["channel"]], line) for line in document["channels"]],
        "usual": [
            (names.get(usual["channel"]) or channel_name(usual["channel"]), usual)
            for usual in document.get("usual", ())
        ],
        "findings": [(finding, document["total"]["findings"][finding.value]) for finding in Finding],
        "exceptions": [
            {
                **exception,
                "began_at": datetime.fromisoformat(exception["at"]),
                "tags": [FINDINGS[code] for code in exception["findings"]],
                "channel_name": names.get(exception["channel"]) or channel_name(exception["channel"]),
            }
            for exception in document["exceptions"][:EXCEPTIONS_SHOWN]
        ],
        "versions": versions.values_list("pk", "version"),
        "newest": versions.values_list("version", flat=True).last() == row.version,
        "may_download": can(request.user, Permission.EXPORT_REPORTS),
        "may_prove": can(request.user, Permission.READ_TRAIL),
        "may_open": can(request.user, Permission.OPEN_OBJECTS),
        "sealed": bool(settings.AUDIT_ORIGIN),
        "languages": settings.LANGUAGES,
    }
    return page(request, "assurance/statement.html", context)


@require_safe
@permission_required(Permission.EXPORT_REPORTS)
def download(request: Request, statement_id: UUID, format: str) -> HttpResponse:
    """Send the statement as JSON or as a readable PDF, or its exceptions as CSV.

    The PDF is in the language of the query string, by default the reader's. The event is committed before the first
    byte is sent. Raises CannotBuild when the PDF cannot be typeset.
    """
    check_no_scope(request, Permission.EXPORT_REPORTS)
    row = get_object_or_404(CompletenessStatement, pk=statement_id)
    if format not in TYPES:
        raise Http404
    with translation.override(_language(request)):
        data = _file(row, format)
    if request.method == "GET":
        detail = {"format": format, "sha256": hashlib.sha256(data).hexdigest()}
        target = Target("statement", f"statement:{row.pk}")
        record_committed(
            Kind.STATEMENT_DOWNLOADED, by=Actor.from_request(request), target=target, detail=detail
        )
    name = f"completeness-{row.month:%Y-%m}-v{row.version}.{format}"
    return attachment(HttpResponse(data, content_type=TYPES[format]), name)


def _language(request: Request) -> str:
    chosen = request.GET.get("language", "")
    return (
        chosen if chosen in dict(settings.LANGUAGES) else translation.get_language() or settings.LANGUAGE_CODE
    )


def _file(row: CompletenessStatement, format: str) -> bytes:
    if format == "pdf":
        return statement_pdf(row)
    document = bytes(row.document)
    return document if format == "json" else exceptions_csv(document)
