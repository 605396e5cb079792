"""Keeps a list of processes running: what dies is started again, and at the end all stop in order."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from auditportal.embedded.errors import EmbeddedError
from auditportal.embedded.process import Process

_LOOK_SECONDS = 0.5
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_SETTLED_SECONDS = 60.0  # after running that long, a death counts as the first again


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
        """From now on, start it again when it dies, and stop it with the others."""
        self._children.append(_Child(process))

    def run(self, pause: Callable[[float], None]) -> None:
        """Look after all of them, until `pause` raises."""
        while True:
            self.look(time.monotonic())
            pause(_LOOK_SECONDS)

    def look(self, now: float) -> None:
        """One round: note who died and when to try again, start whose time has come."""
        for child in self._children:
            if child.restart_at is not None:
                if now >= child.restart_at:
                    self._restart(child, now)
            elif not child.process.running:
                self._bury(child, now)

    def stop(self) -> None:
        """Stop all, last started first."""
        while self._children:
            self._children.pop().process.stop()

    def _bury(self, child: _Child, now: float) -> None:
        if now - child.started_at > _SETTLED_SECONDS:
            child.pause = _FIRST_PAUSE
        process = child.process
        said = f"{process.name} ended (exit code {process.exit_code}). {process.last_words()}"
        self._say(f"{said} It is started again in {child.pause:.0f} s.")
        process.stop()
        child.restart_at = now + child.pause
        child.pause = min(child.pause * 2, _LONGEST_PAUSE)

    def _restart(self, child: _Child, now: float) -> None:
        child.started_at, child.restart_at = now, None
        try:
            child.process.start()
        except EmbeddedError as error:
            self._say(str(error))
            return
        self._say(f"{child.process.name} runs again.")
