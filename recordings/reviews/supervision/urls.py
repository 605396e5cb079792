from django.urls import path

from recordings.reviews.supervision import check_views, views

app_name = "supervision"
urlpatterns = [
    path("reviews/supervision/", views.queue_list, name="queue"),
    path("reviews/supervision/sample/", views.add_sample, name="add_sample"),
    path("recordings/<uuid:pk>/supervise/", views.add, name="add"),
    path("reviews/supervision/<uuid:pk>/", views.item, name="item"),
    path("reviews/supervision/<uuid:pk>/dispose/", views.dispose, name="dispose"),
    path("reviews/supervision/checks/", check_views.spot_checks, name="checks"),
    path("reviews/supervision/checks/<uuid:pk>/", check_views.verdict, name="verdict"),
    path("reviews/supervision/draws/<uuid:pk>/<str:name>", check_views.draw_file, name="draw_file"),
    path("reviews/supervision/evidence/", check_views.evidence, name="evidence"),
]
