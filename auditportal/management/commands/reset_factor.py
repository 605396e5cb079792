"""manage.py reset_factor USERNAME: remove all second factors of an account, for the last administrator."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from auditportal.accounts.factors import enrolment, resets
from auditportal.accounts.models import User
from recordings.audit import Actor

HOURS = 24


class Command(BaseCommand):
    help = (
        "Remove all second factors of an account, end its sessions, and let it add a factor with its password for "
        f"{HOURS} hours. The trail records it. Where there are two other administrators, they do this on pages."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username__iexact=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no account {options['username']}.")
        with transaction.atomic():
            resets.remove_all(user=user, by=Actor.system("reset_factor"))
            enrolment.open_for(user, timedelta(hours=HOURS))
        self.stdout.write(
            f"{user.username} can sign in with the password and add a second factor for {HOURS} hours."
        )
