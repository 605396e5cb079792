"""manage.py seed_demo: create the demo's accounts. Can be repeated."""

import os
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from auditportal.accounts.actions import grant_role
from auditportal.accounts.demo import PEOPLE, app_secret
from auditportal.accounts.factors import actions as factor_actions
from auditportal.accounts.factors import gate
from auditportal.accounts.models import User
from auditportal.accounts.roles import ROLES
from recordings.audit import Actor


class Command(BaseCommand):
    help = (
        "Create the demo accounts with the password DEMO_PASSWORD, and authenticator apps made from DEMO_APP_KEY. "
        "Works only with DEMO."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("seed_demo works only in the demo.")
        password = os.environ.get("DEMO_PASSWORD", "")
        if len(password) < 15:
            raise CommandError("DEMO_PASSWORD must have 15 characters or more.")
        for username, full_name, role in PEOPLE:
            self._person(username, full_name, role, password)

    def _person(self, username: str, full_name: str, role: str, password: str) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            user = User.objects.create_user(username, password, full_name=full_name)
        elif not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])
        if not user.grants.current().filter(role=role).exists():
            until = timezone.now() + timedelta(days=365) if ROLES[role].needs_end else None
            grant_role(user=user, role=role, by=Actor.system("demo"), until=until)
        key = os.environ.get("DEMO_APP_KEY", "")
        if key and not gate.has_factor(user):
            secret = app_secret(key, username)
            factor_actions.add_app(user=user, secret=secret, step=0, by=Actor.system("demo"))
