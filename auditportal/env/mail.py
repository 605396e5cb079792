"""Settings of the mail server."""

from email.utils import parseaddr
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr, field_validator

from auditportal.env.fields import is_loopback, secret_or_empty, setting


class Server(NamedTuple):
    """What SMTP_URL says."""

    host: str
    port: int
    user: str
    password: str
    tls_from_start: bool
    starttls: bool


def mail_server(url: str) -> Server:
    """Read SMTP_URL. Plain connections are for this machine only."""
    parts = urlsplit(url)
    host, is_smtps = parts.hostname or "", parts.scheme == "smtps"
    return Server(
        host,
        parts.port or (465 if is_smtps else 25),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        tls_from_start=is_smtps,
        starttls=not is_smtps and not is_loopback(host),
    )


class MailSettings(BaseModel):
    """Mail."""

    SMTP_URL: SecretStr | None = setting(
        None,
        "Mail server for invitations and for the daily checkpoint. `smtps://` is TLS from the start. `smtp://` is "
        "STARTTLS with a valid certificate, and plain only to this machine.",
        example="smtps://user:…@mail.example.com:465",
        used_by=("web", "worker", "sealer"),
    )
    MAIL_FROM: str = setting(
        "",
        "Sender of invitations. Without it, without `SMTP_URL` or without `PUBLIC_URL`, the administrator sees the "
        "link instead, and passes it on.",
        example="AuditPortal <portal@audit.example.com>",
        max_length=300,
    )

    @field_validator("SMTP_URL")
    @classmethod
    def _is_an_address(cls, value: SecretStr | None) -> SecretStr | None:
        text = secret_or_empty(value)
        try:
            url = urlsplit(text)
            valid = url.scheme in ("smtp", "smtps") and bool(url.hostname) and url.port != 0
        except ValueError:
            valid = False
        if text and not valid:
            raise ValueError(
                "must be smtp://host:port or smtps://host:port, with user:password@ before the host"
            )
        return value

    @field_validator("MAIL_FROM")
    @classmethod
    def _has_an_address(cls, value: str) -> str:
        if value and "@" not in parseaddr(value)[1]:
            raise ValueError("must be a mail address, or a name and a mail address in angle brackets")
        return value
