"""Settings of the source: CommBox's API and its webhooks."""

import re
from ipaddress import ip_network
from typing import Literal

from pydantic import BaseModel, SecretStr, field_validator

from auditportal.env.fields import CommaList, CommaNumbers, decoded_keys, setting
from auditportal.env.portal import require_https


class CommBoxSettings(BaseModel):
    """CommBox."""

    COMMBOX_API_URL: str = setting(
        "https://api.commbox.io/",
        "Address of the API. `http://` is accepted for this machine only.",
        example="https://api.commbox.io/",
    )
    COMMBOX_API_KEY: SecretStr | None = setting(
        None,
        "The account's key at installation. Administrators add later keys on the operations page without a restart.",
        example="the key of the CommBox account",
    )
    COMMBOX_API_KEY_NEXT: SecretStr | None = setting(
        None,
        "The next key during a rotation by configuration. It is tried once when CommBox refuses the first.",
        example="the account's next key",
    )
    KEY_ENCRYPTION_KEYS: SecretStr | None = setting(
        None,
        "Keys of 32 bytes in base64, separated by commas, that encrypt the CommBox keys in the database. The first "
        "encrypts; the others only decrypt.",
        example="output of `openssl rand -base64 32`",
        shown_default="derived from `AUDIT_FIELD_KEY`",
    )
    COMMBOX_STREAMS: CommaNumbers = setting(
        [],
        "Video channels by id. CommBox calls them streams.",
        example="31245,31246",
        shown_default="discovered",
    )
    COMMBOX_STREAM_NAMES: CommaList = setting(
        [],
        "Names of channels, which the API does not return.",
        example="31245=Premium video,31246=Claims video",
    )
    COMMBOX_REQUESTS_PER_SECOND: int = setting(
        4,
        "Calls a second that the installation may make, 2 to 1,000. All processes share them; a quarter is reserved "
        "for playback.",
        example="16",
        ge=2,
        le=1000,
    )
    COMMBOX_REQUESTS_AT_ONCE: int = setting(
        2,
        "Calls in flight at the same time, 2 to 40. One is reserved for playback. Slow answers need more of "
        "them to use up the rate.",
        example="8",
        ge=2,
        le=40,
    )
    COMMBOX_LONG_URLS: Literal["allow", "refuse"] = setting(
        "allow",
        "What to do with a link that CommBox signed for more than 300 seconds, where the portal has no storage key of "
        "its own: `allow` plays it and says so, `refuse` does not play it.",
        example="refuse",
    )
    COMMBOX_WEBHOOK_TOKEN: SecretStr | None = setting(
        None,
        "Secret end of the webhook address `/webhooks/commbox/<token>`, at least 22 characters. Two tokens with a "
        "comma are accepted during a rotation; `sha256:<hex>` stores one hashed. Without it webhooks are off.",
        example="output of `openssl rand -hex 16`",
        used_by=("web",),
    )
    COMMBOX_WEBHOOK_ALLOW_FROM: CommaList = setting(
        [],
        "Networks that webhook deliveries may come from.",
        example="203.0.113.0/24",
        used_by=("web",),
        shown_default="any",
    )
    COMMBOX_WEBHOOK_HEADER: SecretStr | None = setting(
        None,
        "Header that your proxy adds and every webhook delivery must have. The value has at least 16 characters.",
        example="X-Proxy-Secret: a-long-random-text",
        used_by=("web",),
    )

    @field_validator("COMMBOX_API_URL")
    @classmethod
    def _api_url_is_https(cls, value: str) -> str:
        return require_https(value)

    @field_validator("COMMBOX_WEBHOOK_TOKEN")
    @classmethod
    def _two_long_tokens(cls, value: SecretStr | None) -> SecretStr | None:
        tokens = [text.strip() for text in value.get_secret_value().split(",")] if value else []
        hashed = re.compile(r"sha256:[0-9a-f]{64}")
        if len(tokens) > 2 or any(len(token) < 22 for token in tokens if token):
            raise ValueError("takes one or two tokens of at least 22 characters, separated by a comma")
        if any(token.startswith("sha256:") and not hashed.fullmatch(token) for token in tokens):
            raise ValueError("takes sha256: and 64 hex digits for a hashed token")
        return value

    @field_validator("KEY_ENCRYPTION_KEYS")
    @classmethod
    def _each_of_32_bytes(cls, value: SecretStr | None) -> SecretStr | None:
        if any(len(key) != 32 for key in decoded_keys(value)):
            raise ValueError("takes keys of 32 bytes in base64, separated by commas; the first one encrypts")
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
