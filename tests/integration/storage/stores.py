"""One interface to two S3 servers: the sandbox, and Ceph RGW as an independent one."""

import http.client
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

import time_machine

from auditportal.sandbox import Sandbox
from auditportal.sandbox.s3.sigv4 import Credential
from recordings.storage import IssuedUrl, Location, locate
from recordings.storage.presign import SigningKey, presign_with
from tests.ceph import REGION, Ceph

VIEWING = "0199-viewing"
FILM = bytes(range(256)) * 4


@dataclass(frozen=True)
class Answer:
    """A server's response."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def code(self) -> str:
        """S3's error code, or empty text."""
        found = re.search(rb"<Code>(\w+)</Code>", self.body)
        return found[1].decode() if found else ""


@dataclass(frozen=True)
class Store:
    """A private bucket with versions, and keys to it: the portal's, and one without permission."""

    path_url: str
    host_url: str
    own: SigningKey
    stranger: SigningKey
    put: Callable[[str, bytes], str]
    delete: Callable[[str], None]

    def place(self, key: str, *, base: str = "", version_id: str = "") -> Location:
        """Return the location of a file, from a link as CommBox gives it: path style unless `base` is given."""
        base = base or self.path_url
        version = f"?versionId={quote(version_id, safe='')}" if version_id else ""
        return locate(f"{base}/{quote(key)}{version}", [self.path_url, self.host_url])

    def elsewhere(self, key: str) -> Location:
        """Return the same key in a bucket that does not exist."""
        missing = f"{self.path_url}-missing"
        return locate(f"{missing}/{quote(key)}", [missing])

    def issue(
        self, place: Location, *, ago: float = 0, key: SigningKey | None = None, ttl: int = 60
    ) -> IssuedUrl:
        """Presign as the portal does, now or some seconds ago."""
        with time_machine.travel(datetime.now(UTC) - timedelta(seconds=ago), tick=False):
            return presign_with(
                key or self.own, place, ttl_seconds=ttl, viewing_id=VIEWING, media_type="video/webm"
            )

    def signed(self, place: Location, *, ago: float = 0, key: SigningKey | None = None) -> str:
        return self.issue(place, ago=ago, key=key).url


def in_sandbox(sandbox: Sandbox) -> Store:
    """The sandbox's first bucket. The portal's key may not read its second one, and its owner not the first."""
    bucket = sandbox.bucket_urls[0].rpartition("/")[2]

    def put(key: str, content: bytes) -> str:
        return sandbox.control.put_file(bucket, key, content, "video/mp4").version_id

    stranger = SigningKey("SANDBOXSTRANGER00001", "a key to no bucket", sandbox.region)
    sandbox.control.trust(Credential(stranger.access_key, stranger.secret_key))
    return Store(
        sandbox.bucket_urls[0],
        sandbox.bucket_urls[2],
        SigningKey(sandbox.access_key, sandbox.secret_key, sandbox.region),
        stranger,
        put,
        lambda key: sandbox.control.delete_file(key, bucket),
    )


def in_ceph(ceph: Ceph, bucket: str = "acme-recordings") -> Store:
    """A new bucket on Ceph RGW, and a user who may not read it."""
    url = ceph.create_bucket(bucket, versions=True)
    stranger = "AKIDCEPHSTRANGER0001"
    return Store(
        url,
        ceph.host_url(bucket),
        SigningKey(ceph.access_key, ceph.secret_key, REGION),
        SigningKey(stranger, ceph.add_user("stranger", stranger), REGION),
        lambda key, content: ceph.put(bucket, key, content),
        lambda key: ceph.client.delete_object(Bucket=bucket, Key=key),
    )


@contextmanager
def asking(url: str, method: str = "GET", **headers: str) -> Iterator[http.client.HTTPResponse]:
    """Send a request to the loopback without normalising its URL, whatever its host."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=60)
    try:
        connection.putrequest(method, url.partition(parts.netloc)[2], skip_host=True)
        for name, value in {"Host": parts.netloc, "Content-Length": "0", **headers}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        yield connection.getresponse()
    finally:
        connection.close()


def ask(url: str, method: str = "GET", **headers: str) -> Answer:
    """Read the whole response to a request."""
    with asking(url, method, **headers) as answer:
        body = answer.read()
        return Answer(answer.status, body, {name.lower(): value for name, value in answer.getheaders()})
