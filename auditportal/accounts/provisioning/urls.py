from django.urls import path

from auditportal.accounts.provisioning.scim import scim

urlpatterns = [
    path("", scim, name="root"),
    path("<path:path>", scim, name="endpoint"),
]
