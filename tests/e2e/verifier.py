"""The verifier in the browser, called without its page: what it answers, in the words of the Python verifier."""

import base64
import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from recordings.proof.evidence.check.single_file import single_file
from recordings.proof.evidence.check.verify_audit import verify
from tests.forge import Log
from tests.forge_parts import recording
from tests.forgeries import Case

SCRIPTS = Path(__file__).resolve().parents[2] / "static" / "portal" / "verify"
_FOLDER = tempfile.TemporaryDirectory(prefix="verifier-")
PAGE = Path(_FOLDER.name) / "verify.html"  # the single file, as a person saves it
PAGE.write_bytes(single_file())
RUN = """async (given) => {
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const brought = Object.fromEntries(Object.entries(given.brought).map(([name, text]) => [name, bytes(text)]));
    return auditVerifier.verify(new Blob([bytes(given.data)]), brought);
}"""


def encoded(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def run_on(page: Page, data: bytes, brought: Mapping[str, bytes | str] | None = None) -> dict[str, Any]:
    given = {name: encoded(value) for name, value in (brought or {}).items()}
    found: dict[str, Any] = page.evaluate(RUN, {"data": encoded(data), "brought": given})
    return found


def in_words(found: dict[str, Any]) -> dict[str, Any]:
    """Return states, statement, verdict and exit code; the sentences of the checks are each verifier's own."""
    checks = [(check["name"], check["state"]) for check in found["checks"]]
    statement = [(line["name"], line["text"]) for line in found["statement"]]
    return {
        "checks": checks,
        "statement": statement,
        "verdict": found["verdict"],
        "exit_code": found["exit_code"],
    }


def in_python(case: Case) -> dict[str, Any]:
    result = verify(io.BytesIO(case.data), **case.brought)
    return {
        "checks": [(check.name, check.state) for check in result.checks],
        "statement": [(line.name, line.text) for line in result.statement],
        "verdict": result.verdict,
        "exit_code": result.exit_code,
    }


def small() -> dict[str, bytes]:
    """Return the files of a bundle of few leaves; what nobody checks in it is short."""
    log = Log()
    log.add(about=recording(7), names={"actor.name": "Noa"})
    log.close()
    return log.bundle("target", recording(7)) | {"verify_audit.py": b"pass\n", "verify.html": b"<p>\n"}
