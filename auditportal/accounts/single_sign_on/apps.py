from django.apps import AppConfig


class SingleSignOnConfig(AppConfig):
    name = "auditportal.accounts.single_sign_on"
    label = "single_sign_on"
