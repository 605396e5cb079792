"""manage.py embedded: run only PostgreSQL and Redis and print their addresses, to run the other processes by hand."""

import signal
import threading
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auditportal.embedded import Embedded, EmbeddedError
from auditportal.embedded.demo import ROOT


class Command(BaseCommand):
    help = "Run the embedded PostgreSQL and Redis and print their addresses. Stop with Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--folder", type=Path, default=ROOT / ".portal" / "own", help="folder for the data"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: stop.set())
        try:
            with Embedded(options["folder"]).running() as services:
                self.stdout.write(f"export DATABASE_URL='{services.database_url}'")
                self.stdout.write(f"export DATABASE_OWNER_URL='{services.owner_url}'")
                self.stdout.write(f"export REDIS_URL='{services.redis_url}'")
                self.stdout.flush()
                stop.wait()
        except EmbeddedError as error:
            raise CommandError(str(error)) from None
