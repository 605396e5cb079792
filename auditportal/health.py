"""Health and metrics for whoever runs the portal."""

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from auditportal.metrics import exposition
from recordings.audit import client_address
from recordings.policies import open_view
from recordings.timed import TimedValue

# How the parts are: a probe a second must not be a query a second.
_parts = TimedValue[dict[str, str]](2.0)


@open_view
def live(request: HttpRequest) -> JsonResponse:
    """The process answers. Asks nobody."""
    return JsonResponse({"status": "live"})


@open_view
def ready(request: HttpRequest) -> JsonResponse:
    """Whether requests can be served: the database must answer; Redis away is degraded, not unready."""
    parts = _parts.get()
    if parts is None:
        redis_answers = cache.reachable()  # type: ignore[attr-defined]  # auditportal.cache
        parts = _parts.set({"database": _database(), "redis": "ok" if redis_answers else "degraded"})
    whole = parts["database"] == "ok"
    return JsonResponse({"status": "ready" if whole else "unready", **parts}, status=200 if whole else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '1s'; SELECT 1; RESET statement_timeout")
    except DatabaseError:
        return "unreachable"
    return "ok"


@open_view
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text, for the inner network only (METRICS_ALLOW_FROM); elsewhere it does not exist."""
    if client_address(request) not in settings.METRICS_ALLOW_FROM:
        raise Http404
    return HttpResponse(exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")
