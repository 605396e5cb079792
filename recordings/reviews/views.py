"""The pages of scorecards. They name no person and no recording, so opening them is not an event."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from recordings.audit import Actor
from recordings.http import Request, attachment, page
from recordings.models import ScorecardState, ScorecardVersion
from recordings.permissions import Permission
from recordings.policies import any_person, can, permission_required, refuse
from recordings.reviews import queries, scorecards
from recordings.reviews.errors import FaultyForm
from recordings.reviews.forms import AmazonForm, NewScorecardForm
from recordings.reviews.shown import MODES, findings_of, number_of, sections_of
from recordings.reviews.tabs import TABS
from recordings.scorecards.amazon.convert import Converted
from recordings.scorecards.form import read_form
from recordings.scorecards.lint import lint
from recordings.scorecards.texts import localized


@require_safe
@any_person
def home(request: Request) -> HttpResponse:
    """Redirect to the first page of reviews that the person may open."""
    for _code, _label, name, permissions in TABS:
        if any(can(request.user, permission) for permission in permissions):
            return redirect(name)
    refuse(request, Permission.EVALUATE)


@require_safe
@permission_required(Permission.MANAGE_SCORECARDS)
def scorecard_list(request: Request) -> HttpResponse:
    """List all scorecards."""
    language = _language()
    rows = [{"row": row, "title": localized(row.shown.title, language)} for row in queries.scorecard_rows()]
    return page(request, "reviews/scorecards.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_SCORECARDS)
def new_scorecard(request: Request) -> HttpResponse:
    """Create a scorecard from nothing, a starter or a file. A form of Amazon Connect gets a preview first."""
    if "source" in request.POST:
        return _created_from_amazon(request)
    form = NewScorecardForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or not form.is_valid():
        return page(request, "reviews/new.html", {"form": form}, status=422 if form.errors else 200)
    if "converted" in form.cleaned_data:
        return _amazon_preview(request, form.cleaned_data["converted"], form.cleaned_data["source"])
    version = scorecards.create_scorecard(
        document=form.cleaned_data["document"],
        imported=form.cleaned_data["start"] == "file",
        person=request.user,
        by=Actor.from_request(request),
    )
    return redirect("reviews:builder", version.pk)


@require_safe
@permission_required(Permission.MANAGE_SCORECARDS)
def scorecard(request: Request, pk: UUID) -> HttpResponse:
    """Show a version: its questions, what is wrong with it, and the other versions."""
    return _version_page(request, queries.version_of(pk))


@require_POST
@permission_required(Permission.MANAGE_SCORECARDS)
def activate(request: Request, pk: UUID) -> HttpResponse:
    """Activate a draft. Its faults are shown on its page with status 422."""
    version = queries.version_of(pk)
    try:
        scorecards.activate_version(version=version, person=request.user, by=Actor.from_request(request))
    except FaultyForm as refusal:
        messages.error(request, str(refusal.sentence))
        return _version_page(request, version, status=refusal.status)
    messages.success(request, gettext("Version %(number)s is active.") % {"number": version.number})
    return redirect("reviews:scorecard", pk)


@require_POST
@permission_required(Permission.MANAGE_SCORECARDS)
def retire(request: Request, pk: UUID) -> HttpResponse:
    """Retire an active version."""
    version = queries.version_of(pk)
    scorecards.retire_version(version=version, person=request.user, by=Actor.from_request(request))
    messages.success(request, gettext("Version %(number)s is retired.") % {"number": version.number})
    return redirect("reviews:scorecard", pk)


@require_POST
@permission_required(Permission.MANAGE_SCORECARDS)
def edit(request: Request, pk: UUID) -> HttpResponse:
    """Open the draft of a version's scorecard, and create it when there is none."""
    version = queries.version_of(pk)
    draft = scorecards.draft_of(version=version, person=request.user, by=Actor.from_request(request))
    return redirect("reviews:builder", draft.pk)


@require_safe
@permission_required(Permission.MANAGE_SCORECARDS)
def form_file(request: Request, pk: UUID) -> HttpResponse:
    """Download a version's form: the bytes whose SHA-256 is its hash."""
    version = queries.version_of(pk)
    response = HttpResponse(bytes(version.document), content_type="application/json")
    return attachment(response, f"scorecard-{version.pk}-v{version.number}.json")


def _amazon_preview(request: Request, converted: Converted, source: str) -> HttpResponse:
    """Show the converted form and what could not be carried over, before anything is created."""
    form, language = read_form(converted.data), _language()
    findings = findings_of(form, lint(form), language)
    context = {
        "title": localized(form.title, language),
        "mode": MODES[form.mode],
        "sections": sections_of(form, language),
        "notes": converted.notes,
        "faults": [finding for finding in findings if not finding.warning],
        "source": AmazonForm(initial={"source": source})["source"],
    }
    return page(request, "reviews/amazon.html", context)


def _created_from_amazon(request: Request) -> HttpResponse:
    form = AmazonForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["source"])))
        return page(request, "reviews/new.html", {"form": NewScorecardForm()}, status=422)
    version = scorecards.import_from_amazon(
        converted=form.cleaned_data["source"], person=request.user, by=Actor.from_request(request)
    )
    return redirect("reviews:builder", version.pk)


def _version_page(request: Request, version: ScorecardVersion, status: int = 200) -> HttpResponse:
    form, language = read_form(bytes(version.document)), _language()
    findings = findings_of(form, lint(form), language)
    context = {
        "version": version,
        "title": localized(version.title, language),
        "mode": MODES[form.mode],
        "bonus_cap": "" if form.bonus_cap is None else number_of(form.bonus_cap),
        "sections": sections_of(form, language),
        "faults": [finding for finding in findings if not finding.warning],
        "warnings": [finding for finding in findings if finding.warning],
        "versions": queries.versions_of(version.scorecard_id),
        "is_draft": version.state == ScorecardState.DRAFT,
        "is_active": version.state == ScorecardState.ACTIVE,
    }
    return page(request, "reviews/scorecard.html", context, status=status)


def _language() -> str:
    return get_language() or "en"
