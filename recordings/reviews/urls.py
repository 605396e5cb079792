from django.urls import path

from recordings.reviews import builder_views, evaluation_views, views

app_name = "reviews"
urlpatterns = [
    path("scorecards/", views.scorecard_list, name="scorecards"),
    path("scorecards/new/", views.new_scorecard, name="new"),
    path("scorecards/<uuid:pk>/", views.scorecard, name="scorecard"),
    path("scorecards/<uuid:pk>/activate/", views.activate, name="activate"),
    path("scorecards/<uuid:pk>/retire/", views.retire, name="retire"),
    path("scorecards/<uuid:pk>/edit/", views.edit, name="edit"),
    path("scorecards/<uuid:pk>/builder/", builder_views.builder, name="builder"),
    path("scorecards/<uuid:pk>/builder/check/", builder_views.check, name="check"),
    path("scorecards/<uuid:pk>/form.json", views.form_file, name="form_file"),
    path("recordings/<uuid:pk>/evaluate/", evaluation_views.evaluate, name="evaluate"),
    path("evaluations/", evaluation_views.evaluation_list, name="evaluations"),
    path("evaluations/<uuid:pk>/", evaluation_views.evaluation, name="evaluation"),
    path("evaluations/<uuid:pk>/save/", evaluation_views.save, name="save"),
    path("evaluations/<uuid:pk>/other/", evaluation_views.other, name="other"),
    path("evaluations/<uuid:pk>/submit/", evaluation_views.submit, name="submit"),
]
