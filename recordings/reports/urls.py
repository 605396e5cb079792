from django.urls import path

from recordings.reports import views

app_name = "reports"
urlpatterns = [
    path("reports/", views.report_list, name="list"),
    path("reports/request/", views.request_view, name="request"),
    path("reports/numbers/", views.request_numbers, name="numbers"),
    path("reports/<uuid:report_id>/", views.report_page, name="report"),
    path("reports/<uuid:report_id>/progress/", views.progress, name="progress"),
    path("reports/<uuid:report_id>/again/", views.again, name="again"),
    path("reports/<uuid:report_id>/file", views.download, name="download"),
    path("reports/<uuid:report_id>/file.sha256", views.checksum, name="checksum"),
]
