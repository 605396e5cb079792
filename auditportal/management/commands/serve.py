"""manage.py serve: run the web server, with connection limits that also hold without a proxy."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

# HTTP/1 only; request heads of at most 64 KiB within ten seconds; a worker that ends is replaced.
_OPTIONS = (
    "--interface asginl --http 1 --no-ws --http1-buffer-size 65536 --http1-header-read-timeout 10000"
    " --backlog 1024 --backpressure 1000 --respawn-failed-workers --workers-kill-timeout 20"
)


class Command(BaseCommand):
    help = "Serve the portal. Stop with SIGTERM."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", default="8000")
        parser.add_argument("--workers", default="2", help="number of processes")

    def handle(self, *args: Any, **options: Any) -> None:
        # Metrics files of earlier processes would be counted again.
        if metrics := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            shutil.rmtree(metrics, ignore_errors=True)
            Path(metrics).mkdir(parents=True, exist_ok=True)  # a mount point is not removed
        arguments = [f"--{name}={options[name]}" for name in ("host", "port", "workers")]
        command = [
            sys.executable,
            "-m",
            "granian",
            *_OPTIONS.split(),
            *arguments,
            "auditportal.asgi:application",
        ]
        os.execv(sys.executable, command)  # noqa: S606  (no shell, and our own arguments)
