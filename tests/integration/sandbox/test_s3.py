"""The storage over real HTTP: signatures, life, methods, versions, ranges, errors, both host styles."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from botocore.config import Config
from botocore.session import Session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditportal.sandbox import Credential, Sandbox
from auditportal.sandbox.s3.sigv4 import presign
from auditportal.sandbox.sandbox import READER_POLICY
from auditportal.sandbox.world.seed import DIRECT_BUCKET, OUTSIDE_BUCKET, PRESIGNED_BUCKET
from tests.thorough import examples

from .conftest import Answer, send

KEY = "folder/a b+שיחה.bin"
CONTENT = bytes(range(256)) * 4


class Bucket:
    """The direct bucket as an S3 client with the portal's key sees it."""

    def __init__(self, sandbox: Sandbox, style: str = "path") -> None:
        self.sandbox = sandbox
        session = Session()
        session.set_credentials(sandbox.access_key, sandbox.secret_key)
        config = Config(signature_version="s3v4", s3={"addressing_style": style})
        self.client = session.create_client("s3", sandbox.region, endpoint_url=sandbox.s3_url, config=config)

    def url(self, key: str = KEY, *, ttl: int = 60, operation: str = "get_object", **params: Any) -> str:
        wanted = {"Bucket": DIRECT_BUCKET, "Key": key, **params}
        return str(self.client.generate_presigned_url(operation, Params=wanted, ExpiresIn=ttl))


@pytest.fixture(scope="session")
def signer(running: Sandbox) -> Bucket:
    return Bucket(running)


@pytest.fixture
def bucket(sandbox: Sandbox, signer: Bucket) -> Bucket:
    sandbox.control.put_file(DIRECT_BUCKET, KEY, CONTENT, "video/mp4")
    return signer


def error_of(answer: Answer) -> tuple[int, str, str]:
    """Status, code and message of an S3 error, which is always XML."""
    assert answer.headers["content-type"] == "application/xml"
    root = ElementTree.fromstring(answer.body)
    assert root.tag == "Error"
    assert root.findtext("RequestId")
    return answer.status, root.findtext("Code", ""), root.findtext("Message", "")


def test_a_presigned_file_comes_with_everything_s3_says_of_it(bucket: Bucket) -> None:
    answer = send("GET", bucket.url())
    assert (answer.status, answer.body) == (200, CONTENT)
    told = {
        name: answer.headers[name] for name in ("content-length", "content-type", "accept-ranges", "etag")
    }
    assert told == {
        "content-length": "1024",
        "content-type": "video/mp4",
        "accept-ranges": "bytes",
        "etag": '"b2ea9f7fcea831a4a63b213f41a8855b"',
    }
    assert len(answer.headers["x-amz-version-id"]) == 32
    assert answer.headers["last-modified"].endswith("GMT")


def test_the_published_example_of_aws_is_served() -> None:
    with Sandbox(region="us-east-1") as sandbox:
        control = sandbox.control
        control.put_file("examplebucket", "test.txt", b"example", "text/plain")
        keys = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        control.trust(Credential(*keys, frozenset({"examplebucket"})))
        control.set_clock(datetime(2013, 5, 24, 12, tzinfo=UTC))
        query = (
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
            "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        )
        host = {"Host": "examplebucket.s3.amazonaws.com"}
        assert send("GET", f"{sandbox.s3_url}/test.txt?{query}", **host).body == b"example"
        control.advance_clock(12 * 3600)
        late = send("GET", f"{sandbox.s3_url}/test.txt?{query}", **host)
        assert error_of(late) == (403, "AccessDenied", "Request has expired")


def test_the_bucket_enforces_the_policy_of_the_portals_key(bucket: Bucket) -> None:
    """Whatever was signed: a URL that is older than five minutes is refused, and so is everything but reading."""
    at, control = datetime.now(UTC), bucket.sandbox.control
    portal = Credential(bucket.sandbox.access_key, bucket.sandbox.secret_key)
    url = presign(
        bucket.url().partition("?")[0], portal, region=bucket.sandbox.region, at=at, expires=604_800
    )
    assert send("GET", url).status == 200
    control.advance_clock(299)
    assert send("GET", url).status == 200
    control.advance_clock(2)
    assert error_of(send("GET", url)) == (403, "AccessDenied", "Access Denied")


def test_the_whole_policy_refuses_plain_http(bucket: Bucket) -> None:
    control = bucket.sandbox.control
    policy = json.loads(READER_POLICY.read_text().replace("acme-recordings", DIRECT_BUCKET))
    control.trust(
        Credential(
            bucket.sandbox.access_key, bucket.sandbox.secret_key, frozenset({DIRECT_BUCKET}), policy=policy
        )
    )
    assert error_of(send("GET", bucket.url())) == (403, "AccessDenied", "Access Denied")


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ({"Resource": "arn:aws:s3:::another-bucket/*"}, 403),
        ({"Action": "s3:PutObject"}, 403),
        ({"Action": "s3:GetObjectVersion"}, 403),
        ({"Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}}, 403),
        ({"Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "127.0.0.0/8"]}}}, 200),
    ],
)
def test_what_a_policy_does_not_allow_is_refused(
    bucket: Bucket, statement: dict[str, Any], status: int
) -> None:
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{DIRECT_BUCKET}/*"}
    sandbox = bucket.sandbox
    sandbox.control.trust(
        Credential(
            sandbox.access_key,
            sandbox.secret_key,
            frozenset({DIRECT_BUCKET}),
            policy={"Statement": [{**allow, **statement}]},
        )
    )
    assert send("GET", bucket.url()).status == status


def flipped(text: str) -> str:
    """Another character than the given one, which does not mean the same either."""
    return "x" if text != "x" else "y"


@pytest.mark.parametrize("part", ["path", "query"])
def test_every_character_of_path_and_query_counts(bucket: Bucket, part: str) -> None:
    """Whichever one is changed, the answer is 403."""
    url = bucket.url()
    target = url.removeprefix(bucket.sandbox.s3_url)
    split = target.index("?")
    places = range(1, split) if part == "path" else range(split + 1, len(target))
    answers = {}
    for at in places:
        changed = target[:at] + flipped(target[at]) + target[at + 1 :]
        answers[at] = send("GET", bucket.sandbox.s3_url + changed).status
    assert {at: status for at, status in answers.items() if status != 403} == {}
    assert len(answers) > 40


def test_a_flipped_question_mark_is_a_private_file(bucket: Bucket) -> None:
    assert send("GET", bucket.url().replace("?", "x")).status == 403


def test_a_url_ends_when_its_seconds_are_over(bucket: Bucket) -> None:
    url = bucket.url(ttl=60)
    bucket.sandbox.control.advance_clock(58)
    assert send("GET", url).status == 200
    bucket.sandbox.control.advance_clock(3)
    answer = send("GET", url)
    assert error_of(answer) == (403, "AccessDenied", "Request has expired")
    assert ElementTree.fromstring(answer.body).findtext("X-Amz-Expires") == "60"


def test_a_wrong_secret_does_not_match(bucket: Bucket) -> None:
    other = Session()
    other.set_credentials(bucket.sandbox.access_key, "another secret")
    config = Config(signature_version="s3v4")
    place = {"region_name": bucket.sandbox.region, "endpoint_url": bucket.sandbox.s3_url}
    client = other.create_client("s3", **place, config=config)
    url = client.generate_presigned_url("get_object", Params={"Bucket": DIRECT_BUCKET, "Key": KEY})
    assert error_of(send("GET", url))[:2] == (403, "SignatureDoesNotMatch")


def test_signature_version_2_is_refused(bucket: Bucket) -> None:
    """What botocore makes for an endpoint of one's own unless it is told otherwise."""
    session = Session()
    session.set_credentials(bucket.sandbox.access_key, bucket.sandbox.secret_key)
    client = session.create_client("s3", bucket.sandbox.region, endpoint_url=bucket.sandbox.s3_url)
    url = client.generate_presigned_url("get_object", Params={"Bucket": DIRECT_BUCKET, "Key": KEY})
    assert "AWSAccessKeyId=" in url
    assert error_of(send("GET", url))[:2] == (403, "AccessDenied")


@pytest.mark.parametrize("method", ["HEAD", "PUT", "POST", "DELETE", "OPTIONS"])
def test_a_presigned_get_is_for_get_only(bucket: Bucket, method: str) -> None:
    assert send(method, bucket.url()).status == 403


def test_head_has_a_signature_of_its_own(bucket: Bucket) -> None:
    answer = send("HEAD", bucket.url(operation="head_object"))
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "1024")


def test_a_signed_put_is_not_allowed_here(bucket: Bucket) -> None:
    assert error_of(send("PUT", bucket.url(operation="put_object"), b"x"))[:2] == (405, "MethodNotAllowed")


def test_without_a_signature_everything_is_private(bucket: Bucket) -> None:
    base = bucket.sandbox.s3_url
    for path in (
        f"/{DIRECT_BUCKET}/{KEY.split('/')[0]}",
        f"/{DIRECT_BUCKET}/nothing",
        f"/{DIRECT_BUCKET}/",
        "/",
    ):
        assert error_of(send("GET", base + path)) == (403, "AccessDenied", "Access Denied")


def test_what_is_not_there_is_404(bucket: Bucket) -> None:
    assert error_of(send("GET", bucket.url("nothing")))[:2] == (404, "NoSuchKey")
    assert error_of(send("GET", bucket.url(Bucket="no-such-bucket")))[:2] == (404, "NoSuchBucket")


def test_a_key_reads_its_own_buckets_only(bucket: Bucket) -> None:
    for name in (PRESIGNED_BUCKET, OUTSIDE_BUCKET):
        bucket.sandbox.control.put_file(name, KEY, CONTENT, "video/mp4")
        assert error_of(send("GET", bucket.url(Bucket=name)))[:2] == (403, "AccessDenied")


def test_versions(bucket: Bucket) -> None:
    first = send("GET", bucket.url()).headers["x-amz-version-id"]
    second = bucket.sandbox.control.replace_file(KEY, content=b"new").version_id
    assert send("GET", bucket.url()).body == b"new"
    assert send("GET", bucket.url(VersionId=first)).body == CONTENT
    assert send("GET", bucket.url(VersionId=second)).headers["x-amz-version-id"] == second
    assert error_of(send("GET", bucket.url(VersionId="x" * 32)))[:2] == (404, "NoSuchVersion")
    bucket.sandbox.control.delete_file(KEY)
    assert error_of(send("GET", bucket.url()))[:2] == (404, "NoSuchKey")
    assert send("GET", bucket.url(VersionId=second)).body == b"new"
    with pytest.raises(KeyError, match="No bucket of the sandbox holds"):
        bucket.sandbox.control.delete_file(KEY)


def test_a_version_cannot_be_exchanged_in_a_signed_url(bucket: Bucket) -> None:
    first = send("GET", bucket.url()).headers["x-amz-version-id"]
    bucket.sandbox.control.replace_file(KEY, content=b"new")
    url = bucket.url(VersionId=first)
    assert send("GET", url.replace(first, "0" * 32)).status == 403
    assert send("GET", bucket.url() + f"&versionId={first}").status == 403


@pytest.mark.parametrize(
    ("asked", "status", "part", "told"),
    [
        ("bytes=0-0", 206, slice(0, 1), "bytes 0-0/1024"),
        ("bytes=1000-", 206, slice(1000, None), "bytes 1000-1023/1024"),
        ("bytes=-24", 206, slice(-24, None), "bytes 1000-1023/1024"),
        ("bytes=-5000", 206, slice(None), "bytes 0-1023/1024"),
        ("bytes=10-5000", 206, slice(10, None), "bytes 10-1023/1024"),
        ("bytes=0-1,5-6", 200, slice(None), None),
        ("bytes=5-1", 200, slice(None), None),
        ("seconds=1-2", 200, slice(None), None),
    ],
)
def test_ranges(bucket: Bucket, asked: str, status: int, part: slice, told: str | None) -> None:
    answer = send("GET", bucket.url(), Range=asked)
    assert (answer.status, answer.body, answer.headers.get("content-range")) == (status, CONTENT[part], told)


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=1024-2000", "bytes=-0"])
def test_a_range_outside_the_file_is_416(bucket: Bucket, asked: str) -> None:
    answer = send("GET", bucket.url(), Range=asked)
    assert error_of(answer)[:2] == (416, "InvalidRange")
    assert answer.headers["content-range"] == "bytes */1024"


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(min_size=1, max_size=40), first=st.integers(0, 50), length=st.integers(1, 50))
def test_ranges_over_http_are_slices(bucket: Bucket, content: bytes, first: int, length: int) -> None:
    bucket.sandbox.control.put_file(DIRECT_BUCKET, "any", content, "video/mp4")
    answer = send("GET", bucket.url("any"), Range=f"bytes={first}-{first + length - 1}")
    expected = content[first : first + length]
    assert (answer.status, answer.body if expected else b"") == (206 if expected else 416, expected)


def test_conditions(bucket: Bucket) -> None:
    url, answer = bucket.url(), send("GET", bucket.url())
    etag, modified = answer.headers["etag"], answer.headers["last-modified"]
    assert send("GET", url, If_None_Match=etag).status == 304
    assert send("GET", url, If_None_Match='"other"').status == 200
    assert send("GET", url, If_Match=etag).status == 200
    assert error_of(send("GET", url, If_Match='"other"'))[:2] == (412, "PreconditionFailed")
    assert send("GET", url, If_Modified_Since=modified).status == 304
    assert send("GET", url, If_Modified_Since="Thu, 01 Jan 1970 00:00:00 GMT").status == 200
    assert send("GET", url, If_Modified_Since="once").status == 200
    assert send("GET", url, Range="bytes=0-1", If_Range=etag).status == 206
    assert send("GET", url, Range="bytes=0-1", If_Range=modified).status == 206
    assert send("GET", url, Range="bytes=0-1", If_Range='"other"').status == 200


def test_a_query_may_override_some_headers(bucket: Bucket) -> None:
    url = bucket.url(
        ResponseContentType="video/webm",
        ResponseContentDisposition='attachment; filename="a b.mp4"',
        ResponseCacheControl="no-store",
    )
    headers = send("GET", url).headers
    assert (headers["content-type"], headers["cache-control"]) == ("video/webm", "no-store")
    assert headers["content-disposition"] == 'attachment; filename="a b.mp4"'


def test_an_override_cannot_add_a_header(bucket: Bucket) -> None:
    answer = send("GET", bucket.url(ResponseCacheControl="no-store\r\nSet-Cookie: a=b"))
    assert error_of(answer)[:2] == (400, "InvalidArgument")
    assert "set-cookie" not in answer.headers


def test_the_bucket_may_stand_in_the_host(bucket: Bucket) -> None:
    port = urlsplit(bucket.sandbox.s3_url).port
    session = Session()
    session.set_credentials(bucket.sandbox.access_key, bucket.sandbox.secret_key)
    config = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    endpoint = f"http://localhost:{port}"
    client = session.create_client("s3", bucket.sandbox.region, endpoint_url=endpoint, config=config)
    url = client.generate_presigned_url("get_object", Params={"Bucket": DIRECT_BUCKET, "Key": KEY})
    host = f"{DIRECT_BUCKET}.localhost:{port}"
    assert urlsplit(url).netloc == host
    by_address = url.replace(host, f"127.0.0.1:{port}")
    assert send("GET", by_address, Host=host).body == CONTENT
    assert send("GET", by_address).status == 403
    assert send("GET", by_address, Host=f"{PRESIGNED_BUCKET}.localhost:{port}").status == 403


@pytest.mark.parametrize("host", ["", "a b", "[::1", "x/y", "a@b", "é.example"])
def test_a_host_that_is_none_is_refused(bucket: Bucket, host: str) -> None:
    assert send("GET", bucket.url(), Host=host.encode("latin-1").decode("latin-1")).status == 400


def test_the_access_log_keeps_grants_and_no_signature(bucket: Bucket) -> None:
    """A signed parameter that begins with x- is ignored by the storage and kept by its log."""
    sandbox = bucket.sandbox
    direct = bucket.url().partition("?")[0]
    portal = Credential(sandbox.access_key, sandbox.secret_key)
    url = presign(f"{direct}?x-grant=0197", portal, region=sandbox.region, at=datetime.now(UTC), expires=60)
    sandbox.control.clear_logs()
    assert send("GET", url, Range="bytes=0-9", Referer="http://a.example/").status == 206
    assert send("GET", url.replace("0197", "0198")).status == 403
    read, refused = sandbox.control.access_log()
    assert (read.bucket, read.key, read.operation) == (DIRECT_BUCKET, KEY, "REST.GET.OBJECT")
    assert (read.status, read.bytes_sent, read.object_size, read.error_code) == (206, 10, 1024, "")
    assert (read.parameters["x-grant"], read.referer, read.range) == (
        "0197",
        "http://a.example/",
        "bytes=0-9",
    )
    assert read.access_key == sandbox.access_key
    assert (refused.status, refused.error_code, refused.object_size) == (403, "SignatureDoesNotMatch", 0)
    signature = url.rpartition("=")[2]
    assert signature not in repr((read, refused))


def test_a_reader_that_leaves_early_is_logged_with_what_it_took(bucket: Bucket) -> None:
    sandbox = bucket.sandbox
    sandbox.control.script_faults([{"target": "s3", "kind": "cut", "bytes": 100}])
    sandbox.control.clear_logs()
    with pytest.raises(Exception, match="100 bytes read"):
        send("GET", bucket.url())
    assert [one.bytes_sent for one in sandbox.control.access_log()] == [100]
