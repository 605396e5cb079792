"""The refresh's addresses."""

from django.urls import path

from recordings.refresh import views

app_name = "refresh"

urlpatterns = [
    path("objects/<int:object_id>/refresh/", views.refresh_object, name="object"),
    path("objects/<int:object_id>/freshness/", views.freshness, name="freshness"),
    path("operations/", views.operations, name="operations"),
    path("operations/channels/<int:stream_id>/list/", views.list_stream, name="list_stream"),
    path("operations/keys/", views.add_key, name="add_key"),
    path("operations/keys/<int:key_id>/retire/", views.retire_key, name="retire_key"),
    path("operations/missing/accept/", views.accept_absence, name="accept_absence"),
    path("webhooks/commbox/<str:token>", views.webhook, name="webhook"),
]
