"""AWS Signature Version 4 for a presigned GET, written from Amazon's description with hashlib and hmac alone.

Independent of botocore on purpose: it checks what the portal signs.
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote, urlsplit


def verifies(url: str, secret_key: str, *, at: datetime, method: str = "GET") -> bool:
    """Return whether a presigned URL has the right signature and is valid at `at`."""
    try:
        return _verifies(url, secret_key, at, method)
    except (LookupError, ValueError):
        return False


def _verifies(url: str, secret_key: str, at: datetime, method: str) -> bool:
    parts = urlsplit(url)
    pairs = [tuple(map(unquote, pair.partition("=")[::2])) for pair in parts.query.split("&")]
    fields = dict(pairs)
    if len(fields) != len(pairs) or fields["X-Amz-Algorithm"] != "AWS4-HMAC-SHA256":
        return False
    signed_at = datetime.strptime(fields["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if not signed_at <= at <= signed_at + timedelta(seconds=int(fields["X-Amz-Expires"])):
        return False
    signature = fields.pop("X-Amz-Signature")
    host = (parts.netloc, fields["X-Amz-SignedHeaders"])
    request = _canonical_request(method, parts.path, fields, host)
    scope = fields["X-Amz-Credential"].split("/", 1)[1]
    to_sign = "\n".join(
        ["AWS4-HMAC-SHA256", fields["X-Amz-Date"], scope, hashlib.sha256(request.encode()).hexdigest()]
    )
    return hmac.compare_digest(signature.encode(), _signature(secret_key, scope, to_sign).encode())


def _canonical_request(method: str, path: str, fields: dict[str, str], host: tuple[str, str]) -> str:
    query = "&".join(sorted(f"{_encoded(name)}={_encoded(value)}" for name, value in fields.items()))
    uri = quote(unquote(path), safe="/-_.~")
    if uri != path:
        raise ValueError("the path is not encoded canonically")
    return "\n".join([method, uri, query, f"host:{host[0]}\n", host[1], "UNSIGNED-PAYLOAD"])


def _signature(secret_key: str, scope: str, to_sign: str) -> str:
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
