from django.urls import path

from auditportal.accounts.access import recertification_views, views

app_name = "access"
urlpatterns = [
    path("recordings/<uuid:pk>/access/", views.who, name="who"),
    path("recordings/<uuid:pk>/access/save/", views.save_who, name="save_who"),
    path("recordings/<uuid:pk>/why/", views.why, name="why"),
    path("access/ask/", views.ask, name="ask"),
    path("access/asked/", views.asked, name="asked"),
    path("access/asked/<uuid:pk>/", views.answer, name="answer"),
    path("people/recertifications/", recertification_views.recertifications, name="recertifications"),
    path("people/recertifications/<int:pk>/", recertification_views.one, name="recertification"),
    path("people/recertifications/<int:pk>/close/", recertification_views.close, name="close"),
    path("people/recertifications/<int:pk>/save/", recertification_views.save, name="save"),
]
