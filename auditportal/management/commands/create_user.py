"""manage.py create_user NAME --full-name … --role …: create an account.

The password is prompted for, or read from an environment variable.
"""

import os
from datetime import timedelta
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from auditportal.accounts import break_glass
from auditportal.accounts.actions import grant_role
from auditportal.accounts.factors import enrolment
from auditportal.accounts.models import User
from auditportal.accounts.roles import ROLES
from recordings.audit import Actor

DAYS_OF_A_ROLE_WITH_END = timedelta(days=90)


class Command(BaseCommand):
    help = "Create an account with one or more roles. An external auditor has the role for 90 days."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--full-name", required=True)
        parser.add_argument("--email", default="")
        parser.add_argument("--role", action="append", required=True, choices=list(ROLES))
        parser.add_argument(
            "--break-glass", action="store_true", help="an account for emergencies: each sign-in is an alarm"
        )
        parser.add_argument(
            "--password-from", metavar="VARIABLE", help="environment variable that has the password"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(username__iexact=options["username"]).exists():
            raise CommandError(f"The account {options['username']} already exists.")
        password = self._password(options)
        with transaction.atomic():
            user = User.objects.create_user(
                options["username"], password, full_name=options["full_name"], email=options["email"]
            )
            for role in options["role"]:
                until = timezone.now() + DAYS_OF_A_ROLE_WITH_END if ROLES[role].needs_end else None
                grant_role(user=user, role=role, by=Actor.system("create_user"), until=until)
            enrolment.open_for(user)
            if options["break_glass"]:
                break_glass.mark(user=user, on=True, by=Actor.system("create_user"))
        self.stdout.write(f"{user.username} can sign in as {user.role_label}.")

    def _password(self, options: dict[str, Any]) -> str:
        variable = options["password_from"]
        password = os.environ.get(variable, "") if variable else getpass("Password (15 characters or more): ")
        try:
            validate_password(password, User(username=options["username"], full_name=options["full_name"]))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        return password
