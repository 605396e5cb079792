"""Presigned URLs against what AWS published, and the lines between accepted and refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auditportal.sandbox.messages import Request
from auditportal.sandbox.s3.sigv4 import Credential, Refused, presign, verify

# "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)", the example of the S3 API reference.
AWS = Credential("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
AT = datetime(2013, 5, 24, tzinfo=UTC)
URL = "https://examplebucket.s3.amazonaws.com/test.txt"
QUERY = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
    "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
)
EXAMPLE = Request("GET", "/test.txt", QUERY, {"host": "examplebucket.s3.amazonaws.com"}, b"", "127.0.0.1")
KEYS = {AWS.access_key: AWS}


def check(request: Request, at: datetime = AT, region: str = "us-east-1") -> str:
    """The S3 error code with which a request is refused, or "" when it is accepted."""
    try:
        verify(request, KEYS, region=region, now=at)
    except Refused as refusal:
        return refusal.code
    return ""


def test_we_sign_as_aws_published() -> None:
    assert presign(URL, AWS, region="us-east-1", at=AT, expires=86400) == f"{URL}?{QUERY}"


def test_we_accept_what_aws_published() -> None:
    assert verify(EXAMPLE, KEYS, region="us-east-1", now=AT) is AWS


@pytest.mark.parametrize(
    ("offset", "code"),
    [
        (timedelta(minutes=-15), ""),
        (timedelta(minutes=-15, seconds=-1), "AccessDenied"),
        (timedelta(0), ""),
        (timedelta(days=1, microseconds=-1), ""),
        (timedelta(days=1), "AccessDenied"),
    ],
)
def test_a_url_lives_from_its_date_for_its_seconds(offset: timedelta, code: str) -> None:
    assert check(EXAMPLE, AT + offset) == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"method": "HEAD"}, "SignatureDoesNotMatch"),
        ({"method": "PUT"}, "SignatureDoesNotMatch"),
        ({"path": "/Test.txt"}, "SignatureDoesNotMatch"),
        ({"headers": {"host": "examplebucket.s3.amazonaws.com:443"}}, "SignatureDoesNotMatch"),
        ({"query": QUERY + "&versionId=x"}, "SignatureDoesNotMatch"),
        ({"query": QUERY + "&x"}, "SignatureDoesNotMatch"),
        ({"query": QUERY.replace("86400", "86401")}, "SignatureDoesNotMatch"),
        ({"query": QUERY.replace("=host", "=host%3Brange")}, "SignatureDoesNotMatch"),
        ({"query": QUERY.replace("=host", "=range")}, "AccessDenied"),
        ({"query": QUERY.replace("AKIAI", "AKIAX")}, "InvalidAccessKeyId"),
        ({"query": QUERY.replace("86400", "604801")}, "AuthorizationQueryParametersError"),
        ({"query": QUERY.replace("86400", "-1")}, "AuthorizationQueryParametersError"),
        ({"query": QUERY.replace("86400", "٣")}, "AuthorizationQueryParametersError"),
        ({"query": QUERY.replace("T000000Z", "T000000")}, "AuthorizationQueryParametersError"),
        ({"query": QUERY.replace("T000000Z", "T250000Z")}, "AuthorizationQueryParametersError"),
        ({"query": QUERY.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1")}, "AuthorizationQueryParametersError"),
        ({"query": QUERY.replace("us-east-1", "us-east-2")}, "AuthorizationQueryParametersError"),
        ({"query": QUERY.replace("20130524%2F", "20130525%2F")}, "AuthorizationQueryParametersError"),
        ({"query": QUERY.partition("&X-Amz-Signature")[0]}, "AuthorizationQueryParametersError"),
    ],
)
def test_any_change_is_refused(change: dict[str, object], code: str) -> None:
    assert check(replace(EXAMPLE, **change)) == code


def test_another_region_refuses() -> None:
    assert check(EXAMPLE, region="eu-west-1") == "AuthorizationQueryParametersError"


def test_spelling_of_the_same_meaning_is_accepted() -> None:
    """S3 decodes and encodes again: order of the parameters and case of the escapes are not part of the meaning."""
    turned = "&".join(reversed(QUERY.replace("%2F", "%2f").split("&")))
    assert check(replace(EXAMPLE, query=turned, path="/t%65st.txt")) == ""


def test_bytes_that_are_no_text_are_refused_not_fatal() -> None:
    assert check(replace(EXAMPLE, path="/%ff%00")) == "SignatureDoesNotMatch"
    assert check(replace(EXAMPLE, query=QUERY + "&%ff=%fe")) == "SignatureDoesNotMatch"


def test_a_key_with_everything_in_it_is_signed_and_accepted() -> None:
    url = "https://h.example/b/%D7%A9%20%2B%26%3D%3F%23%25~-_.%27%28%29%2A%21"
    signed = presign(url, AWS, region="us-east-1", at=AT, expires=60)
    path, _, query = signed.removeprefix("https://h.example").partition("?")
    assert check(Request("GET", path, query, {"host": "h.example"}, b"", "127.0.0.1")) == ""


def test_no_secret_in_a_repr() -> None:
    assert AWS.secret_key not in repr(AWS)
