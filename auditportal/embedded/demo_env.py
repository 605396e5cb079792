"""The demo's settings: secrets that are generated once and stored, and the addresses of the running servers."""

import base64
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from auditportal.embedded.passwords import write_private
from auditportal.embedded.redis import HOST, free_port
from auditportal.embedded.services import Services

SECRETS_FILE = "demo.env"
RUNNING_FILE = "running.env"  # exists while the demo runs; manage.py in another terminal reads it
STREAM_NAMES = "31245=Premium video,31246=Claims video,31200=Web chat"  # CommBox's API returns only numbers


def _password() -> str:
    """Generate a password of four words: long enough for the portal, easy to type."""
    syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
    return "-".join("".join(secrets.choice(syllables) for _ in range(2)) for _ in range(4))


_GENERATED_ONCE: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "AUDIT_FIELD_KEY": lambda: base64.b64encode(os.urandom(32)).decode(),
    "DEMO_PASSWORD": _password,
    "DEMO_APP_KEY": lambda: secrets.token_urlsafe(24),
    "COMMBOX_WEBHOOK_TOKEN": lambda: secrets.token_urlsafe(24),
    "AUDIT_ORIGIN": lambda: f"auditportal.localhost/{secrets.token_hex(4)}",
    "WITNESS_PORT": lambda: str(free_port()),
    # Ports must stay the same, because the database stores the addresses of recordings.
    "SANDBOX_PORT": lambda: str(free_port()),
    "SANDBOX_S3_PORT": lambda: str(free_port()),
}


def load_secrets(folder: Path) -> dict[str, str]:
    """Load the demo's secrets and ports. Missing ones are generated and saved (mode 0600)."""
    file = folder / SECRETS_FILE
    stored = read_file(file) if file.exists() else {}
    missing = {name: generate() for name, generate in _GENERATED_ONCE.items() if name not in stored}
    if missing:
        write_file(file, {**stored, **missing})
    return {**stored, **missing}


def settings(stored: Mapping[str, str], services: Services, port: int, folder: Path) -> dict[str, str]:
    """Build the environment of every demo process (see docs/settings.md). The sandbox adds its settings later."""
    return {
        **stored,
        "DJANGO_SETTINGS_MODULE": "auditportal.settings",
        "PYTHONUNBUFFERED": "1",
        "DEMO": "true",
        "DEMO_SIGN_IN": os.environ.get("DEMO_SIGN_IN", ""),
        "DATABASE_URL": services.database_url,
        "DATABASE_OWNER_URL": services.owner_url,
        "DATABASE_SEALER_URL": services.sealer_url,
        "REDIS_URL": services.redis_url,
        "REPORTS_DIR": str(folder / "reports"),
        "COMMBOX_STREAM_NAMES": STREAM_NAMES,
        "COMMBOX_REQUESTS_PER_SECOND": "100",
        "SANDBOX_WEBHOOK_URL": f"http://{HOST}:{port}/webhooks/commbox/{stored['COMMBOX_WEBHOOK_TOKEN']}",
    }


def read_file(file: Path) -> dict[str, str]:
    """Read NAME=value lines."""
    lines = (line.partition("=") for line in file.read_text().splitlines())
    return {name: value for name, equals, value in lines if equals}


def write_file(file: Path, values: Mapping[str, str]) -> None:
    """Write NAME=value lines to a file that only the owner can read."""
    write_private(file, "".join(f"{name}={value}\n" for name, value in values.items()))
