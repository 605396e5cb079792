"""Settings of recordings: where their files are, how they are played and checked."""

from typing import Self

from pydantic import BaseModel, SecretStr, field_validator, model_validator

from auditportal.env.fields import CommaList, MaybeMoment, setting
from recordings.storage import check_bucket


class StorageSettings(BaseModel):
    """Recordings and their files."""

    RECORDING_BUCKETS: CommaList = setting(
        [],
        "The only places that recordings are played from: `https://host/bucket` or `https://bucket.host`, separated by "
        "commas. `?region=…` after one names its region. Empty: nothing plays.",
        example="https://s3.eu-west-1.amazonaws.com/acme-recordings",
    )
    AWS_ACCESS_KEY_ID: str = setting(
        "",
        "Read-only key for these buckets (policy: `deploy/storage/`). Without a key only links that CommBox signed "
        "are played.",
        example="the id of the key",
    )
    AWS_SECRET_ACCESS_KEY: SecretStr | None = setting(
        None, "The secret of that key.", example="the secret of the key"
    )
    AWS_SESSION_TOKEN: SecretStr | None = setting(
        None, "The session token, if the key is temporary.", example="the token that came with the key"
    )
    AWS_CREDENTIAL_EXPIRATION: MaybeMoment = setting(
        None,
        "When a temporary key expires (ISO 8601). The operations page warns an hour before, and no presigned URL "
        "outlives the key.",
        example="2026-11-30T18:00:00Z",
    )
    S3_USE_ROLE: bool = setting(
        False,
        "Use the keys of the machine's or container's role (web identity, container, profile, instance). They are "
        "renewed automatically.",
        example="true",
    )
    S3_REGION: str = setting(
        "us-east-1",
        "Region of buckets that name none, neither in `RECORDING_BUCKETS` nor in an Amazon host name.",
        example="eu-west-1",
        used_by=("web", "worker", "sealer"),
    )
    PLAYBACK_URL_TTL: int = setting(
        90, "Seconds until a presigned URL expires, 15 to 300.", example="60", ge=15, le=300
    )
    STALE_AFTER_HOURS: int = setting(
        24, "Age at which metadata that CommBox has not confirmed is marked stale.", example="12", ge=1
    )
    CUSTODY_HASH_MAX_BYTES: int = setting(
        2 * 1024**3,
        "Files up to this length are read completely after their first viewing to compute their SHA-256. 0: never.",
        example="0",
        shown_default="2147483648 (2 GiB)",
        ge=0,
    )
    ASSURANCE_LATE_MINUTES: int = setting(
        15,
        "Minutes after the end of a call at which its recording counts as late, and a closed conversation without one "
        "as missing.",
        example="30",
        ge=1,
        le=1440,
    )
    ASSURANCE_SAMPLE: int = setting(
        50,
        "Number of files that are drawn at random and checked each night, 0 to 500. 0: none.",
        example="100",
        ge=0,
        le=500,
    )

    @field_validator("RECORDING_BUCKETS")
    @classmethod
    def _exact_places(cls, value: list[str]) -> list[str]:
        for entry in value:
            check_bucket(entry)
        return value

    @model_validator(mode="after")
    def _whole_storage_credential(self) -> Self:
        if bool(self.AWS_ACCESS_KEY_ID) != bool(self.AWS_SECRET_ACCESS_KEY):
            raise ValueError("Set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither")
        if self.AWS_SESSION_TOKEN and not self.AWS_ACCESS_KEY_ID:
            raise ValueError("AWS_SESSION_TOKEN needs the temporary AWS_ACCESS_KEY_ID that it belongs to")
        if self.S3_USE_ROLE and self.AWS_ACCESS_KEY_ID:
            raise ValueError("S3_USE_ROLE takes keys from the machine's role: leave AWS_ACCESS_KEY_ID empty")
        return self
