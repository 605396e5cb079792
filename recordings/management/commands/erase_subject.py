"""`manage.py erase_subject ask SUBJECT --reason …`, then by somebody else `… approve REQUEST`."""

from argparse import ArgumentParser
from getpass import getpass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from recordings.exceptions import PortalError
from recordings.trail import erasure
from recordings.trail.phrases import count


class Command(BaseCommand):
    help = (
        "Erase the personal values that the trail keeps of a person (user:12) or a customer (customer:3456). One "
        "person asks, another approves within seven days; both sign in here with their own account (compliance "
        "officer or administrator). Every hash and proof still holds afterwards."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        asking = steps.add_parser("ask", help="ask for an erasure")
        asking.add_argument("subject", help="user:12, customer:3456")
        asking.add_argument(
            "--reason",
            required=True,
            help="a reference such as a ticket's number; it stays in the trail for ever, so no personal values here",
        )
        approving = steps.add_parser("approve", help="approve what somebody else has asked for: this erases")
        approving.add_argument("request", type=UUID, help="the id that asking gave")
        for step in (asking, approving):
            step.add_argument("--username", help="your account; asked for when it is not given")
            step.add_argument("--password-file", type=Path, help="a file with your password, for scripts")

    def handle(self, *, step: str, **options: Any) -> None:
        try:
            user = erasure.identify(*self._credentials(options["username"], options["password_file"]))
            if step == "ask":
                request = erasure.request_erasure(options["subject"], options["reason"], by=user)
                self.stdout.write(
                    f"Asked. Somebody else must approve within 7 days: manage.py erase_subject approve {request}"
                )
            else:
                self._approve(options["request"], user)
        except PortalError as error:
            raise CommandError(error.sentence) from None

    def _credentials(self, username: str | None, password_file: Path | None) -> tuple[str, str]:
        username = username or input("Username: ")
        if password_file is None:
            return username, getpass("Password: ")
        try:
            return username, password_file.read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeError) as error:
            raise CommandError(f"The password file cannot be read: {error}") from None

    def _approve(self, request: UUID, user: Any) -> None:
        done = erasure.approve_erasure(request, by=user)
        self.stdout.write(
            f"Erased: {count(done.values, 'value')} of {done.subject}, and the key they were under."
        )
        self.stdout.write("Not erased:")
        for sentence in done.remains:
            self.stdout.write(f"- {sentence}")
