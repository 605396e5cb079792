from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "auditportal.accounts"
    label = "accounts"
