"""manage.py demo: run a complete portal on this machine. Needs no settings, because it generates them."""

import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from auditportal.embedded import EmbeddedError
from auditportal.embedded.demo import ROOT, Demo

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Stop(BaseException):
    """The user asked the demo to stop."""


class _StopSignals:
    """Raises _Stop when a signal arrives, and again at the next pause.

    Python discards an exception that a signal handler raises while a process is being forked. The pause raises it
    again.
    """

    def __init__(self) -> None:
        self._stopping = False
        for number in _STOP_SIGNALS:
            signal.signal(number, self._handle)

    def pause(self, seconds: float) -> None:
        """Sleep. Raises _Stop when a signal has arrived."""
        if self._stopping:
            raise _Stop
        time.sleep(seconds)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """Raise _Stop. Further signals are ignored while everything stops."""
        self._stopping = True
        for stop_signal in _STOP_SIGNALS:
            signal.signal(stop_signal, signal.SIG_IGN)
        raise _Stop


class Command(BaseCommand):
    help = "Run a complete portal with real video: database, Redis, CommBox sandbox, web server and workers."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--reset", action="store_true", help="delete the demo's data first")
        parser.add_argument("--folder", type=Path, default=ROOT / ".portal", help="folder for the data")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.configured:
            # The roles that the demo prints are translatable texts, which need settings. They are printed in English.
            settings.configure(USE_I18N=False)
        signals = _StopSignals()
        try:
            if options["reset"]:
                Demo(options["folder"], options["port"], self._print, signals.pause).reset()
            Demo(options["folder"], options["port"], self._print, signals.pause).run()
        except _Stop:
            self._print("Everything has stopped.")
        except EmbeddedError as error:
            raise CommandError(str(error)) from None

    def _print(self, text: str, end: str = "\n") -> None:
        self.stdout.write(text, ending=end)
        self.stdout.flush()
