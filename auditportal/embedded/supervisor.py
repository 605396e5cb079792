"""Keep a list of processes running: what dies is started again, and at the end all stop in order."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from auditportal.embedded.errors import EmbeddedError
from auditportal.embedded.process import Process

_CHECK_SECONDS = 0.5
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_STABLE_SECONDS = 60.0  # after running that long, a death counts as the first again


@dataclass(eq=False)
class _Child:
    process: Process
    pause: float = _FIRST_PAUSE
    started_at: float = field(default_factory=time.monotonic)
    restart_at: float | None = None


class Supervisor:
    """Processes in the order of their start. `say` tells a person what happens to them."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._children: list[_Child] = []

    def watch(self, process: Process) -> None:
        """Start this process again whenever it dies, and stop it with the others."""
        self._children.append(_Child(process))

    def run(self, pause: Callable[[float], None]) -> None:
        """Check all of them again and again, until `pause` raises."""
        while True:
            self.check(time.monotonic())
            pause(_CHECK_SECONDS)

    def check(self, now: float) -> None:
        """Restart what is due, and plan a restart of what has died since the last round."""
        for child in self._children:
            process = child.process
            if child.restart_at is not None and now >= child.restart_at:
                child.started_at, child.restart_at = now, None
                try:
                    process.start()
                except EmbeddedError as error:
                    self._say(str(error))
                else:
                    self._say(f"{process.name} runs again.")
            elif child.restart_at is None and not process.running:
                if now - child.started_at > _STABLE_SECONDS:
                    child.pause = _FIRST_PAUSE
                ended = f"{process.name} ended (exit code {process.exit_code}). {process.last_error()}"
                self._say(f"{ended} It is started again in {child.pause:.0f} s.")
                process.stop()
                child.restart_at = now + child.pause
                child.pause = min(child.pause * 2, _LONGEST_PAUSE)

    def stop(self) -> None:
        """Stop all, last started first."""
        while self._children:
            self._children.pop().process.stop()
