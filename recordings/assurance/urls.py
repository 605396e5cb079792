from django.urls import path

from recordings.assurance import views

app_name = "assurance"
urlpatterns = [
    path("assurance/", views.board_page, name="board"),
    path("assurance/recordings/", views.recordings_page, name="recordings"),
    path("assurance/sample/", views.sample_page, name="sample"),
    path("assurance/statements/", views.statement_list, name="statements"),
    path("assurance/statements/new/", views.state_view, name="state"),
    path("assurance/statements/<uuid:statement_id>/", views.statement_page, name="statement"),
    path("assurance/statements/<uuid:statement_id>/file.<str:format>", views.download, name="download"),
]
