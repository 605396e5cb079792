"""The backup of docs/operating.md, rehearsed: pg_dump, a new server, roles.sql, pg_restore, verify, seal."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditportal.embedded import Embedded, Services
from recordings.proof.verification.verify import verify
from recordings.tlog.policy import Policy
from tests.backups import dump, restore
from tests.integration.proof.sealing.processes import ROOT, Trail, running
from tests.integration.proof.verification.helpers import failed
from tests.sealing import write_events
from tests.services import current_database

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def fresh_server() -> Iterator[Services]:
    """A server with its roles and an empty database, as deploy/roles.sql creates them."""
    with tempfile.TemporaryDirectory(prefix="portal-restored-") as folder:
        Path(folder).chmod(0o755)  # root runs the server as another user
        embedded = Embedded(Path(folder) / "data", durable=False, redis=False)
        yield embedded.start()
        embedded.remove()


def restored(backup: Path, server: Services) -> Services:
    restore(backup, server.admin_url)
    return server


@pytest.fixture
def trail(services: Services, tmp_path: Path) -> Iterator[Trail]:
    made = Trail(services, tmp_path)
    with running(made.signer()):
        yield made


@pytest.fixture
def backup(trail: Trail, tmp_path: Path) -> Path:
    """A dump of a database with 301 leaves."""
    write_events(trail.services, 300)
    assert trail.seal_here() == 301
    return dump(trail.services.admin_url, tmp_path / "auditportal.dump")


def verified(trail: Trail) -> tuple[list[str], int]:
    result = verify(
        trail.services.database_url, policy=Policy.parse(trail.policy.read_bytes()), every_manifest=True
    )
    return failed(result), result.leaves


def test_a_restored_backup_verifies_and_is_sealed_on(
    trail: Trail, backup: Path, fresh_server: Services
) -> None:
    assert current_database() not in fresh_server.database_url
    trail.services = restored(backup, fresh_server)
    assert verified(trail) == ([], 301)
    assert migrations_to_run(trail.services) == []
    write_events(trail.services, 20)
    assert trail.seal_here() == 321
    assert verified(trail) == ([], 321)


def test_events_that_came_after_the_backup_are_missed_and_a_new_epoch_goes_on(
    trail: Trail, backup: Path, fresh_server: Services
) -> None:
    """The signer has signed more than the backup has: nothing is sealed until an operator decides."""
    write_events(trail.services, 50)
    assert trail.seal_here() == 351
    trail.services = restored(backup, fresh_server)
    refused = trail.seal("--once")
    assert refused.returncode == 1
    assert re.search(r"\b351 leaves.*\b301\b", refused.stderr)
    continued = trail.seal("--new-epoch", "Restored from the backup of the night")
    assert continued.returncode == 0, continued.stderr
    assert "/2 with 303 leaves" in continued.stdout
    assert verified(trail) == ([], 303)
    write_events(trail.services, 5)
    assert trail.seal("--once").stdout == "The log has 308 leaves, all signed.\n"


def migrations_to_run(services: Services) -> list[str]:
    command = [
        sys.executable,
        "-W",
        "ignore",
        str(ROOT / "manage.py"),
        "migrate",
        "--database",
        "owner",
        "--plan",
    ]
    env = {**os.environ, "DATABASE_URL": services.database_url, "DATABASE_OWNER_URL": services.owner_url}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if line.startswith("    ")]
