"""What the environment says, typed. Start-up stops here, with the variable's name, when something is missing.

Every secret may come from a file instead: `SECRET_KEY_FILE=/run/secrets/key` stands for `SECRET_KEY`.
"""

import base64
import binascii
import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, Self
from urllib.parse import unquote, urlsplit

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from recordings.storage import check_bucket

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK_HOSTS = ("localhost", "::1")


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


# What each process cannot do without. Compose says which process it is; every other needs all that pages need.
NEEDED = {
    "portal": ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "COMMBOX_API_KEY", "AUDIT_FIELD_KEY"),
    "worker": ("DATABASE_URL", "REDIS_URL", "COMMBOX_API_KEY", "AUDIT_FIELD_KEY"),
    "beat": ("BROKER_URL",),
    "sealer": ("DATABASE_SEALER_URL",),
    "migrate": ("DATABASE_OWNER_URL",),
}

# An empty variable is a variable that is not set.
MaybePath = Annotated[Path | None, BeforeValidator(lambda value: value or None)]
MaybeMoment = Annotated[AwareDatetime | None, BeforeValidator(lambda value: value or None)]
CommaList = Annotated[list[str], NoDecode, BeforeValidator(_split)]
CommaNumbers = Annotated[list[int], NoDecode, BeforeValidator(_split)]


def is_loopback(host: str | None) -> bool:
    """Whether a host name is this machine's own: the only place plain http:// is accepted for."""
    host = host or ""
    return host in LOOPBACK_HOSTS or host.startswith("127.") or host.endswith(".localhost")


def secret_or_empty(value: SecretStr | None) -> str:
    """The text of a secret; empty where it is not set."""
    return value.get_secret_value() if value else ""


def decoded_keys(value: SecretStr | None) -> tuple[bytes, ...]:
    """The keys of a list in base64; what is not base64 is no bytes at all, which no length check lets pass."""
    return tuple(map(_decoded, _split(secret_or_empty(value))))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


class Env(BaseSettings):
    """The portal's settings; README lists each with its meaning."""

    model_config = SettingsConfigDict(case_sensitive=True, extra="ignore", hide_input_in_errors=True)

    PROCESS: Literal["portal", "worker", "beat", "sealer", "migrate"] = "portal"
    SECRET_KEY: SecretStr | None = Field(default=None, min_length=50)
    SECRET_KEY_FALLBACKS: SecretStr | None = None
    ALLOWED_HOSTS: CommaList = ["127.0.0.1", "localhost"]
    PUBLIC_URL: str = ""
    DEMO: bool = False
    DEBUG: bool = False
    TRUSTED_PROXY_HOPS: int = Field(default=0, ge=0, le=5)

    DATABASE_URL: SecretStr | None = None
    DATABASE_OWNER_URL: SecretStr | None = None
    DATABASE_SEALER_URL: SecretStr | None = None
    DATABASE_POOL_SIZE: int = Field(default=0, ge=0, le=100)
    REDIS_URL: SecretStr | None = None
    BROKER_URL: SecretStr | None = None

    COMMBOX_API_URL: str = "https://api.commbox.io/"
    COMMBOX_API_KEY: SecretStr | None = None
    COMMBOX_API_KEY_NEXT: SecretStr | None = None
    COMMBOX_STREAMS: CommaNumbers = []
    COMMBOX_STREAM_NAMES: CommaList = []
    COMMBOX_REQUESTS_PER_SECOND: int = Field(default=4, ge=2, le=1000)
    COMMBOX_REQUESTS_AT_ONCE: int = Field(default=2, ge=2, le=40)
    COMMBOX_WEBHOOK_TOKEN: SecretStr | None = None

    COMMBOX_WEBHOOK_ALLOW_FROM: CommaList = []
    COMMBOX_WEBHOOK_HEADER: SecretStr | None = None

    RECORDING_BUCKETS: CommaList = []
    S3_REGION: str = "us-east-1"
    AWS_ACCESS_KEY_ID: str = ""
    AWS_SECRET_ACCESS_KEY: SecretStr | None = None
    AWS_SESSION_TOKEN: SecretStr | None = None
    AWS_CREDENTIAL_EXPIRATION: MaybeMoment = None
    S3_USE_ROLE: bool = False
    COMMBOX_LONG_URLS: Literal["allow", "refuse"] = "allow"
    CUSTODY_HASH_MAX_BYTES: int = Field(default=2 * 1024**3, ge=0)
    ASSURANCE_LATE_MINUTES: int = Field(default=15, ge=1, le=1440)
    ASSURANCE_SAMPLE: int = Field(default=50, ge=0, le=500)
    PLAYBACK_URL_TTL: int = Field(default=90, ge=15, le=300)

    AUDIT_RELEASE: Literal["durable", "sealed", "witnessed"] = "durable"
    AUDIT_FIELD_KEY: SecretStr | None = None
    KEY_ENCRYPTION_KEYS: SecretStr | None = None
    AUDIT_ORIGIN: str = Field(default="", pattern=r"^[^\s+]*$", max_length=200)
    AUDIT_SIGNER_SOCKET: MaybePath = None
    AUDIT_POLICY_FILE: MaybePath = None
    AUDIT_LOG_PUBLIC: bool = False
    AUDIT_WITNESS_PACE: CommaList = []
    AUDIT_LAG_ALARM_SECONDS: int = Field(default=30, ge=1)
    AUDIT_LAG_LIMIT_SECONDS: int = Field(default=300, ge=1)
    AUDIT_ANCHOR_BUCKET: str = ""
    AUDIT_ANCHOR_ACCESS_KEY_ID: str = ""
    AUDIT_ANCHOR_SECRET_ACCESS_KEY: SecretStr | None = None
    AUDIT_ANCHOR_DAYS: int = Field(default=2557, ge=1)
    AUDIT_TSA_URL: str = ""
    AUDIT_TSA_CERTIFICATES: MaybePath = None
    AUDIT_MAIL_TO: CommaList = []
    AUDIT_MAIL_FROM: str = ""
    SMTP_URL: SecretStr | None = None

    REPORTS_DIR: Path = ROOT / ".portal" / "reports"
    STALE_AFTER_HOURS: int = Field(default=24, ge=1)
    HEARTBEAT_FILE: MaybePath = None
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    METRICS_TOKEN: SecretStr | None = Field(default=None, min_length=16)

    @field_validator("COMMBOX_API_URL", "PUBLIC_URL")
    @classmethod
    def _https_beyond_loopback(cls, value: str) -> str:
        url = urlsplit(value)
        if value and url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname)):
            raise ValueError("must start with https:// (http:// is accepted for this machine only)")
        return value

    @field_validator("RECORDING_BUCKETS")
    @classmethod
    def _exact_places(cls, value: list[str]) -> list[str]:
        for entry in value:
            check_bucket(entry)
        return value

    @field_validator("COMMBOX_WEBHOOK_TOKEN")
    @classmethod
    def _two_long_tokens(cls, value: SecretStr | None) -> SecretStr | None:
        tokens = [text.strip() for text in value.get_secret_value().split(",")] if value else []
        hashed = re.compile(r"sha256:[0-9a-f]{64}")
        if len(tokens) > 2 or any(len(token) < 22 for token in tokens if token):
            raise ValueError(
                "takes one or two tokens of at least 22 characters (128 bits), divided by a comma"
            )
        if any(token.startswith("sha256:") and not hashed.fullmatch(token) for token in tokens):
            raise ValueError("takes sha256: and 64 hex digits for a token that is kept hashed")
        return value

    @field_validator("KEY_ENCRYPTION_KEYS")
    @classmethod
    def _each_of_32_bytes(cls, value: SecretStr | None) -> SecretStr | None:
        if any(len(key) != 32 for key in decoded_keys(value)):
            raise ValueError(
                "takes keys of 32 bytes in base64, divided by commas: the one that encrypts first"
            )
        return value

    @field_validator("COMMBOX_WEBHOOK_ALLOW_FROM")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        for entry in value:
            ip_network(entry)
        return value

    @field_validator("COMMBOX_WEBHOOK_HEADER")
    @classmethod
    def _name_and_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not re.fullmatch(r"[A-Za-z0-9-]+: ?\S.{15,}", value.get_secret_value()):
            raise ValueError(
                "takes a header and its secret of at least 16 characters, such as X-Proxy-Secret: …"
            )
        return value

    @field_validator("COMMBOX_STREAM_NAMES")
    @classmethod
    def _id_and_name(cls, value: list[str]) -> list[str]:
        if any(not entry.partition("=")[0].isdecimal() or "=" not in entry for entry in value):
            raise ValueError("takes entries such as 31245=Premium video")
        return value

    @field_validator("AUDIT_WITNESS_PACE")
    @classmethod
    def _name_and_seconds(cls, value: list[str]) -> list[str]:
        if any(not re.fullmatch(r"\S+=[1-9][0-9]{0,5}", entry) for entry in value):
            raise ValueError("takes entries such as public-witness=3600: its name in the policy and seconds")
        return value

    @model_validator(mode="after")
    def _whole_storage_credential(self) -> Self:
        if bool(self.AWS_ACCESS_KEY_ID) != bool(self.AWS_SECRET_ACCESS_KEY):
            raise ValueError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY come together or not at all")
        if self.AWS_SESSION_TOKEN and not self.AWS_ACCESS_KEY_ID:
            raise ValueError("AWS_SESSION_TOKEN belongs to a temporary AWS_ACCESS_KEY_ID, which is not set")
        if self.S3_USE_ROLE and self.AWS_ACCESS_KEY_ID:
            raise ValueError("S3_USE_ROLE takes keys from the machine's role: leave AWS_ACCESS_KEY_ID empty")
        return self

    def secret_texts(self) -> set[str]:
        """Every secret as it may stand in a text: passwords of addresses, entries of lists, values of headers."""
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
    """Values named by `NAME_FILE`: mounted secrets, without the trailing line end."""
    files = {name.removesuffix("_FILE"): path for name, path in environ.items() if name.endswith("_FILE")}
    return {
        name: Path(path).read_text().rstrip("\n") for name, path in files.items() if name in Env.model_fields
    }


def _refuse(lines: list[str]) -> NoReturn:
    raise SystemExit("AuditPortal cannot start; set these environment variables:\n" + "\n".join(lines))


def read_env() -> Env:
    """Read the environment. Ends the process with one line per missing or wrong variable; values are not shown."""
    try:
        values: dict[str, Any] = {**os.environ, **_from_files(dict(os.environ))}
    except OSError as error:
        raise SystemExit(f"AuditPortal cannot start; a secret file cannot be read: {error}") from None
    given = {name: value for name, value in values.items() if name in Env.model_fields}
    needed = NEEDED.get(given.get("PROCESS", "portal"), ())
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
