from django.urls import path

from recordings.trail import views

app_name = "trail"
urlpatterns = [
    path("audit/", views.trail_page, name="trail"),
    path("audit/events/<uuid:event_id>/body", views.event_body, name="event_body"),
    path("audit/people/<int:person_id>/", views.person_page, name="person"),
]
