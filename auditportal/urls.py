"""Every address of the portal. Each slice keeps its own list; a view without a declared right fails the build."""

from django.urls import include, path

from auditportal import csp_reports, errors, health
from auditportal.localization import script_words
from recordings.overview.views import overview

urlpatterns = [
    path("", overview, name="overview"),
    # for people
    path("", include("auditportal.accounts.urls")),
    path("", include("recordings.catalog.urls")),
    path("", include("recordings.playback.urls")),
    path("", include("recordings.refresh.urls")),
    path("", include("recordings.webhooks.urls")),
    path("", include("recordings.operations.urls")),
    path("", include("recordings.assurance.urls")),
    path("", include("recordings.reviews.urls")),
    path("", include("recordings.reviews.numbers.urls")),
    path("", include("recordings.reviews.disputes.urls")),
    path("", include("recordings.reviews.calibration.urls")),
    path("", include("recordings.reviews.supervision.urls")),
    path("", include("recordings.reviews.plans.urls")),
    path("", include("recordings.reviews.coaching.urls")),
    path("", include("recordings.trail.urls")),
    path("", include("recordings.proof.evidence.urls")),
    path("", include("recordings.reports.urls")),
    path("scim/v2/", include(("auditportal.accounts.provisioning.urls", "scim"))),
    path("words/<slug:language>.js", script_words, name="script_words"),
    # for whoever runs it
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("csp-reports", csp_reports.receive, name="csp_reports"),
    path("metrics", health.metrics, name="metrics"),
]

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.not_found
handler500 = errors.server_error
