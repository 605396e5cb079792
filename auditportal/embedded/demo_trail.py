"""Set up the demo's sealed log: a signer, a witness called Internal-Audit, the policy that names both, and the sealer.

Signer and witness keep keys and state in folders of their own and run without any of the portal's settings.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from auditportal.embedded import folders
from auditportal.embedded.demo_processes import HOST, ROOT, Runner
from auditportal.embedded.errors import EmbeddedError
from auditportal.embedded.process import Process

WITNESS = "Internal-Audit"
_MANAGE = str(ROOT / "manage.py")


class Trail:
    """The signer, the witness and the policy of one demo."""

    def __init__(self, folder: Path, secrets: Mapping[str, str]) -> None:
        self._folder, self._secrets = folder, secrets
        self._state = folder / "signer"
        self._state.mkdir(mode=0o700, exist_ok=True)
        self.socket = folders.socket_folder(self._state, None) / "signer.sock"
        self.policy = folder / "policy.txt"

    def settings(self) -> dict[str, str]:
        """The settings of the portal for its log."""
        return {
            "AUDIT_ORIGIN": self._secrets["AUDIT_ORIGIN"],
            "AUDIT_SIGNER_SOCKET": str(self.socket),
            "AUDIT_POLICY_FILE": str(self.policy),
            "AUDIT_RELEASE": "sealed",
        }

    def prepare(self) -> None:
        """Make the keys at the first start, and the policy: this log, watched by this witness. Raises EmbeddedError."""
        log = self._vkey(*self._signer_command())
        witness = self._vkey(*self._witness_command(log))
        self.policy.write_text(
            "# Whom the portal's own Verify page trusts (C2SP tlog-policy). A witness that the operator runs, as\n"
            "# here, counts as the operator: for real, let somebody else run it.\n"
            f"log {log}\nwitness {WITNESS} {witness} http://{HOST}:{self._secrets['WITNESS_PORT']}/\nquorum {WITNESS}\n"
        )
        self._log = log

    def processes(self, runner: Runner) -> list[Process]:
        """Signer, witness and sealer, in the order of their start."""
        signer = runner.without_settings(
            "signer", [_MANAGE, *self._signer_command(), "--socket", str(self.socket)]
        )
        signer.leftovers = [self.socket]
        signer.ready = self.socket.exists
        witness = runner.without_settings("witness", [_MANAGE, *self._witness_command(self._log)])
        return [signer, witness, runner.sealer()]

    def _signer_command(self) -> list[str]:
        return ["sign_trail", "--state", str(self._state), "--origin", self._secrets["AUDIT_ORIGIN"]]

    def _witness_command(self, log: str) -> list[str]:
        name, listen = f"{WITNESS.lower()}.demo", f"{HOST}:{self._secrets['WITNESS_PORT']}"
        state = str(self._folder / "witness")
        return ["witness", "--state", state, "--name", name, "--listen", listen, "--log", log]

    def _vkey(self, *command: str) -> str:
        result = subprocess.run(  # noqa: S603  (our own command)
            [sys.executable, _MANAGE, *command, "--print-vkey"],
            env={"PATH": os.environ.get("PATH", os.defpath)},
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise EmbeddedError(f"manage.py {command[0]} has no key: {result.stderr.strip()[-300:]}")
        return result.stdout.strip()
