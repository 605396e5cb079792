"""Run `manage.py demo` in another process, as a person would."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[1]


class Shown:
    """A demo in another process, and its output."""

    def __init__(self, folder: Path, port: int, *options: str) -> None:
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        command = [
            sys.executable,
            "manage.py",
            "demo",
            "--port",
            str(port),
            "--folder",
            str(folder),
            *options,
        ]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.text = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.text += line

    def wait_for(self, words: str) -> None:
        wait_for(lambda: words in self.text or self.process.poll() is not None, 180)
        assert words in self.text

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        self.process.wait(60)
        return self.close()

    def close(self) -> int:
        """Kill the process if it is still running; returns its exit code."""
        self.process.kill()
        code = self.process.wait(60)
        self._reader.join(60)
        assert self.process.stdout
        self.process.stdout.close()
        return code
