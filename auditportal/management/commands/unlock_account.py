"""manage.py unlock_account: delete the failed sign-in attempts of an account."""

from typing import Any

from django.core.cache import cache
from django.core.management.base import BaseCommand, CommandError, CommandParser

from auditportal.accounts import attempts
from auditportal.accounts.models import User
from recordings.audit import Actor, Kind, Target, record_committed


class Command(BaseCommand):
    help = (
        "Allow an account to sign in again immediately after too many failed attempts. The trail records it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username__iexact=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no account {options['username']}.")
        if not cache.reachable():  # type: ignore[attr-defined]  # auditportal.cache
            raise CommandError(
                "Redis does not answer, so the failed attempts could not be deleted. Nothing was changed."
            )
        record_committed(Kind.ACCOUNT_UNLOCKED, by=Actor.system("unlock_account"), target=Target.of(user))
        attempts.unlock(user)
        self.stdout.write(f"{user.username} can sign in again.")
