"""Build the storage's responses: a file, a range of it, a failed condition, or an error in S3's XML."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import unquote
from uuid import uuid4
from xml.sax.saxutils import escape

from auditportal.sandbox.messages import Request, Response
from auditportal.sandbox.s3.ranges import Unsatisfiable, parse_range
from auditportal.sandbox.s3.sigv4 import Refused
from auditportal.sandbox.s3.storage import FileVersion

STATUS = {
    "NoSuchBucket": HTTPStatus.NOT_FOUND,
    "NoSuchKey": HTTPStatus.NOT_FOUND,
    "NoSuchVersion": HTTPStatus.NOT_FOUND,
    "MethodNotAllowed": HTTPStatus.METHOD_NOT_ALLOWED,
    "PreconditionFailed": HTTPStatus.PRECONDITION_FAILED,
    "InvalidRange": HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    "InvalidArgument": HTTPStatus.BAD_REQUEST,
    "InvalidRequest": HTTPStatus.BAD_REQUEST,
    "SlowDown": HTTPStatus.SERVICE_UNAVAILABLE,
    "InternalError": HTTPStatus.INTERNAL_SERVER_ERROR,
    "PermanentRedirect": HTTPStatus.MOVED_PERMANENTLY,
}
OVERRIDES = {
    "response-content-type": "Content-Type",
    "response-content-language": "Content-Language",
    "response-expires": "Expires",
    "response-cache-control": "Cache-Control",
    "response-content-disposition": "Content-Disposition",
    "response-content-encoding": "Content-Encoding",
}


def serve(request: Request, file: FileVersion) -> Response:
    """Return the file, a range of it, or the status of a failed condition. Raises Refused."""
    headers = file_headers(request, file)
    failed = precondition(request, file)
    if failed is HTTPStatus.NOT_MODIFIED:
        return Response(failed, b"", headers)
    if failed is not None:
        raise Refused("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
    part = wanted_part(request, file)
    if part is None:
        return Response(HTTPStatus.OK, memoryview(file.content), headers)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(file.content)}"
    return Response(HTTPStatus.PARTIAL_CONTENT, memoryview(file.content)[part.start : part.stop], headers)


def wanted_part(request: Request, file: FileVersion) -> range | None:
    """Return the requested range, unless If-Range names another version of the file."""
    if request.headers.get("if-range") not in (None, file.etag, http_date(file.modified_at)):
        return None
    asked, size = request.headers.get("range"), len(file.content)
    try:
        return parse_range(asked, size)
    except Unsatisfiable:
        facts = {"RangeRequested": str(asked), "ActualObjectSize": str(size)}
        raise Refused("InvalidRange", "The requested range is not satisfiable", facts) from None


def precondition(request: Request, file: FileVersion) -> HTTPStatus | None:
    """Return the status of a failed condition (RFC 9110 section 13.2.2), or None when the file is sent."""
    match, none_match = request.headers.get("if-match"), request.headers.get("if-none-match")
    if match is not None and match not in ("*", file.etag):
        return HTTPStatus.PRECONDITION_FAILED
    if none_match is not None:
        return HTTPStatus.NOT_MODIFIED if none_match in ("*", file.etag) else None
    since = read_http_date(request.headers.get("if-modified-since", ""))
    return HTTPStatus.NOT_MODIFIED if since is not None and file.modified_at <= since else None


def file_headers(request: Request, file: FileVersion) -> dict[str, str]:
    """Return S3's headers of a file, with the query's overrides. Raises Refused for one that could split headers."""
    headers = {
        "Last-Modified": http_date(file.modified_at),
        "ETag": file.etag,
        "Accept-Ranges": "bytes",
        "x-amz-version-id": file.version_id,
        "Content-Type": file.content_type,
    }
    for name, header in OVERRIDES.items():
        value = request.params.get(name)
        if value is not None and not (value.isascii() and value.isprintable()):
            raise Refused("InvalidArgument", "Header value cannot be represented", {"ArgumentName": name})
        if value is not None:
            headers[header] = value
    return headers


def error(refusal: Refused, request: Request) -> Response:
    """Return the XML that S3 sends with an error."""
    facts = {"Code": refusal.code, "Message": refusal.message, **refusal.facts}
    facts |= {"Resource": unquote(request.path), "RequestId": uuid4().hex[:16].upper(), "HostId": uuid4().hex}
    tags = "".join(f"<{name}>{escape(printable(value))}</{name}>" for name, value in facts.items())
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{tags}</Error>'.encode()
    headers = {"Content-Type": "application/xml"}
    if "ActualObjectSize" in refusal.facts:
        headers["Content-Range"] = f"bytes */{refusal.facts['ActualObjectSize']}"
    return Response(STATUS.get(refusal.code, HTTPStatus.FORBIDDEN), body, headers)


def printable(text: str) -> str:
    """Remove the characters that XML 1.0 cannot contain."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def common_headers(now: datetime) -> dict[str, str]:
    """Return the headers of every response."""
    return {
        "Date": http_date(now),
        "Server": "AmazonS3",
        "x-amz-request-id": uuid4().hex[:16].upper(),
        "x-amz-id-2": uuid4().hex,
    }


def http_date(at: datetime) -> str:
    """Write a time as HTTP headers do."""
    return format_datetime(at.astimezone(UTC), usegmt=True)


def read_http_date(text: str) -> datetime | None:
    """Parse an HTTP date; None when missing or invalid."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
