from django.urls import path

from recordings.catalog import views

app_name = "catalog"
urlpatterns = [
    path("objects/", views.object_list, name="objects"),
    path("objects/<str:object_id>/", views.object_page, name="object"),
    path("objects/<str:object_id>/phone/", views.show_phone, name="phone"),
    path("recordings/", views.recording_list, name="recordings"),
]
