from django.urls import path

from auditportal.accounts.provisioning import pages

urlpatterns = [
    path("", pages.overview, name="overview"),
    path("tokens/", pages.make_token, name="make_token"),
    path("tokens/<int:pk>/revoke/", pages.revoke_token, name="revoke_token"),
    path("roles/", pages.add_role, name="add_role"),
    path("roles/<int:pk>/end/", pages.end_role, name="end_role"),
]
