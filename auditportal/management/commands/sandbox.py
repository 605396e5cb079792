"""`manage.py sandbox`: the stand-in for CommBox and its storage, in the foreground, for the demo."""

import os
import signal
import threading
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auditportal.sandbox import Sandbox

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
DEFAULT_PORT = 8900


class Command(BaseCommand):
    """Prints the portal's settings as NAME=value lines once both ports answer, then serves until it is ended."""

    help = "Run the sandbox: CommBox's API and a bucket, on this machine only. For demo and tests."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        port = int(os.environ.get("SANDBOX_PORT", DEFAULT_PORT))
        s3_port = os.environ.get("SANDBOX_S3_PORT")
        parser.add_argument("--port", type=int, default=port, help="port of the API")
        parser.add_argument("--s3-port", type=int, default=s3_port, help="port of the storage (the next one)")
        parser.add_argument("--state-dir", type=Path, help="where seed day and made calls are kept")
        parser.add_argument(
            "--throttle-rate", type=float, default=5.0, help="calls a second before 429; 0: any"
        )
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--today", type=date.fromisoformat, help="the day the data end before")

    def handle(self, *args: Any, **options: Any) -> None:
        done = threading.Event()
        for number in ENDING:
            signal.signal(number, lambda *_: done.set())
        with self.sandbox(options) as sandbox:
            for name, value in sandbox.settings().items():
                self.stdout.write(f"{name}={value}")
            self.stdout.flush()
            done.wait()

    def sandbox(self, options: dict[str, Any]) -> Sandbox:
        """The sandbox as asked for; a port that is taken is said in a sentence."""
        port = options["port"]
        s3_port = options["s3_port"] or (port + 1 if port else 0)
        names = ("seed", "today", "state_dir", "throttle_rate")
        wanted = {name: options[name] for name in names} | given_by_environment()
        try:
            return Sandbox(port, s3_port, **wanted)
        except OSError as error:
            raise CommandError(f"Ports {port} and {s3_port} cannot be used: {error.strerror}.") from None


def given_by_environment() -> dict[str, str]:
    """Keys and the webhook's address; what is not set has the sandbox's own default."""
    names = ("SANDBOX_API_KEY", "SANDBOX_ACCESS_KEY", "SANDBOX_SECRET_KEY", "SANDBOX_WEBHOOK_URL")
    return {name.removeprefix("SANDBOX_").lower(): os.environ[name] for name in names if name in os.environ}
