"""One sandbox: CommBox's API and its storage on two loopback ports, with test control."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from auditportal.sandbox.behaviour.faults import Faults
from auditportal.sandbox.behaviour.switches import Panel
from auditportal.sandbox.clock import Clock
from auditportal.sandbox.commbox.activities import FileUrls
from auditportal.sandbox.commbox.api import CommBoxApi
from auditportal.sandbox.commbox.keys import Keys, make_key
from auditportal.sandbox.commbox.webhooks import Webhooks
from auditportal.sandbox.control.api import PREFIX, ControlApi
from auditportal.sandbox.control.control import Control
from auditportal.sandbox.messages import Request, Response
from auditportal.sandbox.s3.api import S3
from auditportal.sandbox.s3.sigv4 import Credential
from auditportal.sandbox.server import HOST, Server
from auditportal.sandbox.world.account import World
from auditportal.sandbox.world.journal import Journal
from auditportal.sandbox.world.life import Life
from auditportal.sandbox.world.seed import DIRECT_BUCKET, PRESIGNED_BUCKET

REGION = "eu-west-1"
KEY_LIFE = timedelta(days=365)
ACCESS_KEY = "SANDBOXPORTALREADER1"
SECRET_KEY = "opens-nothing-but-the-sandbox"  # noqa: S105  (opens nothing else)
READER_POLICY = Path(__file__).parents[2] / "deploy" / "storage" / "reader-policy.json"
VENDOR = Credential(
    "SANDBOXVENDORWRITER1", "what-the-vendor-signs-with", frozenset({DIRECT_BUCKET, PRESIGNED_BUCKET})
)


def reader_policy() -> dict[str, Any]:
    """The policy that production gives the portal's key (deploy/storage), for the sandbox's bucket.

    Without the statement against plain HTTP: the sandbox speaks nothing else.
    """
    policy = json.loads(READER_POLICY.read_text().replace("acme-recordings", DIRECT_BUCKET))
    over_http = [each for each in policy["Statement"] if "aws:SecureTransport" not in str(each)]
    return {**policy, "Statement": over_http}


def bucket_urls(s3_port: int) -> tuple[str, ...]:
    """Return both buckets, in path style and virtual-host style."""
    buckets = (DIRECT_BUCKET, PRESIGNED_BUCKET)
    paths = tuple(f"http://{HOST}:{s3_port}/{bucket}" for bucket in buckets)
    return paths + tuple(f"http://{bucket}.localhost:{s3_port}" for bucket in buckets)


def settings_for(
    port: int,
    s3_port: int,
    api_key: str,
    access_key: str = ACCESS_KEY,
    secret_key: str = SECRET_KEY,
    region: str = REGION,
) -> dict[str, str]:
    """Return the environment of a portal that works with a sandbox on these ports."""
    return {
        "COMMBOX_API_URL": f"http://{HOST}:{port}/",
        "COMMBOX_API_KEY": api_key,
        "RECORDING_BUCKETS": ",".join(bucket_urls(s3_port)),
        "S3_REGION": region,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
    }


class Sandbox:
    """A stand-in for CommBox and its bucket. Use `start()` and `stop()`, or a with statement.

    The portal's access key reads the bucket of direct URLs only; files of the other one are reached by the
    presigned URLs that CommBox hands out. Ports of 0 are chosen by the system. Switches given here are start values.
    With a `state_dir` a later start has the same data again, the calls made in between included.
    """

    def __init__(
        self,
        port: int = 0,
        s3_port: int = 0,
        seed: int = 7,
        today: date | None = None,
        *,
        api_key: str | None = None,
        access_key: str = ACCESS_KEY,
        secret_key: str = SECRET_KEY,
        region: str = REGION,
        state_dir: Path | None = None,
        **switches: Any,
    ) -> None:
        journal = Journal(state_dir) if state_dir else None
        day = today or datetime.now(UTC).date()
        self.seed, self.today = journal.same_as_before(seed, day) if journal else (seed, day)
        self.region = region
        self.access_key = access_key
        self.secret_key = secret_key
        self.api_key = api_key or self._key("auditportal")
        self.next_api_key = self._key("auditportal-next")
        self.expired_api_key = make_key("auditportal-expired", datetime(2020, 1, 1, tzinfo=UTC))
        self._assemble(port, s3_port, switches)
        self.control.reset()
        if journal:
            for entry in journal.read():
                self._life.replay(entry)
            self._life.journal = journal

    def _key(self, client_id: str) -> str:
        return make_key(client_id, datetime.combine(self.today, time(), UTC) + KEY_LIFE)

    def _assemble(self, port: int, s3_port: int, switches: dict[str, Any]) -> None:
        """Create all parts and open both ports, so that the addresses are known before the start."""
        clock, faults, world, panel = Clock(), Faults(), World(), Panel(**switches)
        portal = Credential(
            self.access_key, self.secret_key, frozenset({DIRECT_BUCKET}), policy=reader_policy()
        )
        storage = S3(self.region, clock, world.lock, faults, panel, (portal, VENDOR))
        keys = Keys((self.api_key, self.next_api_key, self.expired_api_key))
        self._api = CommBoxApi(world, panel, clock, keys, faults)
        self._s3_server = Server(storage, s3_port)
        try:
            self._api_server = Server(self._answer, port)
        except OSError:
            self._s3_server.server_close()
            raise
        urls = FileUrls(self._s3_server.port, self.region, VENDOR, clock.now)
        self._webhooks = Webhooks(world, panel, clock, urls)
        self._api.connect(urls, self._webhooks.announce)
        self._life = Life(world, storage, clock, self._webhooks.announce)
        self.control = Control(
            world, self._api, storage, self._life, self._webhooks, seed=self.seed, today=self.today
        )
        self._control_api = ControlApi(self.control)

    def _answer(self, request: Request) -> Response:
        """Answer a request to the API's port, which also serves test control under its own prefix."""
        return (self._control_api if request.path.startswith(PREFIX) else self._api)(request)

    @property
    def api_url(self) -> str:
        """Return the base URL of the API, with a trailing slash."""
        return f"http://{HOST}:{self._api_server.port}/"

    @property
    def s3_url(self) -> str:
        """Return the endpoint of the storage, in path style."""
        return f"http://{HOST}:{self._s3_server.port}"

    @property
    def bucket_urls(self) -> tuple[str, ...]:
        """Return the value for RECORDING_BUCKETS: both buckets, in path style and virtual-host style."""
        return bucket_urls(self._s3_server.port)

    def settings(self) -> dict[str, str]:
        """Return the environment of a portal that works with this sandbox."""
        ports = (self._api_server.port, self._s3_server.port)
        settings = settings_for(*ports, self.api_key, self.access_key, self.secret_key, self.region)
        return {"COMMBOX_API_KEY_NEXT": self.next_api_key, **settings}

    def start(self) -> Self:
        """Serve in threads of this process."""
        for part in (self._s3_server, self._api_server, self._life.scheduler, self._webhooks.scheduler):
            part.start()
        return self

    def stop(self) -> None:
        """Stop serving and close open connections."""
        for part in (self._api_server, self._s3_server, self._life.scheduler, self._webhooks.scheduler):
            part.stop()

    def close(self) -> None:
        """Close the ports of a sandbox that was not started."""
        self._api_server.server_close()
        self._s3_server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
