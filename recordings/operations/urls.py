"""URLs of the operations pages."""

from django.urls import path

from recordings.operations import channel_views, key_views, views

app_name = "operations"

urlpatterns = [
    path("operations/", views.operations, name="operations"),
    path("operations/problems/", views.problem_list, name="problems"),
    path("operations/runs/", views.run_list, name="runs"),
    path("channels/<int:stream_id>/", channel_views.channel_page, name="channel"),
    path("operations/channels/<int:stream_id>/list/", views.list_stream, name="list_stream"),
    path("operations/keys/", key_views.add_key, name="add_key"),
    path("operations/keys/<int:key_id>/retire/", key_views.retire_key, name="retire_key"),
    path("operations/missing/accept/", views.accept_absence, name="accept_absence"),
]
