"""Answer health checks and Prometheus."""

import hmac

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from auditportal.metrics import exposition
from recordings.policies import open_view
from recordings.timed import TimedValue

# The states of database and Redis, cached so that frequent probes do not query each time.
_parts = TimedValue[dict[str, str]](2.0)


@require_safe
@open_view
def live(request: HttpRequest) -> JsonResponse:
    """Answer that the process is alive. Queries nothing."""
    return JsonResponse({"status": "live"})


@require_safe
@open_view
def ready(request: HttpRequest) -> JsonResponse:
    """Answer whether requests can be served: not without the database; without Redis the portal is degraded.

    Only requests with METRICS_TOKEN learn which part it is.
    """
    parts = _parts.get()
    if parts is None:
        redis_answers = cache.reachable()  # type: ignore[attr-defined]  # auditportal.cache
        parts = _parts.set({"database": _database(), "redis": "ok" if redis_answers else "degraded"})
    whole = parts["database"] == "ok"
    told = parts if _is_monitoring(request) else {}
    return JsonResponse({"status": "ready" if whole else "unready", **told}, status=200 if whole else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '1s'; SELECT 1; RESET statement_timeout")
    except DatabaseError:
        return "unreachable"
    return "ok"


@require_safe
@open_view
def metrics(request: HttpRequest) -> HttpResponse:
    """Return metrics as Prometheus text to requests with METRICS_TOKEN as their bearer token; 404 to all others."""
    if not _is_monitoring(request):
        raise Http404
    return HttpResponse(exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _is_monitoring(request: HttpRequest) -> bool:
    """Check the bearer token. An address would say little behind a proxy."""
    expected = f"Bearer {settings.METRICS_TOKEN}".encode()
    given = request.headers.get("Authorization", "").encode()
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(given, expected)
