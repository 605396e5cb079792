"""Keep processes running: restart those that end, and finally stop all in order."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from auditportal.embedded.errors import EmbeddedError
from auditportal.embedded.process import Process

_CHECK_SECONDS = 0.5
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_STABLE_SECONDS = 60.0  # after running that long, the pause before a restart is short again


@dataclass(eq=False)
class _Child:
    process: Process
    pause: float = _FIRST_PAUSE
    started_at: float = field(default_factory=time.monotonic)
    restart_at: float | None = None


class Supervisor:
    """Supervises processes, in the order of their start. `say` prints what happens to them."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._children: list[_Child] = []

    def watch(self, process: Process) -> None:
        """Restart this process whenever it ends, and stop it with the others."""
        self._children.append(_Child(process))

    def run(self, pause: Callable[[float], None]) -> None:
        """Check all processes repeatedly, until `pause` raises."""
        while True:
            self.check(time.monotonic())
            pause(_CHECK_SECONDS)

    def check(self, now: float) -> None:
        """Restart processes that are due, and schedule a restart for those that have ended."""
        for child in self._children:
            process = child.process
            if child.restart_at is not None and now >= child.restart_at:
                child.started_at, child.restart_at = now, None
                try:
                    process.start()
                except EmbeddedError as error:
                    self._say(str(error))
                else:
                    self._say(f"{process.name} is running again.")
            elif child.restart_at is None and not process.running:
                if now - child.started_at > _STABLE_SECONDS:
                    child.pause = _FIRST_PAUSE
                ended = f"{process.name} ended (exit code {process.exit_code}). {process.last_error()}"
                self._say(f"{ended} It will be restarted in {child.pause:.0f} s.")
                process.stop()
                child.restart_at = now + child.pause
                child.pause = min(child.pause * 2, _LONGEST_PAUSE)

    def stop(self) -> None:
        """Stop all processes, in reverse order of their start."""
        while self._children:
            self._children.pop().process.stop()
