"""Set up the demo's sealed log: a signer, a witness named Internal-Audit, the trust policy, and the sealer.

Signer and witness keep their keys and states in their own folders, and run without the portal's settings.
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
    """The signer, the witness and the trust policy of one demo."""

    def __init__(self, folder: Path, secrets: Mapping[str, str]) -> None:
        self._folder, self._secrets = folder, secrets
        self._state = folder / "signer"
        self._state.mkdir(mode=0o700, exist_ok=True)
        self.socket = folders.socket_folder(self._state, None) / "signer.sock"
        self.policy = folder / "policy.txt"

    def settings(self) -> dict[str, str]:
        """Return the portal's settings for its log."""
        return {
            "AUDIT_ORIGIN": self._secrets["AUDIT_ORIGIN"],
            "AUDIT_SIGNER_SOCKET": str(self.socket),
            "AUDIT_POLICY_FILE": str(self.policy),
            "AUDIT_RELEASE": "sealed",
        }

    def prepare(self) -> None:
        """Generate the keys at the first start, and write the policy. Raises EmbeddedError."""
        log = self._vkey(*self._signer_command())
        witness = self._vkey(*self._witness_command(log))
        self.policy.write_text(
            "# The keys that the portal's Verify page trusts (C2SP tlog-policy). In the demo, the operator runs the\n"
            "# witness. In production, an independent party must run it.\n"
            f"log {log}\nwitness {WITNESS} {witness} http://{HOST}:{self._secrets['WITNESS_PORT']}/\nquorum {WITNESS}\n"
        )
        self._log = log

    def processes(self, runner: Runner) -> list[Process]:
        """Create signer, witness and sealer, in the order of their start."""
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
            raise EmbeddedError(
                f"manage.py {command[0]} could not print its key: {result.stderr.strip()[-300:]}"
            )
        return result.stdout.strip()
