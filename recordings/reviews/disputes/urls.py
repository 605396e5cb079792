from django.urls import path

from recordings.reviews.disputes import decision_views, list_views, views

app_name = "disputes"
urlpatterns = [
    path("my-reviews/", list_views.own_reviews, name="own_reviews"),
    path("reviews/results/", list_views.results, name="results"),
    path("reviews/results/<uuid:pk>/", views.result, name="result"),
    path("reviews/results/<uuid:pk>/release/", views.release, name="release"),
    path("reviews/results/<uuid:pk>/sign/", views.sign, name="sign"),
    path("reviews/results/<uuid:pk>/dispute/", views.dispute, name="dispute"),
    path("reviews/results/<uuid:pk>/decide/", decision_views.decide, name="decide"),
    path("reviews/disputes/<uuid:pk>/decision/", decision_views.decision, name="decision"),
]
