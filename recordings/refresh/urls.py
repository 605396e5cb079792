"""URLs of an object's refresh."""

from django.urls import path

from recordings.refresh import views

app_name = "refresh"

urlpatterns = [
    path("objects/<int:object_id>/refresh/", views.refresh_object, name="object"),
    path("objects/<int:object_id>/freshness/", views.freshness, name="freshness"),
]
