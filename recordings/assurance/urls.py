from django.urls import path

from recordings.assurance import statement_views, views

app_name = "assurance"
urlpatterns = [
    path("assurance/", views.board_page, name="board"),
    path("assurance/recordings/", views.recordings_page, name="recordings"),
    path("assurance/sample/", statement_views.sample_page, name="sample"),
    path("assurance/statements/", statement_views.statement_list, name="statements"),
    path("assurance/statements/new/", statement_views.state_view, name="state"),
    path("assurance/statements/<uuid:statement_id>/", statement_views.statement_page, name="statement"),
    path(
        "assurance/statements/<uuid:statement_id>/file.<str:format>",
        statement_views.download,
        name="download",
    ),
]
