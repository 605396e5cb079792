"""`manage.py demo`: a working portal on this machine. Runs before there are settings: it makes them."""

import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from auditportal.embedded import EmbeddedError
from auditportal.embedded.demo import ROOT, Demo

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Stop(BaseException):
    """Somebody asked the demo to end."""


class _Ending:
    """Raises when a signal asks for the end, and again at the next pause.

    Python drops an exception that a signal's handler raises while a process is being forked; the pause does not.
    """

    def __init__(self) -> None:
        self._asked = False
        for number in _ENDING:
            signal.signal(number, self._ask)

    def pause(self, seconds: float) -> None:
        """Sleep; raises _Stop when the end was asked for."""
        if self._asked:
            raise _Stop
        time.sleep(seconds)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        """While everything stops, further signals change nothing."""
        self._asked = True
        for ending in _ENDING:
            signal.signal(ending, signal.SIG_IGN)
        raise _Stop


class Command(BaseCommand):
    help = "Serve a working portal with real video: database, Redis, CommBox stand-in, web, workers."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--reset", action="store_true", help="delete the demo's data first")
        parser.add_argument("--folder", type=Path, default=ROOT / ".portal", help="where the data are kept")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.configured:
            # The roles that the demo prints are translatable texts, which need settings. They are printed in English.
            settings.configure(USE_I18N=False)
        ending = _Ending()
        try:
            if options["reset"]:
                Demo(options["folder"], options["port"], self._say, ending.pause).reset()
            Demo(options["folder"], options["port"], self._say, ending.pause).run()
        except _Stop:
            self._say("Everything has stopped.")
        except EmbeddedError as error:
            raise CommandError(str(error)) from None

    def _say(self, text: str, end: str = "\n") -> None:
        self.stdout.write(text, ending=end)
        self.stdout.flush()
