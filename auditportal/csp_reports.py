"""Receive browsers' reports about what the content security policy blocked."""

import json
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from recordings.policies import open_view
from recordings.timed import TimedValue

logger = structlog.get_logger("portal.csp")

# Anyone can send reports, so at most one in ten seconds is logged.
_logged = TimedValue[bool](10.0)
_LONGEST = 100


@open_view
@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Log what was blocked and on which page, without the query, which contains search words. Always answer 204."""
    if not _logged.get():
        report = _report_in(request.body)
        _logged.set(True)
        logger.warning(
            "content blocked",
            directive=_word(report.get("effective-directive") or report.get("violated-directive")),
            blocked=_place(report.get("blocked-uri")),
            page=_place(report.get("document-uri")),
        )
    return HttpResponse(status=204)


def _report_in(body: bytes) -> dict[str, Any]:
    try:
        report = json.loads(body).get("csp-report", {})
    except (ValueError, AttributeError, RecursionError):
        return {}
    return report if isinstance(report, dict) else {}


def _word(value: Any) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""


def _place(value: Any) -> str:
    """Return scheme, host and path of an address."""
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        return parts._replace(query="", fragment="", netloc=parts.netloc.rpartition("@")[2]).geturl()[
            :_LONGEST
        ]
    except ValueError:
        return ""
