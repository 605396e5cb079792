from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The project itself, installed for its management commands, system checks and database grants."""

    name = "auditportal"
    label = "portal"

    def ready(self) -> None:
        from auditportal import celery, checks, grants  # noqa: F401  (all three register themselves)
