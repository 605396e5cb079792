from django.urls import path

from recordings.evidence import checking, tile_views, views

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
    path("audit/compare/", checking.compare_page, name="compare"),
    path("audit/verify/", checking.verify_page, name="verify"),
    path("audit/verify_audit.py", checking.verifier, name="verifier"),
    # For monitors: C2SP tlog-tiles with the prefix /log/.
    path("log/checkpoint", tile_views.log_checkpoint, name="log_checkpoint"),
    path("log/tile/<path:path>", tile_views.log_tile, name="log_tile"),
]
