"""Verify an uploaded file in a separate process with limits on memory and time.

The process runs verify_audit.py, the program that outsiders run, without the portal's settings, secrets and database.
Its result is JSON.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recordings.proof.evidence.verifier_wording import CHECKS, STATES, translated

VERIFIER = Path(__file__).with_name("verify_audit.py")
_LIMITED_PROCESS = Path(__file__).with_name("limited_process.py")
MEMORY = 300 * 1024**2
PROCESSOR_SECONDS = 60
SECONDS = 120
_LONGEST_ANSWER = 4 * 1024**2
_TOO_HEAVY = (
    f"NOT CHECKED: verifying this file takes more than the {SECONDS} seconds or {MEMORY // 1024**2} MiB that the "
    "portal allows; use verify_audit.py on your own computer"
)


@dataclass(frozen=True)
class Check:
    """A check. Its state is `ok`, `fail`, or `none` when there was nothing to check. The sentence is in English."""

    name: str
    state: str
    sentence: str

    @property
    def tone(self) -> str:
        return {"ok": "ok", "fail": "bad"}.get(self.state, "")

    @property
    def state_word(self) -> str:
        return str(STATES.get(self.state, self.state))

    @property
    def meaning(self) -> str:
        """Return what the check establishes, in the reader's language."""
        return str(CHECKS.get(self.name, ""))


@dataclass(frozen=True)
class Inspection:
    """The verifier's result. `exit_code`: 0 no check failed, 1 INVALID, 2 not checked.

    `statement`: names and texts in the order of docs/trail-format.md, 10, in English; empty unless the exit code is 0.
    """

    exit_code: int
    verdict: str
    checks: tuple[Check, ...] = ()
    statement: tuple[tuple[str, str], ...] = ()

    @property
    def tone(self) -> str:
        """Return ok only if an outside party vouches, bad only if a check failed."""
        if self.exit_code == 0:
            return "info" if self.verdict.startswith("CONSISTENT") else "ok"
        return "bad" if self.exit_code == 1 else "warn"

    @property
    def translated_statement(self) -> list[tuple[str, str]]:
        """Return the statement in the reader's language."""
        return [translated(line) for line in self.statement]

    @property
    def failed(self) -> list[str]:
        return [check.name for check in self.checks if check.state == "fail"]


def inspect(file: Path, policy: Path | None = None, certificates: Path | None = None) -> Inspection:
    """Verify a bundle or a single proof with a policy and with certificates of time stamp authorities.

    For any file it returns within SECONDS, and the process uses at most MEMORY bytes.
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
    """Read the verifier's JSON. A process that was ended by a limit has written none, or only a part."""
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
    """Return a text without lone surrogates, which can be neither shown nor stored."""
    return str(value).encode("utf-8", "replace").decode()
