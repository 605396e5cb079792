"""Define the Prometheus metrics. PROMETHEUS_MULTIPROC_DIR collects those of several web processes."""

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess

from auditportal.gauges import DatabaseGauges

REQUESTS = Histogram(
    "portal_request_seconds",
    "Time to answer, by view, method and status",
    ["view", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
REFUSED = Counter("portal_refused_requests_total", "Requests refused before the application", ["reason"])
SIGN_INS = Counter("portal_sign_ins_total", "Sign-ins by outcome", ["outcome"])


def exposition() -> bytes:
    """Return all metrics as text, including those of the other web processes."""
    gauges = CollectorRegistry()
    gauges.register(DatabaseGauges())
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return generate_latest() + generate_latest(gauges)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry) + generate_latest(gauges)
