from django.urls import path

from auditportal.accounts.single_sign_on import views

urlpatterns = [
    path("", views.start, name="start"),
    path("callback/", views.callback, name="callback"),
    path("accept/<str:token>/", views.accept, name="accept"),
]
