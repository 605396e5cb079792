from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "auditportal.accounts"
    label = "accounts"

    def ready(self) -> None:
        from auditportal.accounts import signals  # noqa: F401  (registers its receivers)
