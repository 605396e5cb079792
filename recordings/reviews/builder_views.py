"""The builder's page and its two requests: a button was pressed, something was typed."""

import json
from collections.abc import Mapping
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods, require_POST

from recordings.http import Request, page
from recordings.models import ScorecardState, ScorecardVersion
from recordings.permissions import Permission
from recordings.policies import permission_required
from recordings.reviews import queries
from recordings.reviews.builder import BuilderPage, Checked, DraftChanged, save_draft
from recordings.reviews.edited import Document, changed, document_from
from recordings.reviews.shown import KINDS, MODES
from recordings.scorecards.strict_json import BadFile

PAGE = "reviews/builder.html"


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_SCORECARDS)
def builder(request: Request, pk: UUID) -> HttpResponse:
    """Show a draft's builder; POST applies a button, saves and shows the form again."""
    version = queries.version_of(pk)
    if version.state != ScorecardState.DRAFT:
        return redirect("reviews:scorecard", pk)
    if request.method != "POST":
        document = json.loads(bytes(version.document))
        return _answer(request, version, document, "", version.hash)
    document = changed(_typed(request), request.POST.get("do", ""))
    return _saved(request, version, document)


@require_POST
@permission_required(Permission.MANAGE_SCORECARDS)
def check(request: Request, pk: UUID) -> HttpResponse:
    """Save what was typed, and show faults and preview beside it. What is typed is not touched."""
    return _saved(request, queries.version_of(pk), _typed(request), fragment="live")


def _saved(
    request: Request, version: ScorecardVersion, document: Document, fragment: str = "builder"
) -> HttpResponse:
    base, notice = request.POST.get("base", ""), ""
    if "overwrite" in request.POST:
        base = version.hash
    try:
        base = save_draft(version=version, document=document, base=base, person=request.user).hash
    except BadFile:
        notice = gettext("Not saved: the form cannot be read yet.")
    except DraftChanged as conflict:
        notice = gettext(
            "Not saved: %(name)s has changed this draft meanwhile. Load the page to see it, or save yours over it."
        ) % {"name": conflict.by}
        return _answer(request, version, document, notice, base, fragment, is_conflict=True)
    return _answer(request, version, document, notice, base, fragment)


def _typed(request: Request) -> Document:
    fields = {name: request.POST[name] for name in request.POST if not name.startswith(("answer.", "na."))}
    return document_from(fields, dict(request.POST.lists()))


def _answer(
    request: Request,
    version: ScorecardVersion,
    document: Document,
    notice: str,
    base: str,
    fragment: str = "builder",
    *,
    is_conflict: bool = False,
) -> HttpResponse:
    language = get_language() or "en"
    answers: Mapping[str, list[str]] = dict(request.POST.lists())
    context = {
        "version": version,
        "document": document,
        "form": BuilderPage.of(document, language),
        "checked": Checked.of(document, answers, language),
        "notice": notice,
        "is_conflict": is_conflict,
        "base": base,
        # Without a preview they stay on the page, for when the faults are gone.
        "answers": [
            (name, value)
            for name, values in answers.items()
            if name.startswith(("answer.", "na."))
            for value in values
        ],
        "kinds": KINDS.items(),
        "modes": MODES.items(),
    }
    return page(request, PAGE, context, fragment=fragment)
