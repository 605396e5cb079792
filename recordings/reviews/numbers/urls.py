from django.urls import path

from recordings.reviews.numbers import views

app_name = "numbers"
urlpatterns = [
    path("reviews/numbers/", views.overview, name="overview"),
    path("reviews/numbers/agents/", views.agents, name="agents"),
    path("reviews/numbers/questions/", views.questions, name="questions"),
    path("reviews/numbers/scorers/", views.scorers, name="scorers"),
]
