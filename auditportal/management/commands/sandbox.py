"""manage.py sandbox: run the stand-in for CommBox and its storage in the foreground, for the demo."""

import os
import signal
import threading
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auditportal.sandbox import Sandbox

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
DEFAULT_PORT = 8900


class Command(BaseCommand):
    """Prints the portal's settings as NAME=value lines once both ports answer, then serves until it is stopped."""

    help = "Run the sandbox, a stand-in for CommBox's API and a bucket, on this machine only. For demo and tests."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        port = int(os.environ.get("SANDBOX_PORT", DEFAULT_PORT))
        s3_port = os.environ.get("SANDBOX_S3_PORT")
        parser.add_argument("--port", type=int, default=port, help="port of the API")
        parser.add_argument(
            "--s3-port", type=int, default=s3_port, help="port of the storage (default: the next port)"
        )
        parser.add_argument("--state-dir", type=Path, help="folder for the seed day and the simulated calls")
        parser.add_argument(
            "--throttle-rate",
            type=float,
            default=5.0,
            help="calls per second before status 429 (0: unlimited)",
        )
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--today", type=date.fromisoformat, help="the first day without data")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in STOP_SIGNALS:
            signal.signal(number, lambda *_: stop.set())
        with self.sandbox(options) as sandbox:
            for name, value in sandbox.settings().items():
                self.stdout.write(f"{name}={value}")
            self.stdout.flush()
            stop.wait()

    def sandbox(self, options: dict[str, Any]) -> Sandbox:
        """Create the sandbox. Raises CommandError when a port is in use."""
        port = options["port"]
        s3_port = options["s3_port"] or (port + 1 if port else 0)
        names = ("seed", "today", "state_dir", "throttle_rate")
        arguments = {name: options[name] for name in names} | from_environment()
        try:
            return Sandbox(port, s3_port, **arguments)
        except OSError as error:
            raise CommandError(f"Ports {port} and {s3_port} cannot be used: {error.strerror}.") from None


def from_environment() -> dict[str, str]:
    """Read the keys and the webhook's address from the environment. What is not set has the sandbox's default."""
    names = ("SANDBOX_API_KEY", "SANDBOX_ACCESS_KEY", "SANDBOX_SECRET_KEY", "SANDBOX_WEBHOOK_URL")
    return {name.removeprefix("SANDBOX_").lower(): os.environ[name] for name in names if name in os.environ}
