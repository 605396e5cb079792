"""Signature V4 in the query of a URL: made for the recordings CommBox hands out, and checked for what comes back.

botocore's own signer is the reference in both directions. The rules are AWS's "Authenticating Requests: Using Query
Parameters (AWS Signature Version 4)". S3 answers some malformed parameters with 400; here every refusal is a 403, so
that no damaged URL can look like anything but a refusal.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from auditportal.sandbox.messages import Request

ALGORITHM = "AWS4-HMAC-SHA256"
REQUIRED = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
LONGEST_LIFE = 604_800
SKEW = timedelta(minutes=15)
DATE_FORM = "%Y%m%dT%H%M%SZ"


Policy = Mapping[str, Any]  # as IAM writes one


@dataclass(frozen=True)
class Credential:
    """An access key, its secret, and the buckets it may read. A temporary one comes with a token. With a policy it may
    read only what that allows, too (policy.py)."""

    access_key: str
    secret_key: str = field(repr=False)
    buckets: frozenset[str] = frozenset()
    token: str = field(default="", repr=False)
    policy: Policy | None = field(default=None, repr=False, compare=False)

    def signer(self, region: str, expires: int) -> S3SigV4QueryAuth:
        """Return botocore's signer for this key."""
        return S3SigV4QueryAuth(Credentials(self.access_key, self.secret_key), "s3", region, expires=expires)


class Refused(Exception):
    """A refused URL: S3's error code, message, and the facts in its XML."""

    def __init__(self, code: str, message: str, facts: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.facts = dict(facts or {})


@dataclass(frozen=True)
class Presigned:
    """The signing parameters of a URL."""

    access_key: str
    scope: tuple[str, ...]
    signed_at: datetime
    expires: int
    signed_headers: tuple[str, ...]
    signature: str = field(repr=False)

    @property
    def expires_at(self) -> datetime:
        """Return the time from which the URL is refused."""
        return self.signed_at + timedelta(seconds=self.expires)


def presign(url: str, credential: Credential, *, region: str, at: datetime, expires: int) -> str:
    """Sign a GET of `url` as of `at` for `expires` seconds and return the whole presigned URL."""
    request = AWSRequest("GET", url)
    request.context["timestamp"] = at.strftime(DATE_FORM)
    signer = credential.signer(region, expires)
    signer._modify_request_before_signing(request)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return f"{request.url}&X-Amz-Signature={signer.signature(text, request)}"


def is_presigned(request: Request) -> bool:
    """Return whether the query is of a Signature V4 request."""
    return any(name.startswith("X-Amz-") for name in request.params)


def verify(
    request: Request, credentials: Mapping[str, Credential], *, region: str, now: datetime
) -> Credential:
    """Verify a presigned request and return the credential that signed it. Raises Refused with the S3 error."""
    signed = read(request.params)
    credential = credentials.get(signed.access_key)
    if credential is None:
        message = "The AWS Access Key Id you provided does not exist in our records."
        raise Refused("InvalidAccessKeyId", message, {"AWSAccessKeyId": signed.access_key})
    if request.params.get("X-Amz-Security-Token", "") != credential.token:
        raise Refused("InvalidToken", "The provided token is malformed or otherwise invalid.")
    check_scope(signed, region)
    check_life(signed, now)
    check_signature(request, signed, credential, region)
    return credential


def read(params: Mapping[str, str]) -> Presigned:
    """Read the six signing parameters from a query. Raises Refused when one is missing or malformed."""
    if any(f"X-Amz-{name}" not in params for name in REQUIRED) or params["X-Amz-Algorithm"] != ALGORITHM:
        names = ", ".join(f"X-Amz-{name}" for name in REQUIRED)
        raise malformed(f"Query-string authentication version 4 requires the {names} parameters.")
    access_key, *scope = params["X-Amz-Credential"].split("/")
    return Presigned(
        access_key,
        tuple(scope),
        read_date(params["X-Amz-Date"]),
        read_life(params["X-Amz-Expires"]),
        tuple(params["X-Amz-SignedHeaders"].split(";")),
        params["X-Amz-Signature"],
    )


def read_date(text: str) -> datetime:
    """Parse X-Amz-Date in its one permitted form."""
    if not re.fullmatch(r"\d{8}T\d{6}Z", text, re.ASCII):
        raise malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    try:
        return datetime.strptime(text, DATE_FORM).replace(tzinfo=UTC)
    except ValueError:
        raise malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"") from None


def read_life(text: str) -> int:
    """Parse X-Amz-Expires in seconds, at most a week."""
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise malformed("X-Amz-Expires should be a number")
    if int(text) > LONGEST_LIFE:
        raise malformed(f"X-Amz-Expires must be less than a week (in seconds), at most {LONGEST_LIFE}")
    return int(text)


def check_scope(signed: Presigned, region: str) -> None:
    """Check that the credential's scope is the day of the signature, the bucket's region and S3."""
    expected = (signed.signed_at.strftime("%Y%m%d"), region, "s3", "aws4_request")
    if signed.scope != expected:
        message = f"Error parsing the X-Amz-Credential parameter; expecting the scope {'/'.join(expected)}"
        raise Refused("AuthorizationQueryParametersError", message, {"Region": region})


def check_life(signed: Presigned, now: datetime) -> None:
    """Refuse a URL that has expired, or that begins more than 15 minutes from now."""
    if now >= signed.expires_at:
        times = {
            "X-Amz-Expires": str(signed.expires),
            "Expires": iso(signed.expires_at),
            "ServerTime": iso(now),
        }
        raise Refused("AccessDenied", "Request has expired", times)
    if signed.signed_at > now + SKEW:
        times = {"X-Amz-Date": iso(signed.signed_at), "ServerTime": iso(now)}
        raise Refused("AccessDenied", "Request is not valid yet", times)


def check_signature(request: Request, signed: Presigned, credential: Credential, region: str) -> None:
    """Compute the signature again with botocore and compare in constant time."""
    if "host" not in signed.signed_headers:
        raise Refused("AccessDenied", "There were headers present in the request which were not signed")
    again = signable(request, signed)
    signer = credential.signer(region, signed.expires)
    text = signer.string_to_sign(again, signer.canonical_request(again))
    if not hmac.compare_digest(signer.signature(text, again).encode(), signed.signature.encode()):
        message = (
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method."
        )
        raise Refused("SignatureDoesNotMatch", message, {"AWSAccessKeyId": signed.access_key})


def signable(request: Request, signed: Presigned) -> AWSRequest:
    """The request as its signer saw it: without the signature, with the headers that were signed.

    Path and query are decoded and encoded again, as S3 does, so only meaning counts and not spelling.
    """
    path = quote(unquote(request.path, errors="surrogateescape"), safe="/-_.~", errors="surrogateescape")
    pairs = parse_qsl(request.query, keep_blank_values=True, errors="surrogateescape")
    query = "&".join(f"{encode(key)}={encode(value)}" for key, value in pairs if key != "X-Amz-Signature")
    headers = {name: request.headers.get(name, "") for name in signed.signed_headers}
    again = AWSRequest(request.method, f"https://{request.host}{path}?{query}", headers=headers)
    again.context["timestamp"] = signed.signed_at.strftime(DATE_FORM)
    return again


def encode(text: str) -> str:
    """URI-encode as Signature V4 requires: all but letters, digits and -_.~"""
    return quote(text, safe="-_.~", errors="surrogateescape")


def malformed(message: str) -> Refused:
    """Return the error for signing parameters that cannot be read."""
    return Refused("AuthorizationQueryParametersError", message)


def iso(at: datetime) -> str:
    """Write a time as S3's errors do."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
