from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "auditportal.accounts"
    label = "accounts"

    def ready(self) -> None:
        from auditportal.accounts import signals  # noqa: F401  (registers its receivers)
        from auditportal.accounts.factors import actions, totp
        from recordings import stepup
        from recordings.api_keys import encryption

        stepup.other_secrets[:] = [lambda user, secret: actions.use_code(user, secret) is not None]
        encryption.others[:] = [totp.reencrypt]
