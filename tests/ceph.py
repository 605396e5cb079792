"""A real S3 server nobody here wrote: Ceph RGW from Debian's packages, one monitor and one in-memory OSD.

It checks signatures and expiry, serves ranges and versions, and knows Object Lock. Everything lives in one folder and
in memory; the processes end with the tests.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config

from auditportal.embedded.process import Process
from auditportal.embedded.redis import HOST, free_port

REGION = "us-east-1"
_DNS_NAME = "localhost"
_START_SECONDS = 60.0
_CAPABILITIES = {
    "mon.": ("mon", "allow *"),
    "client.admin": ("mon", "allow *", "osd", "allow *"),
    "osd.0": ("mon", "allow profile osd", "osd", "allow *"),
    "client.rgw": ("mon", "allow rw", "osd", "allow rwx"),
}
_CONFIG = """
[global]
fsid = {fsid}
mon_host = v2:{host}:{mon_port}
ms_bind_msgr1 = false
public_network = 127.0.0.0/8
auth_allow_insecure_global_id_reclaim = false
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 2000
mon_data_avail_warn = 1
mon_data_avail_crit = 1
run_dir = {folder}/run
log_file = {folder}/log/$name.log
admin_socket = {folder}/run/$name.$pid.asok
crash_dir = {folder}/run
keyring = {folder}/keyring
debug_default = 0
[mon]
mon_data = {folder}/mon
[osd]
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 1073741824
osd_class_load_list = *
osd_class_default_list = *
[client]
rgw_frontends = beast endpoint={host}:{port}
rgw_rados_pool_pg_num_min = 4
rgw_thread_pool_size = 32
rgw_enable_usage_log = false
rgw_data = {folder}/run
rgw_dns_name = {dns_name}
rgw_s3_auth_use_sts = false
"""


class Ceph:
    """One server in `folder`: its address, its one user's keys, and a client that signs with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.access_key, self.secret_key = "AKIDCEPHTESTS0000001", secrets.token_hex(20)
        self._port, self._mon_port = free_port(), free_port()
        self._fsid = str(uuid.uuid4())
        self._processes: list[Process] = []

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self._port}"

    @cached_property
    def client(self) -> Any:
        """botocore's S3 client on this server, path style."""
        return botocore.session.Session().create_client(
            "s3",
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )

    def create_bucket(self, name: str, *, object_lock: bool = False, versions: bool = False) -> str:
        """Make a private bucket; its URL as the portal's allow-list wants it."""
        self.client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=object_lock)
        if versions:
            self.client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return f"{self.endpoint}/{name}"

    def host_url(self, bucket: str) -> str:
        """The bucket's URL in virtual-host style."""
        return f"http://{bucket}.{_DNS_NAME}:{self._port}"

    def put(self, bucket: str, key: str, body: bytes, content_type: str = "video/mp4") -> str:
        """Store a file; its version id, or empty text in a bucket that keeps none."""
        done = self.client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
        return str(done.get("VersionId", ""))

    def add_user(self, name: str, access_key: str) -> str:
        """One more user, who owns nothing and may read nothing; returns the secret key."""
        secret_key = secrets.token_hex(20)
        self._create_user(name, access_key, secret_key)
        return secret_key

    @contextmanager
    def silent(self) -> Iterator[None]:
        """The gateway takes connections and says nothing while the block runs."""
        gateway = self._processes[-1]
        assert gateway.pid
        os.kill(gateway.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(gateway.pid, signal.SIGCONT)

    def start(self) -> None:
        self._write_files()
        self._tool(
            "ceph-mon",
            "-i",
            "a",
            "--mkfs",
            "--monmap",
            self._path("monmap"),
            "--keyring",
            self._path("keyring"),
        )
        self._serve("ceph-mon", "-i", "a")
        osd = str(uuid.uuid4())
        self._tool("ceph", "--connect-timeout", "20", "osd", "new", osd)
        self._tool("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._serve("ceph-osd", "-i", "0")
        self._wait("the OSD", lambda: "1 up" in self._tool("ceph", "osd", "stat"))
        self._create_user("tests", self.access_key, self.secret_key)
        self._serve("radosgw", "-n", "client.rgw")
        self._wait("the gateway", self._listens)

    def stop(self) -> None:
        self.client.close()
        while self._processes:
            self._processes.pop().stop()

    def _create_user(self, name: str, access_key: str, secret_key: str) -> None:
        keys = (f"--access-key={access_key}", f"--secret-key={secret_key}")
        self._tool("radosgw-admin", "user", "create", f"--uid={name}", f"--display-name={name}", *keys)

    def _path(self, name: str) -> str:
        return str(self.folder / name)

    def _write_files(self) -> None:
        for name in ("mon", "osd", "run", "log"):
            (self.folder / name).mkdir(parents=True)
        config = _CONFIG.format(
            fsid=self._fsid,
            host=HOST,
            mon_port=self._mon_port,
            port=self._port,
            folder=self.folder,
            dns_name=_DNS_NAME,
        )
        (self.folder / "ceph.conf").write_text(config)
        keyring = self._path("keyring")
        for number, (name, capabilities) in enumerate(_CAPABILITIES.items()):
            pairs = zip(capabilities[::2], capabilities[1::2], strict=True)
            caps = [word for part, may in pairs for word in ("--cap", part, may)]
            create = [] if number else ["--create-keyring"]
            self._run("ceph-authtool", keyring, *create, "-n", name, "--gen-key", *caps)
        address = f"[v2:{HOST}:{self._mon_port}]"
        self._run(
            "monmaptool", "--create", "--fsid", self._fsid, "--addv", "a", address, self._path("monmap")
        )

    def _serve(self, program: str, *arguments: str) -> None:
        path = shutil.which(program)
        assert path
        process = Process(
            program,
            [path, "-c", self._path("ceph.conf"), *arguments, "-f"],
            lock=self.folder / f"{program}.lock",
            log=self.folder / "log" / f"{program}.out",
            stop_seconds=3,
        )
        process.start()
        self._processes.append(process)

    def _tool(self, program: str, *arguments: str) -> str:
        return self._run(program, "-c", self._path("ceph.conf"), *arguments)

    def _run(self, *command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_START_SECONDS, check=False)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr[-500:]}")
        return done.stdout

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self._port)) == 0

    def _wait(self, what: str, ready: Any) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not ready():
            dead = [process.last_error() for process in self._processes if not process.running]
            if dead or time.monotonic() > deadline:
                raise RuntimeError(f"Ceph: {what} did not come up. {' '.join(dead)}")
            time.sleep(0.1)


@contextmanager
def running(folder: Path) -> Iterator[Ceph]:
    """A server while the block runs."""
    server = Ceph(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
