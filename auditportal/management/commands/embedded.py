"""`manage.py embedded`: only PostgreSQL and Redis, with their addresses, for whoever runs the rest by hand."""

import signal
import threading
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auditportal.embedded import Embedded, EmbeddedError
from auditportal.embedded.demo import ROOT


class Command(BaseCommand):
    help = "Run the embedded PostgreSQL and Redis, print their addresses, stop with Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--folder", type=Path, default=ROOT / ".portal" / "own", help="where data are kept"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        done = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: done.set())
        try:
            with Embedded(options["folder"]).running() as services:
                self.stdout.write(f"export DATABASE_URL='{services.database_url}'")
                self.stdout.write(f"export DATABASE_OWNER_URL='{services.owner_url}'")
                self.stdout.write(f"export REDIS_URL='{services.redis_url}'")
                self.stdout.flush()
                done.wait()
        except EmbeddedError as error:
            raise CommandError(str(error)) from None
