from django.urls import path

from recordings.proof.evidence.check import compare_views, verify_views
from recordings.proof.evidence.pages import tile_views, views, witness_views

app_name = "evidence"
urlpatterns = [
    path("audit/events/<uuid:event_id>/", views.event_page, name="event"),
    path("audit/events/<uuid:event_id>/proof", views.proof, name="proof"),
    path("audit/strip/", views.strip, name="strip"),
    path("audit/checkpoints/", views.checkpoints, name="checkpoints"),
    path("audit/checkpoints/<int:size>/", views.checkpoint, name="checkpoint"),
    path("audit/checkpoints/<int:size>/note", views.checkpoint_note, name="checkpoint_note"),
    path("audit/checkpoints/<int:size>/from/<int:old>", views.consistency_proof, name="consistency"),
    path("audit/consistency/", views.consistency_to, name="consistency_to"),
    path("audit/anchors/<int:pk>", views.anchor, name="anchor"),
    path("audit/outside/", views.outside, name="outside"),
    path("audit/witnesses/", witness_views.witnesses, name="witnesses"),
    path("audit/compare/", compare_views.compare_page, name="compare"),
    path("audit/verify/", verify_views.verify_page, name="verify"),
    path("audit/verify/browser/", verify_views.in_browser, name="in_browser"),
    path("audit/verify_audit.py", verify_views.verifier, name="verifier"),
    path("audit/verify.html", verify_views.browser_verifier, name="browser_verifier"),
    # For monitors: C2SP tlog-tiles with the prefix /log/.
    path("log/checkpoint", tile_views.log_checkpoint, name="log_checkpoint"),
    path("log/tile/entries/<path:path>", tile_views.log_entries, name="log_entries"),
    path("log/tile/<path:path>", tile_views.log_tile, name="log_tile"),
]
