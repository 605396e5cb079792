"""The refresh's addresses."""

from django.urls import path

from recordings.refresh import key_views, views

app_name = "refresh"

urlpatterns = [
    path("objects/<int:object_id>/refresh/", views.refresh_object, name="object"),
    path("objects/<int:object_id>/freshness/", views.freshness, name="freshness"),
    path("operations/", views.operations, name="operations"),
    path("operations/problems/", views.problem_list, name="problems"),
    path("operations/runs/", views.run_list, name="runs"),
    path("operations/channels/<int:stream_id>/list/", views.list_stream, name="list_stream"),
    path("operations/keys/", key_views.add_key, name="add_key"),
    path("operations/keys/<int:key_id>/retire/", key_views.retire_key, name="retire_key"),
    path("operations/missing/accept/", views.accept_absence, name="accept_absence"),
    path("webhooks/commbox/<str:token>", views.webhook, name="webhook"),
]
