"""After each migration: what the application's role may do. The trail's own privileges stand in its migration."""

from typing import Any

from django.db import connections
from django.db.models.signals import post_migrate
from django.dispatch import receiver

GRANTS = """
GRANT USAGE ON SCHEMA public TO auditportal_app, auditportal_reader, auditportal_sealer;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO auditportal_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO auditportal_app;
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM auditportal_app;
"""


@receiver(post_migrate, dispatch_uid="application-grants")
def grant_to_application(sender: Any, using: str, **_: Any) -> None:
    """Runs once, after the project's own app: every table is there by then."""
    if sender.label == "recordings":
        with connections[using].cursor() as cursor:
            cursor.execute(GRANTS)
