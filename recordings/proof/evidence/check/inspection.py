"""Check a file that somebody brought, in a process of its own with limits on memory and time.

The process runs `verify_audit.py`, the file that a stranger runs, and nothing of the portal: no settings, no secrets,
no database. What it found comes back as JSON.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERIFIER = Path(__file__).with_name("verify_audit.py")
_LIMITED_PROCESS = Path(__file__).with_name("limited_process.py")
MEMORY = 300 * 1024**2
PROCESSOR_SECONDS = 60
SECONDS = 120
_LONGEST_ANSWER = 4 * 1024**2
_TOO_HEAVY = (
    f"NOT CHECKED: this file takes more than the {SECONDS} seconds or the {MEMORY // 1024**2} MiB of memory that the "
    "portal has for one check; check it with verify_audit.py on your own machine"
)


@dataclass(frozen=True)
class Check:
    """One check: its state is `ok`, `fail`, or `none` when there was nothing to check."""

    name: str
    state: str
    sentence: str

    @property
    def tone(self) -> str:
        return {"ok": "ok", "fail": "bad"}.get(self.state, "")


@dataclass(frozen=True)
class Inspection:
    """What the verifier found. `exit_code`: 0 nothing contradicts, 1 INVALID, 2 not checked.

    `statement` holds names and texts in the order of docs/trail-format.md; it is empty unless nothing contradicts.
    """

    exit_code: int
    verdict: str
    checks: tuple[Check, ...] = ()
    statement: tuple[tuple[str, str], ...] = ()

    @property
    def tone(self) -> str:
        """Green only when somebody outside vouches, red only for a contradiction."""
        if self.exit_code == 0:
            return "info" if self.verdict.startswith("CONSISTENT") else "ok"
        return "bad" if self.exit_code == 1 else "warn"

    @property
    def failed(self) -> list[str]:
        return [check.name for check in self.checks if check.state == "fail"]


def inspect(file: Path, policy: Path | None = None, certificates: Path | None = None) -> Inspection:
    """Let the verifier check a bundle or a proof by this policy and these certificates of time stampers.

    Whatever is in the file, this answers within SECONDS and the process holds at most MEMORY bytes.
    """
    limits = [str(MEMORY), str(PROCESSOR_SECONDS), str(_LONGEST_ANSWER)]
    trusted = [
        *(["--policy", str(policy)] if policy else []),
        *(["--tsa", str(certificates)] if certificates else []),
    ]
    command = [
        sys.executable,
        "-I",
        "-X",
        "utf8",
        str(_LIMITED_PROCESS),
        *limits,
        str(VERIFIER),
        str(file),
        *trusted,
        "--json",
    ]
    with (
        tempfile.TemporaryFile() as answer,
        subprocess.Popen(  # noqa: S603  (our own interpreter and files)
            command,
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            env={},
            cwd=file.parent,
        ) as process,
    ):
        try:
            exit_code = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return Inspection(2, _TOO_HEAVY)
        answer.seek(0)
        return _parse(exit_code, answer.read())


def _parse(exit_code: int, answer: bytes) -> Inspection:
    """The verifier's answer. A process that a limit ended has given none, or not all of it."""
    try:
        result: dict[str, Any] = json.loads(answer)
        return Inspection(
            exit_code=exit_code,
            verdict=_text(result["verdict"]),
            checks=tuple(
                Check(_text(check["name"]), _text(check["state"]), _text(check["sentence"]))
                for check in result["checks"]
            ),
            statement=tuple((_text(line["name"]), _text(line["text"])) for line in result["statement"]),
        )
    except (ValueError, KeyError, TypeError):
        return Inspection(2, _TOO_HEAVY)


def _text(value: Any) -> str:
    """A text without halves of surrogate pairs: those can neither be shown nor stand in an event."""
    return str(value).encode("utf-8", "replace").decode()
