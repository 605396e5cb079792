"""Choose a person's language and time zone for each request.

Language: the person's own choice, else the browser's. Time zone: the person's own choice, else the one their browser
named when they signed in, else UTC. Times are stored in UTC; only pages show them in another zone.
"""

from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone, translation
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog

from auditportal.accounts.zones import ZONE, zone_named
from recordings.policies import open_view

Handler = Callable[[HttpRequest], HttpResponseBase]
LANGUAGES = frozenset(code for code, _ in settings.LANGUAGES)


def localized(get_response: Handler) -> Handler:
    """Activate the language and the time zone of whoever asks, for this request only."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with translation.override(language_of(request)), timezone.override(zone_of(request)):
            return get_response(request)

    return middleware


def language_of(request: Any) -> str:
    """Return the code of a language that the portal has."""
    chosen = request.user.language if request.user.is_authenticated else ""
    return chosen if chosen in LANGUAGES else translation.get_language_from_request(request)


def zone_of(request: Any) -> tzinfo:
    """Return the time zone in which this person reads times."""
    if not request.user.is_authenticated:
        return UTC
    return zone_named(request.user.time_zone or request.session.get(ZONE, "")) or UTC


@require_safe
@open_view
def script_words(request: HttpRequest, language: str) -> HttpResponseBase:
    """Return the translations of the scripts' sentences as a script. Its address changes with each release."""
    if language not in LANGUAGES:
        return HttpResponse("", content_type="text/javascript; charset=utf-8", status=404)
    with translation.override(language):
        response = JavaScriptCatalog.as_view()(request)
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    response.keeps_cache_header = True  # type: ignore[attr-defined]
    return response
