"""The portal as people meet it: real processes on a database of their own, the sandbox as its source."""

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from auditportal.embedded import Services
from auditportal.embedded.process import Process
from auditportal.embedded.redis import free_port
from auditportal.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
WEBHOOK_TOKEN = "only-for-tests-" + "t" * 32
STREAM_NAMES = "31245=Premium video,31246=Claims video"


@dataclass
class Portal:
    """Addresses and secrets of a running portal; `canaries` are the values that may rest nowhere."""

    url: str
    password: str
    sandbox: Sandbox
    services: Services
    folder: Path
    processes: dict[str, Process] = field(default_factory=dict)
    cookies: dict[str, list[Any]] = field(default_factory=dict)  # of who is signed in, by role

    @property
    def canaries(self) -> tuple[str, ...]:
        return (self.sandbox.api_key, self.sandbox.secret_key, WEBHOOK_TOKEN)

    def logs(self) -> str:
        return "".join(path.read_text(errors="replace") for path in self.folder.glob("*.log"))


def environment(services: Services, sandbox: Sandbox, folder: Path, password: str) -> dict[str, str]:
    """Settings of the portal under test: everything on this machine, URLs as short-lived as they may be."""
    metrics = folder / "metrics"
    metrics.mkdir(exist_ok=True)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("COV_")},
        "DJANGO_SETTINGS_MODULE": "auditportal.settings",
        "DEMO": "true",
        "DEMO_PASSWORD": password,
        "DATABASE_URL": services.database_url,
        "DATABASE_OWNER_URL": services.owner_url,
        "DATABASE_POOL_SIZE": "8",
        "REDIS_URL": services.redis_url,
        "REPORTS_DIR": str(folder / "reports"),
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        "COMMBOX_API_URL": sandbox.api_url,
        "COMMBOX_API_KEY": sandbox.api_key,
        "COMMBOX_STREAM_NAMES": STREAM_NAMES,
        "COMMBOX_WEBHOOK_TOKEN": WEBHOOK_TOKEN,
        "COMMBOX_REQUESTS_PER_SECOND": "200",
        "RECORDING_BUCKETS": ",".join(sandbox.bucket_urls),
        "S3_REGION": sandbox.region,
        "AWS_ACCESS_KEY_ID": sandbox.access_key,
        "AWS_SECRET_ACCESS_KEY": sandbox.secret_key,
        "PLAYBACK_URL_TTL": "15",
    }


def _commands(port: int, folder: Path) -> dict[str, list[str]]:
    python = [sys.executable, "-W", "ignore"]
    celery = ["-m", "celery", "--app", "auditportal"]
    return {
        "web": [*python, "manage.py", "serve", "--port", str(port), "--workers", "1"],
        "worker": [*python, *celery, "worker", "--loglevel", "INFO", "--concurrency", "1", "--pool", "solo"],
        "beat": [*python, *celery, "beat", "--loglevel", "INFO", "--schedule", str(folder / "beat")],
    }


def _answers(url: str) -> bool:
    with contextlib.suppress(URLError, OSError), urlopen(f"{url}/health/ready", timeout=10) as response:
        return bool(response.status == 200)
    return False


# Both commands in one process: it takes a second to start.
_FILL = """
import django
from django.core.management import call_command
django.setup()
call_command("seed_demo")
call_command("refresh_catalog")
"""


def new_password() -> str:
    return secrets.token_urlsafe(18)


def fill(
    services: Services,
    sandbox: Sandbox,
    folder: Path,
    password: str,
    overrides: Mapping[str, str] | None = None,
) -> None:
    """Bring the demo's people and the sandbox's recordings into a migrated database."""
    env = environment(_on_its_own_broker(services), sandbox, folder, password) | dict(overrides or {})
    command = [sys.executable, "-W", "ignore", "-c", _FILL]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr[-2000:]}"


def _on_its_own_broker(services: Services) -> Services:
    """A Redis database of its own: its worker must not take the messages that other tests look for."""
    return replace(services, redis_url=urlsplit(services.redis_url)._replace(path="/7").geturl())


@contextlib.contextmanager
def running(
    services: Services,
    sandbox: Sandbox,
    folder: Path,
    password: str,
    overrides: Mapping[str, str] | None = None,
    parts: Collection[str] = ("web", "worker", "beat"),
) -> Iterator[Portal]:
    """Serve a filled database; ends every process it started.

    `overrides` are settings that replace those of `environment`; without worker and beat it starts in half the time.
    """
    services = _on_its_own_broker(services)
    port = free_port()
    env = environment(services, sandbox, folder, password) | dict(overrides or {})
    portal = Portal(f"http://localhost:{port}", password, sandbox, services, folder)
    for name, argv in _commands(port, folder).items():
        if name not in parts:
            continue
        ready = (lambda: _answers(portal.url)) if name == "web" else (lambda: True)
        portal.processes[name] = Process(
            name, argv, folder / f"{name}.lock", folder / f"{name}.log", directory=ROOT, env=env, ready=ready
        )
    try:
        for process in portal.processes.values():
            process.start()
        portal.processes["web"].wait_ready(180)
        yield portal
    finally:
        for process in reversed(portal.processes.values()):
            process.stop()
