from django.urls import path

from recordings.reviews.calibration import views

app_name = "calibration"
urlpatterns = [
    path("reviews/calibrations/", views.calibration_list, name="list"),
    path("reviews/calibrations/new/", views.new, name="new"),
    path("reviews/calibrations/scorers/", views.scorers, name="scorers"),
    path("reviews/calibrations/<uuid:pk>/", views.calibration, name="calibration"),
    path("reviews/calibrations/<uuid:pk>/score/", views.score, name="score"),
    path("reviews/calibrations/<uuid:pk>/close/", views.close, name="close"),
    path("reviews/calibrations/<uuid:pk>/comment/", views.comment, name="comment"),
    path("reviews/calibrations/<uuid:pk>/agree/", views.agree, name="agree"),
]
