"""The storage over HTTP: GET and HEAD of private files by presigned URL, in path and virtual-host style."""

import re
import threading
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import unquote

from auditportal.sandbox.behaviour.faults import Fault, Faults
from auditportal.sandbox.behaviour.logs import Access, Log, kept_parameters
from auditportal.sandbox.behaviour.switches import Panel
from auditportal.sandbox.clock import Clock
from auditportal.sandbox.messages import Request, Response, Transmission
from auditportal.sandbox.s3 import sigv4
from auditportal.sandbox.s3.answers import common_headers, error, serve
from auditportal.sandbox.s3.policy import check_policy
from auditportal.sandbox.s3.sigv4 import Credential, Refused
from auditportal.sandbox.s3.storage import Bucket, FileVersion

HOST_FORM = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?", re.ASCII)
FAULTS = {
    "denied": ("AccessDenied", "Access Denied"),
    "missing": ("NoSuchKey", "The specified key does not exist."),
    "unsatisfiable": ("InvalidRange", "The requested range is not satisfiable"),
    "archived": ("InvalidObjectState", "The operation is not valid for the object's storage class"),
    "moved": ("PermanentRedirect", "The bucket must be addressed using the specified endpoint."),
    "slow_down": ("SlowDown", "Please reduce your request rate."),
    "internal_error": ("InternalError", "We encountered an internal error. Please try again."),
}


def without_range(request: Request) -> Request:
    """Return the request without its range, as a storage without range support reads it."""
    headers = {name: value for name, value in request.headers.items() if name != "range"}
    return replace(request, headers=headers)


class S3:
    """Buckets, the keys that may read them, and an access log."""

    def __init__(
        self,
        region: str,
        clock: Clock,
        lock: threading.RLock,
        faults: Faults,
        panel: Panel,
        credentials: Iterable[Credential],
    ) -> None:
        self.region = region
        self.clock = clock
        self.lock = lock
        self.faults = faults
        self.panel = panel
        self.buckets: dict[str, Bucket] = {}
        self.log: Log[Access] = Log()
        self._at_start = tuple(credentials)
        self.reset()

    def reset(self) -> None:
        """Reset the access keys and the access log. Files stay."""
        self.credentials = {one.access_key: one for one in self._at_start}
        self.regions: dict[str, str] = {}  # of the buckets that are in another one
        self.log.clear()

    def trust(self, credential: Credential) -> None:
        """Accept another access key."""
        self.credentials = {**self.credentials, credential.access_key: credential}

    def bucket(self, name: str) -> Bucket:
        """Return the bucket of that name; create it if it does not exist."""
        return self.buckets.setdefault(name, Bucket(name))

    def __call__(self, request: Request) -> Response:
        """Answer one request and log it."""
        fault, file = self.faults.next_for("s3", request), None
        bucket, key = self.locate(request)
        try:
            file = self.find(request, bucket, key, fault)
            is_whole = fault is not None and fault.kind == "whole"
            response = serve(without_range(request) if is_whole else request, file)
        except Refused as refusal:
            response = error(refusal, request)
        response.headers.update(common_headers(self.clock.now()))
        access = self.log_entry(request, response, bucket, key, file)
        self.log.add(access)
        response.cut_short = lambda size: setattr(access, "bytes_sent", size)
        return replace(response, delivery=self.delivery(fault))

    def delivery(self, fault: Fault | None) -> Transmission:
        """Return how the response is sent: as the fault demands, else at the switch's speed."""
        slow = Transmission(bytes_per_second=self.panel.now.s3_bytes_per_second or None)
        return (fault.delivery() if fault else None) or slow

    def locate(self, request: Request) -> tuple[str, str]:
        """Return bucket and key. The bucket is the host's first label if that names one, else the path's."""
        path = unquote(request.path, errors="surrogateescape")
        label = request.host.partition(":")[0].partition(".")[0]
        if label in self.buckets:
            return label, path[1:]
        bucket, _, key = path[1:].partition("/")
        return bucket, key

    def find(self, request: Request, bucket: str, key: str, fault: Fault | None) -> FileVersion:
        """Check the permission, then find the requested version. Raises Refused."""
        if fault is not None and fault.kind in FAULTS:
            raise Refused(*FAULTS[fault.kind])
        if not HOST_FORM.fullmatch(request.host):
            raise Refused("InvalidRequest", "The Host header cannot be read.")
        self.check_right(request, bucket, key)
        if request.method not in ("GET", "HEAD"):
            raise Refused("MethodNotAllowed", "The specified method is not allowed against this resource.")
        with self.lock:
            return self.version(bucket, key, request.params.get("versionId"))

    def check_right(self, request: Request, bucket: str, key: str) -> None:
        """Check that the URL is presigned by a key that may read this bucket: every file is private. Raises Refused."""
        if not sigv4.is_presigned(request):
            raise Refused("AccessDenied", "Access Denied")
        region = self.regions.get(bucket, self.region)
        credential = sigv4.verify(request, self.credentials, region=region, now=self.clock.now())
        if bucket not in self.buckets:
            return  # there is none, which S3 says to anybody
        if bucket not in credential.buckets or not key:
            raise Refused("AccessDenied", "Access Denied")
        if credential.policy is not None:
            check_policy(credential.policy, request, bucket, key, self.clock.now())

    def version(self, bucket: str, key: str, version_id: str | None) -> FileVersion:
        """Return the newest version of a file, or the named one. Raises Refused when there is none."""
        if bucket not in self.buckets:
            raise Refused("NoSuchBucket", "The specified bucket does not exist", {"BucketName": bucket})
        files = self.buckets[bucket]
        version = files.newest(key) if version_id is None else files.version(key, version_id)
        if version is None:
            code, what = ("NoSuchKey", "key") if version_id is None else ("NoSuchVersion", "version")
            raise Refused(code, f"The specified {what} does not exist.", {"Key": key})
        if version.deleted:
            raise Refused("MethodNotAllowed", "The specified method is not allowed against this resource.")
        return version

    def log_entry(
        self, request: Request, response: Response, bucket: str, key: str, file: FileVersion | None
    ) -> Access:
        """Write the access log entry, as S3 does for every request."""
        code = re.search(rb"<Code>(\w+)</Code>", response.body) if response.status >= 300 else None
        return Access(
            at=self.clock.now(),
            client=request.client,
            bucket=bucket,
            key=key,
            operation=f"REST.{request.method}.OBJECT",
            status=int(response.status),
            error_code=code[1].decode() if code else "",
            bytes_sent=0 if request.method == "HEAD" else len(response.body),
            object_size=len(file.content) if file else 0,
            version_id=request.params.get("versionId", ""),
            access_key=request.params.get("X-Amz-Credential", "").partition("/")[0],
            range=request.headers.get("range", ""),
            referer=request.headers.get("referer", ""),
            user_agent=request.headers.get("user-agent", ""),
            parameters=kept_parameters(request),
        )
