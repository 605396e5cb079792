"""The real signer and the real sealer, in processes of their own that a test can kill."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from auditportal.embedded import Services
from recordings.tlog.client import Client
from recordings.tlog.notes import VerifierKey
from tests.waiting import wait_for

ORIGIN = "audit.example.com/trail"
ROOT = Path(__file__).resolve().parents[4]
_MANAGE = [sys.executable, str(ROOT / "manage.py")]


class Trail:
    """A signer and any number of sealers on one database; all state is in `folder`."""

    def __init__(self, services: Services, folder: Path) -> None:
        self.services, self.folder = services, folder
        self.socket, self.policy = folder / "s.sock", folder / "policy.txt"
        self._signing = ["sign_trail", "--state", str(folder / "signer"), "--origin", ORIGIN]
        self.vkey = self._manage(*self._signing, "--print-vkey").stdout.strip()
        self.policy.write_text(f"log {self.vkey}\nquorum none\n")

    def environment(self, **more: str) -> dict[str, str]:
        """Build a sealer's environment: its database login, the signer's socket, and no other login."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")},
            "DATABASE_URL": self.services.sealer_url,
            "DATABASE_OWNER_URL": "",
            "DATABASE_SEALER_URL": self.services.sealer_url,
            "AUDIT_ORIGIN": ORIGIN,
            "AUDIT_SIGNER_SOCKET": str(self.socket),
            "AUDIT_POLICY_FILE": str(self.policy),
            **more,
        }

    def signer(self) -> subprocess.Popen[str]:
        self.socket.unlink(missing_ok=True)
        process = self._start(*self._signing, "--socket", str(self.socket))
        try:
            wait_for(self.signer_listens)
        except BaseException:
            kill(process)
            raise
        return process

    def signer_listens(self) -> bool:
        """Tell whether the socket accepts connections. Its file appears a moment earlier."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def sealer(self, log: Path | None = None) -> subprocess.Popen[str]:
        return self._start("seal_trail", log=log)

    def seal(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run `manage.py seal_trail …` to its end."""
        return self._manage("seal_trail", *arguments, **more)

    def seal_here(self) -> int:
        """Seal and sign as `seal_trail --once` does, in this process, to save the start of another."""
        from recordings.proof.sealing.service import Sealer

        with closing(Client(self.socket)) as signer:
            keys = [VerifierKey.parse(self.vkey)]
            return Sealer(self.services.sealer_url, ORIGIN, signer, keys=keys).once()

    def _start(self, *command: str, log: Path | None = None) -> subprocess.Popen[str]:
        with (log or self.folder / f"{command[0]}.log").open("a") as out:
            return subprocess.Popen(
                [*_MANAGE, *command], env=self.environment(), stdout=out, stderr=out, text=True
            )

    def _manage(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*_MANAGE, *command], env=self.environment(**more), capture_output=True, text=True, check=False
        )


def kill(process: subprocess.Popen[str]) -> None:
    """Kill the process, as a power failure would, unless it has ended."""
    process.send_signal(signal.SIGKILL)
    process.wait()


@contextmanager
def running(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """End the process with the block."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(60)
