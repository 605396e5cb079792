"""Declare a setting: its type, its meaning, an example and the processes that use it."""

import base64
import binascii
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

Process = Literal["web", "worker", "beat", "sealer", "migrate"]

EVERY_PROCESS: tuple[Process, ...] = ("web", "worker", "beat", "sealer", "migrate")
WEB_AND_WORKER: tuple[Process, ...] = ("web", "worker")
LOOPBACK_HOSTS = ("localhost", "::1")


def split_at_commas(value: Any) -> Any:
    """Split a text into its entries without blanks; anything else is returned as it is."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


# An empty variable is a variable that is not set.
MaybePath = Annotated[Path | None, BeforeValidator(lambda value: value or None)]
MaybeMoment = Annotated[AwareDatetime | None, BeforeValidator(lambda value: value or None)]
CommaList = Annotated[list[str], NoDecode, BeforeValidator(split_at_commas)]
CommaNumbers = Annotated[list[int], NoDecode, BeforeValidator(split_at_commas)]


def setting(
    default: Any,
    meaning: str,
    *,
    example: str,
    used_by: tuple[Process, ...] = WEB_AND_WORKER,
    shown_default: str = "",
    **limits: Any,
) -> Any:
    """Declare a setting. docs/settings.md is generated from these values.

    `shown_default` replaces a default that does not explain itself. `limits` are pydantic's, such as `ge` and `le`.
    """
    documented: dict[str, Any] = {"used_by": list(used_by), "shown_default": shown_default}
    return Field(
        default=default, description=meaning, examples=[example], json_schema_extra=documented, **limits
    )


def is_loopback(host: str | None) -> bool:
    """Whether a host name is this machine's own: the only place plain http:// is accepted for."""
    host = host or ""
    return host in LOOPBACK_HOSTS or host.startswith("127.") or host.endswith(".localhost")


def secret_or_empty(value: SecretStr | None) -> str:
    """Return the text of a secret; empty where it is not set."""
    return value.get_secret_value() if value else ""


def decoded_keys(value: SecretStr | None) -> tuple[bytes, ...]:
    """Decode a list of keys in base64. An entry that is not base64 becomes empty, which fails every length check."""
    return tuple(map(_decoded, split_at_commas(secret_or_empty(value))))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
