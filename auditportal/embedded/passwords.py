"""Generate random passwords for an embedded server once, and keep them in a file that only its owner can read."""

import json
import os
import secrets
from pathlib import Path

_BYTES = 24


def load_passwords(file: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Load the password for each name. Missing passwords are generated and saved."""
    stored: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    missing = [name for name in names if name not in stored]
    if missing:
        stored |= {name: secrets.token_urlsafe(_BYTES) for name in missing}
        write_private(file, json.dumps(stored))
    return {name: stored[name] for name in names}


def write_private(file: Path, text: str) -> None:
    """Write a file of mode 0600 atomically: it appears under its name only when it is complete."""
    draft = file.with_name(f"{file.name}.{os.getpid()}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
