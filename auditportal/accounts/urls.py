from django.urls import include, path

from auditportal.accounts import views

people = [
    path("", views.people, name="list"),
    path("<int:pk>/role/", views.change_role, name="role"),
]

urlpatterns = [
    path("accounts/login/", views.sign_in, name="account_login"),
    path("accounts/logout/", views.sign_out, name="account_logout"),
    path("accounts/session/", views.session_state, name="session"),
    path("accounts/signed-in/", views.signed_in, name="signed_in"),
    path("settings/", views.my_settings, name="my_settings"),
    path("people/", include((people, "people"))),
]
