"""The ground of the bench: embedded PostgreSQL (durable, as in production) and Redis, the sandbox, the same data."""

import base64
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from auditportal.embedded import Embedded
from auditportal.embedded.services import Services
from auditportal.sandbox import Sandbox

OBJECTS = 100_000


@contextmanager
def ground(*, objects: int = OBJECTS) -> Iterator[Services]:
    """Everything running, Django set up, so many objects loaded; gone again when the block ends."""
    with ground_with_servers(objects=objects) as (services, _):
        yield services


@contextmanager
def ground_with_servers(*, objects: int = OBJECTS) -> Iterator[tuple[Services, Embedded]]:
    """`ground` with the servers themselves, for a part that stops them."""
    folder = Path(tempfile.mkdtemp(prefix="auditportal-bench-"))
    embedded, sandbox = Embedded(folder), Sandbox()
    try:
        services = embedded.start()
        sandbox.start()
        _set_up(services, sandbox, folder)
        if objects:
            _fill(objects)
        yield services, embedded
    finally:
        sandbox.stop()
        embedded.remove()
        shutil.rmtree(folder, ignore_errors=True)


def _set_up(services: Services, sandbox: Sandbox, folder: Path) -> None:
    os.environ |= {
        "SECRET_KEY": "only-for-the-bench-" * 4,
        "AUDIT_FIELD_KEY": base64.b64encode(b"only for the bench, 32 bytes ok!").decode(),
        "DEMO": "true",  # static files as they lie in the repository
        "LOG_LEVEL": "ERROR",
        **sandbox.settings(),
        "DATABASE_URL": services.database_url,
        "DATABASE_OWNER_URL": services.owner_url,
        "DATABASE_SEALER_URL": services.sealer_url,
        # For databases of a part's own (logs.py), made as the tests make theirs.
        "PORTAL_TESTS_ADMIN_URL": services.admin_url,
        "PORTAL_TESTS_FOLDER": str(folder),
        "REDIS_URL": services.redis_url,
        "REPORTS_DIR": str(folder / "reports"),
        "DJANGO_SETTINGS_MODULE": "auditportal.settings",
    }
    import django

    warnings.filterwarnings("ignore", "No directory at")
    django.setup()
    from django.conf import settings

    from tests.services import Databases

    settings.ALLOWED_HOSTS = ["*"]
    Databases().ensure_template()


def _fill(objects: int) -> None:
    from django.core.management import call_command

    from tests.bench import data

    started = perf_counter()
    print(f"Loading {objects:,} objects with {objects * 12 // 10:,} recordings", end=" ", flush=True)
    call_command("migrate", database="owner", verbosity=0, interactive=False)
    data.load(objects)
    print(f"took {perf_counter() - started:,.0f} s.", flush=True)
