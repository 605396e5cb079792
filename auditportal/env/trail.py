"""Settings of the audit trail: its keys, the sealed log, witnesses and anchors."""

import re
from typing import Literal

from pydantic import BaseModel, SecretStr, field_validator

from auditportal.env.fields import CommaList, MaybePath, Process, setting

SEALER: tuple[Process, ...] = ("sealer",)
WITH_SEALER: tuple[Process, ...] = ("web", "worker", "sealer")


class TrailSettings(BaseModel):
    """The audit trail and its sealed log."""

    AUDIT_FIELD_KEY: SecretStr | None = setting(
        None,
        "Encrypts the keys of personal values in the trail: 32 bytes in base64. Back it up apart from the database; "
        "without it those values are lost.",
        example="output of `openssl rand -base64 32`",
    )
    AUDIT_ORIGIN: str = setting(
        "",
        "The log's permanent name: a host name of yours and a path, without `https://`. Empty: nothing is sealed.",
        example="audit.example.com/trail",
        used_by=WITH_SEALER,
        pattern=r"^[^\s+]*$",
        max_length=200,
    )
    AUDIT_SIGNER_SOCKET: MaybePath = setting(
        None, "The signer's unix socket.", example="/run/signer/signer.sock", used_by=SEALER
    )
    AUDIT_POLICY_FILE: MaybePath = setting(
        None,
        "Trust policy (C2SP `tlog-policy`): the log's key, the witnesses with their addresses, and the quorum.",
        example="/policy/policy.txt",
        used_by=WITH_SEALER,
    )
    AUDIT_RELEASE: Literal["durable", "sealed", "witnessed"] = setting(
        "durable",
        "When a presigned URL may leave: `durable` when its event is committed, `sealed` when a signed checkpoint "
        "covers it, `witnessed` when the quorum has cosigned that checkpoint.",
        example="sealed",
        used_by=WITH_SEALER,
    )
    AUDIT_LAG_LIMIT_SECONDS: int = setting(
        300,
        "Age of the oldest unsealed event after which nothing is given out: no viewing, search, opened page or export. "
        "Only checkpoints signed with a `log` key of the trust policy count as sealed. An alarm is raised at a tenth "
        "of this age.",
        example="600",
        ge=10,
    )
    AUDIT_LOG_PUBLIC: bool = setting(
        False,
        "Serve checkpoints and hash tiles below `/log/` without sign-in, for monitors. Entries are never served.",
        example="true",
        used_by=("web",),
    )
    AUDIT_WITNESS_PACE: CommaList = setting(
        [],
        "How often a witness is asked, as `name=seconds`, separated by commas.",
        example="public-witness=3600",
        used_by=WITH_SEALER,
        shown_default="every 10 seconds if the quorum needs it, every hour if not",
    )
    AUDIT_ANCHOR_BUCKET: str = setting(
        "",
        "`https://host/bucket` with S3 Object Lock, best in an account that is not yours. Checkpoints, tiles and "
        "entries are written to it every five minutes.",
        example="https://s3.eu-central-1.amazonaws.com/acme-trail-anchor",
        used_by=SEALER,
    )
    AUDIT_ANCHOR_ACCESS_KEY_ID: str = setting(
        "", "Key for the anchor bucket.", example="the id of the key", used_by=SEALER
    )
    AUDIT_ANCHOR_SECRET_ACCESS_KEY: SecretStr | None = setting(
        None, "The secret of that key.", example="the secret of the key", used_by=SEALER
    )
    AUDIT_ANCHOR_DAYS: int = setting(
        2557,
        "Days for which objects in the anchor bucket are locked, in compliance mode: nobody can delete them earlier.",
        example="3653",
        used_by=SEALER,
        shown_default="2557 (7 years)",
        ge=1,
    )
    AUDIT_TSA_URL: str = setting(
        "",
        "Time stamp authority (RFC 3161) that stamps a checkpoint every hour.",
        example="https://tsa.example.com/",
        used_by=SEALER,
    )
    AUDIT_TSA_CERTIFICATES: MaybePath = setting(
        None,
        "The authority's certificates (PEM), which its stamps are checked with.",
        example="/policy/tsa.pem",
        used_by=WITH_SEALER,
    )
    AUDIT_MAIL_TO: CommaList = setting(
        [],
        "Addresses that get the newest checkpoint by mail every day. A kept mail proves later that the history before "
        "it was not changed.",
        example="records@auditor.example",
        used_by=SEALER,
    )
    AUDIT_MAIL_FROM: str = setting(
        "",
        "Sender of that mail; the mail server is `SMTP_URL`.",
        example="portal@audit.example.com",
        used_by=SEALER,
    )

    @field_validator("AUDIT_WITNESS_PACE")
    @classmethod
    def _name_and_seconds(cls, value: list[str]) -> list[str]:
        if any(not re.fullmatch(r"\S+=[1-9][0-9]{0,5}", entry) for entry in value):
            raise ValueError("takes entries such as public-witness=3600: its name in the policy and seconds")
        return value
