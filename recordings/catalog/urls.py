from django.urls import path

from recordings.catalog import class_views, mask_views, views

app_name = "catalog"
urlpatterns = [
    path("objects/", views.object_list, name="objects"),
    path("objects/<str:object_id>/", views.object_page, name="object"),
    path("objects/<str:object_id>/phone/", views.show_phone, name="phone"),
    path("objects/<str:object_id>/sensitivity/", class_views.classify, name="classify"),
    path("objects/<str:object_id>/unmask/", mask_views.unmask, name="unmask"),
    path("sensitivity/", class_views.rules, name="class_rules"),
    path("sensitivity/<int:rule_id>/end/", class_views.end_rule, name="end_class_rule"),
    path("recordings/", views.recording_list, name="recordings"),
]
