"""The URL that CommBox delivers to."""

from django.urls import path

from recordings.webhooks import views

app_name = "webhooks"

urlpatterns = [path("webhooks/commbox/<str:token>", views.receive, name="webhook")]
