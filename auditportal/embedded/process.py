"""Run one server process: start it, watch it, stop it, and never leave it behind.

The child inherits a locked file. The lock is held while the child or any of its children lives. The next start can
therefore tell a surviving process from a stale pid file, without relying on a process id that may have been reused.
"""

import contextlib
import ctypes
import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from auditportal.embedded.errors import EmbeddedError
from auditportal.embedded.folders import Account

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_POLL_SECONDS = 0.02
_REASON = re.compile(r"FATAL|PANIC|rror\b|[Cc]annot|[Cc]ould not")


def _end_with_parent(parent: int, signal_number: int) -> None:
    """In the child, ask the kernel for a signal when the parent dies for any reason (Linux only)."""
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:  # it died before prctl()
        os._exit(1)


def _wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


@dataclass(eq=False)
class Process:
    """A command, and how to stop it: with `stop_signal`, and by force after `stop_seconds`."""

    name: str
    argv: Sequence[str]
    lock: Path
    log: Path  # mode 0600, like `output`
    output: Path | None = None  # for its standard output, if it should not go to the log
    leftovers: Sequence[Path] = ()  # files of an earlier run, deleted before a start
    directory: Path | None = None
    env: Mapping[str, str] | None = field(default=None, repr=False)
    account: Account | None = None
    ready: Callable[[], bool] = lambda: True
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def exit_code(self) -> int | None:
        """The exit code; None while it runs or before it was started."""
        return self._child.poll() if self._child else None

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start the process, after ending a survivor of an earlier run. Raises EmbeddedError if that fails."""
        with (
            self._claim() as lock,
            open(self.log, "ab", opener=_private) as log,
            contextlib.ExitStack() as stack,
        ):
            for path in self.leftovers:
                path.unlink(missing_ok=True)
            output = stack.enter_context(open(self.output, "wb", opener=_private)) if self.output else None
            self._child = self._spawn(lock.fileno(), log, output)
            lock.truncate(0)
            lock.write(str(self._child.pid))

    def wait_ready(self, seconds: float) -> None:
        """Wait until the process is ready. Raises EmbeddedError, with its last error, if it ends or takes too long."""
        if not _wait_until(lambda: not self.running or self.ready(), seconds):
            raise EmbeddedError(
                f"{self.name} did not answer within {seconds:.0f} seconds. {self.last_error()}"
            )
        if not self.running:
            raise EmbeddedError(f"{self.name} ended (exit code {self.exit_code}). {self.last_error()}")

    def stop(self) -> None:
        """Stop the process with its signal, or by force after `stop_seconds`."""
        if self._child is None:
            return
        if self.running:
            self._child.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(self.stop_seconds)
        self._kill_group(self._child.pid)
        self._child.wait()
        self._child = None

    def last_error(self) -> str:
        """Quote the last line of the log that looks like an error (or else the last line), and name the log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        lines = [line.strip() for line in text.splitlines() if line.strip()] or ["The log is empty"]
        reason = next((line for line in reversed(lines) if _REASON.search(line)), lines[-1])
        return f"{reason} (log: {self.log})"

    def _spawn(self, lock: int, log: IO[bytes], output: IO[bytes] | None) -> subprocess.Popen[bytes]:
        parent, stop_signal = os.getpid(), self.stop_signal
        account = self.account
        return subprocess.Popen(  # noqa: S603  (argv is ours)
            list(self.argv),
            stdin=subprocess.DEVNULL,
            stdout=output or log,
            stderr=log,
            cwd=self.directory,
            env=self.env,
            pass_fds=[lock],
            start_new_session=True,  # Ctrl-C must reach only the supervisor, which stops all in order
            preexec_fn=lambda: _end_with_parent(parent, stop_signal),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )

    @contextlib.contextmanager
    def _claim(self) -> Iterator[IO[str]]:
        """Lock the lock file, after ending a survivor of an earlier run."""
        with self.lock.open("a+") as lock:
            if not _try_lock(lock) and not self._end_survivor(lock):
                raise EmbeddedError(
                    f"{self.name} of an earlier run is still running and cannot be stopped (lock: {self.lock})."
                )
            yield lock

    def _end_survivor(self, lock: IO[str]) -> bool:
        lock.seek(0)
        recorded = lock.read().strip()
        survivor = int(recorded) if recorded.isdecimal() else None
        if survivor and _is_group_leader(survivor):
            with contextlib.suppress(ProcessLookupError):
                os.kill(survivor, self.stop_signal)
        if _wait_until(lambda: _try_lock(lock), self.stop_seconds):
            return True
        if survivor:
            self._kill_group(survivor)
        return _wait_until(lambda: _try_lock(lock), self.stop_seconds)

    @staticmethod
    def _kill_group(leader: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)


def end_survivors(folder: Path) -> None:
    """End the processes that an earlier run left: those that still hold one of the folder's locks (`<name>.lock`)."""
    for lock in folder.glob("*.lock"):
        with Process(lock.stem, (), lock, log=lock)._claim():
            pass


def _private(path: str, flags: int) -> int:
    """Open a file and make it readable only by its owner, even if it already existed."""
    descriptor = os.open(path, flags, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_group_leader(pid: int) -> bool:
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False
