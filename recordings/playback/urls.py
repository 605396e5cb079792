"""URLs of the recording's page and its player."""

from django.urls import path

from recordings.playback import own_calls, views

app_name = "playback"
urlpatterns = [
    path("my-calls/", own_calls.own_calls, name="own_calls"),
    path("recordings/<uuid:pk>/", views.recording_page, name="recording"),
    path("recordings/<uuid:pk>/trail/", views.trail, name="trail"),
    path("recordings/<uuid:pk>/download/", views.download, name="download"),
    path("recordings/<uuid:pk>/viewings/", views.start, name="start"),
    path("viewings/<uuid:pk>/url/", views.url, name="url"),
    path("viewings/<uuid:pk>/watched/", views.watched, name="watched"),
    path("viewings/<uuid:pk>/finish/", views.finish, name="finish"),
    path("viewings/<uuid:pk>/problem/", views.problem, name="problem"),
]
