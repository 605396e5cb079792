"""Read the settings from the environment, typed. docs/settings.md is generated from the classes of this package.

The process ends with one line for each setting that is missing or wrong. A setting may come from a file:
`SECRET_KEY_FILE=/run/secrets/key` stands for `SECRET_KEY`.
"""

import os
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from auditportal.env.commbox import CommBoxSettings
from auditportal.env.fields import decoded_keys, secret_or_empty
from auditportal.env.mail import MailSettings, mail_server
from auditportal.env.portal import ROOT, DatabaseSettings, PortalSettings
from auditportal.env.sign_on import SignOnSettings
from auditportal.env.storage import StorageSettings
from auditportal.env.trail import TrailSettings

__all__ = [
    "NEEDED",
    "ROOT",
    "SECTIONS",
    "Env",
    "decoded_keys",
    "mail_server",
    "read_env",
    "removed_settings",
    "secret_or_empty",
]

# The settings that each process requires. A process that does not set PROCESS requires those of pages.
NEEDED = {
    "portal": ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "COMMBOX_API_KEY", "AUDIT_FIELD_KEY"),
    "worker": ("DATABASE_URL", "REDIS_URL", "COMMBOX_API_KEY", "AUDIT_FIELD_KEY"),
    "beat": ("BROKER_URL",),
    "sealer": ("DATABASE_SEALER_URL",),
    "migrate": ("DATABASE_OWNER_URL",),
}
# Settings of earlier releases, which are ignored, and what to do without them. A start with one of them warns.
REMOVED = {
    "AUDIT_LAG_ALARM_SECONDS": "the alarm is raised at a tenth of AUDIT_LAG_LIMIT_SECONDS",
    "METRICS_ALLOW_FROM": "set METRICS_TOKEN instead",
    "WEB_THREADS": "set DATABASE_POOL_SIZE instead",
}
SECTIONS = (
    PortalSettings,
    DatabaseSettings,
    SignOnSettings,
    MailSettings,
    CommBoxSettings,
    StorageSettings,
    TrailSettings,
)


class Env(
    PortalSettings,
    DatabaseSettings,
    SignOnSettings,
    MailSettings,
    CommBoxSettings,
    StorageSettings,
    TrailSettings,
    BaseSettings,
):
    """All settings."""

    model_config = SettingsConfigDict(case_sensitive=True, extra="ignore", hide_input_in_errors=True)

    def secret_texts(self) -> set[str]:
        """Return every secret as it may appear in a text: passwords in addresses, entries of lists, header values."""
        texts = set()
        for name in type(self).model_fields:
            value = getattr(self, name)
            if not isinstance(value, SecretStr):
                continue
            text = value.get_secret_value()
            if "://" in text:
                password = urlsplit(text).password or ""
                texts |= {password, unquote(password)}
            elif name == "COMMBOX_WEBHOOK_HEADER":
                texts.add(text.partition(":")[2].strip())
            else:
                texts |= {part.strip() for part in text.split(",")}
        return texts - {""}


def _from_files(environ: dict[str, str]) -> dict[str, str]:
    """Read the values of `NAME_FILE` variables: mounted secrets, without the trailing line end."""
    files = {name.removesuffix("_FILE"): path for name, path in environ.items() if name.endswith("_FILE")}
    return {
        name: Path(path).read_text().rstrip("\n") for name, path in files.items() if name in Env.model_fields
    }


def _refuse(lines: list[str]) -> NoReturn:
    raise SystemExit("AuditPortal cannot start; set these environment variables:\n" + "\n".join(lines))


def read_env() -> Env:
    """Read the environment. Ends the process with one line per missing or wrong setting; values are not shown."""
    try:
        values: dict[str, Any] = {**os.environ, **_from_files(dict(os.environ))}
    except OSError as error:
        raise SystemExit(f"AuditPortal cannot start; a secret file cannot be read: {error}") from None
    given = {name: value for name, value in values.items() if name in Env.model_fields}
    needed = [*NEEDED.get(given.get("PROCESS", "portal"), ())]
    if given.get("OIDC_ISSUER"):
        needed += ["OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"]
    lines = [f"  {name}: Field required" for name in needed if not given.get(name)]
    try:
        env = Env(**given)
    except ValidationError as error:
        lines += [
            f"  {'.'.join(map(str, problem['loc'])) or 'settings'}: {problem['msg']}"
            for problem in error.errors()
        ]
        _refuse(lines)
    if lines:
        _refuse(lines)
    return env


def removed_settings() -> dict[str, str]:
    """Return the settings of earlier releases that the environment still has, each with what to do instead."""
    return {name: instead for name, instead in REMOVED.items() if os.environ.get(name)}
