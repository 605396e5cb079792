"""Settings of the portal's own processes: pages, sign-in, database, Redis."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, SecretStr, field_validator, model_validator

from auditportal.env.fields import EVERY_PROCESS, CommaList, MaybePath, is_loopback, setting

ROOT = Path(__file__).resolve().parents[2]


def require_https(value: str) -> str:
    """Return an address unless it uses plain http:// beyond this machine. Raises ValueError."""
    url = urlsplit(value)
    if value and url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname)):
        raise ValueError("must start with https:// (http:// is accepted for this machine only)")
    return value


class PortalSettings(BaseModel):
    """Processes and pages."""

    PROCESS: Literal["portal", "worker", "beat", "sealer", "migrate"] = setting(
        "portal",
        "The process that this environment is for. Each process requires only its own settings; `portal` (web, "
        "and commands such as `create_user`) requires the most.",
        example="worker",
        used_by=EVERY_PROCESS,
    )
    SECRET_KEY: SecretStr | None = setting(
        None,
        "Signs sessions and form tokens. At least 50 characters.",
        example="output of `openssl rand -base64 48`",
        used_by=("web",),
        min_length=50,
    )
    SECRET_KEY_FALLBACKS: SecretStr | None = setting(
        None,
        "Earlier values of `SECRET_KEY`, separated by commas. Sessions signed with them stay valid until you remove "
        "them here.",
        example="the previous key",
        used_by=("web",),
    )
    PUBLIC_URL: str = setting(
        "",
        "The portal's public address. An `https://` address turns on secure cookies, HSTS and the redirect to "
        "https. Required in production.",
        example="https://audit.example.com",
        used_by=("web", "worker", "sealer"),
    )
    ALLOWED_HOSTS: CommaList = setting(
        ["127.0.0.1", "localhost"],
        "Host names that the portal answers to. Keep `127.0.0.1` for the health check.",
        example="audit.example.com,127.0.0.1",
        used_by=("web",),
    )
    TRUSTED_PROXY_HOPS: int = setting(
        0,
        "Number of your own proxies in front of the portal, 0 to 5. The client's address is read from "
        "`X-Forwarded-For` at that position only.",
        example="1",
        used_by=("web",),
        ge=0,
        le=5,
    )
    SESSION_IDLE_MINUTES: int = setting(
        15,
        "Minutes without activity after which a person is signed out, 2 to 60. Polling is no activity; playing is.",
        example="10",
        used_by=("web",),
        ge=2,
        le=60,
    )
    SESSION_HOURS: int = setting(
        12,
        "Hours after which a person has to sign in again, whatever they do, 1 to 24.",
        example="8",
        used_by=("web",),
        ge=1,
        le=24,
    )
    METRICS_TOKEN: SecretStr | None = setting(
        None,
        "Bearer token for `/metrics` and for the details of `/health/ready`. At least 16 characters. Without it "
        "`/metrics` does not exist.",
        example="output of `openssl rand -hex 16`",
        used_by=("web",),
        min_length=16,
    )
    REPORTS_DIR: Path = setting(
        ROOT / ".portal" / "reports",
        "Folder in which reports are built and kept. Web and workers share it.",
        example="/reports",
        shown_default="`.portal/reports`",
    )
    HEARTBEAT_FILE: MaybePath = setting(
        None,
        "File that worker, beat and sealer touch while they work. Health checks read its age.",
        example="/tmp/alive",  # noqa: S108 - an example
        used_by=("worker", "beat", "sealer"),
    )
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = setting(
        "INFO",
        "Lowest level that is logged: `DEBUG`, `INFO`, `WARNING` or `ERROR`. Logs are JSON lines on standard error.",
        example="WARNING",
        used_by=EVERY_PROCESS,
    )
    DEMO: bool = setting(
        False,
        "Set by `make demo`: cookies work without https and the demo's accounts exist. `check --deploy` refuses it.",
        example="true",
    )
    DEMO_SIGN_IN: Annotated[Literal["easy", "full"] | None, BeforeValidator(lambda value: value or None)] = (
        setting(
            None,
            "Sign-in in the demo: `easy` asks for a password only, on this machine only; `full` is as in production. "
            "Outside the demo `easy` is refused.",
            example="full",
            used_by=("web",),
            shown_default="`easy` in the demo",
        )
    )
    DEBUG: bool = setting(
        False, "Django's debug mode, for development only. `check --deploy` warns of it.", example="true"
    )

    @property
    def easy_sign_in(self) -> bool:
        """Whether a password alone signs in: in the demo, as long as nobody reaches it from elsewhere."""
        return self.DEMO and self.DEMO_SIGN_IN != "full" and self._is_for_this_machine

    @property
    def _is_for_this_machine(self) -> bool:
        hosts = [*self.ALLOWED_HOSTS, *([urlsplit(self.PUBLIC_URL).hostname] if self.PUBLIC_URL else [])]
        return all(map(is_loopback, hosts))

    @model_validator(mode="after")
    def _easy_sign_in_is_the_demos(self) -> Self:
        if self.DEMO_SIGN_IN == "easy" and not self.easy_sign_in:
            raise ValueError(
                "DEMO_SIGN_IN=easy signs people in with a password alone. It is for the demo, on this machine only: "
                "remove it"
            )
        return self

    @field_validator("PUBLIC_URL")
    @classmethod
    def _public_url_is_https(cls, value: str) -> str:
        return require_https(value)


class DatabaseSettings(BaseModel):
    """Database and Redis."""

    DATABASE_URL: SecretStr | None = setting(
        None,
        "Login of web and workers (role `portal_web`). It can append to the audit trail, not change it.",
        example="postgresql://portal_web:…@db/auditportal",
    )
    DATABASE_OWNER_URL: SecretStr | None = setting(
        None,
        "Login for migrations (role `portal_migrator`). Only `migrate --database owner` uses it.",
        example="postgresql://portal_migrator:…@db/auditportal",
        used_by=("migrate",),
        shown_default="`DATABASE_URL`",
    )
    DATABASE_SEALER_URL: SecretStr | None = setting(
        None,
        "Login of the sealer (role `portal_sealer`). Only `seal_trail` uses it.",
        example="postgresql://portal_sealer:…@db/auditportal",
        used_by=("sealer",),
    )
    DATABASE_POOL_SIZE: int = setting(
        0,
        "Threads of each web process. Each has a database connection; two more connections are for monitoring. "
        "0: 8 threads without a pool. Leave it at 0 for workers.",
        example="8",
        used_by=("web",),
        ge=0,
        le=100,
    )
    REDIS_URL: SecretStr | None = setting(
        None,
        "Redis or Valkey for the cache, rate limits and the call budget. Losing its data loses no fact.",
        example="redis://cache:…@cache:6379/0",
    )
    BROKER_URL: SecretStr | None = setting(
        None,
        "Redis or Valkey for messages to workers, separate from the cache.",
        example="redis://broker:…@broker:6379/0",
        used_by=("web", "worker", "beat"),
        shown_default="`REDIS_URL`",
    )
