"""manage.py erase_subject: request (`ask`) or approve (`approve`) the erasure of a person's personal values."""

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
        "Erase the personal values that the trail keeps about a person (user:12) or a customer (customer:3456). One "
        "person requests the erasure, and another approves it within seven days. Both sign in with their own account "
        "(compliance officer or administrator). All hashes and proofs remain valid."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        asking = steps.add_parser("ask", help="request an erasure")
        asking.add_argument("subject", help="for example user:12 or customer:3456")
        asking.add_argument(
            "--reason",
            required=True,
            help="a reference such as a ticket number; it stays in the trail forever, so it must not be personal",
        )
        approving = steps.add_parser("approve", help="approve another person's request, and erase")
        approving.add_argument("request", type=UUID, help="the id printed by ask")
        for step in (asking, approving):
            step.add_argument("--username", help="your account (default: you are asked)")
            step.add_argument(
                "--password-file", type=Path, help="a file with your password (default: you are asked)"
            )

    def handle(self, *, step: str, **options: Any) -> None:
        try:
            user = erasure.identify(*self._credentials(options["username"], options["password_file"]))
            if step == "ask":
                request = erasure.request_erasure(options["subject"], options["reason"], by=user)
                self.stdout.write(
                    "Requested. Another person must approve it within 7 days: "
                    f"manage.py erase_subject approve {request}"
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
        erased = erasure.approve_erasure(request, by=user)
        self.stdout.write(f"Erased: {count(erased.values, 'value')} of {erased.subject}, and their key.")
        self.stdout.write("Not erased:")
        for sentence in erased.remains:
            self.stdout.write(f"- {sentence}")
