from django.urls import path

from recordings.reviews import builder_views, evaluation_views, views

app_name = "reviews"
urlpatterns = [
    path("reviews/", views.home, name="home"),
    path("reviews/scorecards/", views.scorecard_list, name="scorecards"),
    path("reviews/scorecards/new/", views.new_scorecard, name="new"),
    path("reviews/scorecards/<uuid:pk>/", views.scorecard, name="scorecard"),
    path("reviews/scorecards/<uuid:pk>/activate/", views.activate, name="activate"),
    path("reviews/scorecards/<uuid:pk>/retire/", views.retire, name="retire"),
    path("reviews/scorecards/<uuid:pk>/edit/", views.edit, name="edit"),
    path("reviews/scorecards/<uuid:pk>/builder/", builder_views.builder, name="builder"),
    path("reviews/scorecards/<uuid:pk>/builder/check/", builder_views.check, name="check"),
    path("reviews/scorecards/<uuid:pk>/form.json", views.form_file, name="form_file"),
    path("recordings/<uuid:pk>/evaluate/", evaluation_views.evaluate, name="evaluate"),
    path("reviews/evaluations/", evaluation_views.evaluation_list, name="evaluations"),
    path("reviews/evaluations/<uuid:pk>/", evaluation_views.evaluation, name="evaluation"),
    path("reviews/evaluations/<uuid:pk>/save/", evaluation_views.save, name="save"),
    path("reviews/evaluations/<uuid:pk>/other/", evaluation_views.other, name="other"),
    path("reviews/evaluations/<uuid:pk>/submit/", evaluation_views.submit, name="submit"),
]
