"""Everything real: signer, sealer and witness processes, Ceph's Object Lock, OpenSSL's stamps, a mail server."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from auditportal.embedded import Services
from auditportal.embedded.redis import free_port
from tests.ceph import REGION, Ceph
from tests.integration.proof.sealing.processes import Trail, kill
from tests.mailbox import mailbox
from tests.sealing import write_events
from tests.services import Databases, current_database
from tests.tsa import Authority, stamping
from tests.waiting import wait_for

pytestmark = [pytest.mark.ceph, pytest.mark.slow]


class FullyAnchored(Trail):
    """A trail with all of its outside parties."""

    more: dict[str, str] = {}

    def environment(self, **more: str) -> dict[str, str]:
        return super().environment(**self.more, **more)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.services.admin_url) as connection:
            return connection.execute(query).fetchall()

    def known(self) -> dict[str, int]:
        """Return the size of the log that each party has."""
        return dict(self.rows("SELECT name, size FROM audit.outside WHERE size IS NOT NULL"))

    @property
    def size(self) -> int:
        return int(self.rows("SELECT coalesce(max(size), 0) FROM audit.checkpoint")[0][0])


@pytest.fixture
def trail(
    committed_db: None, services: Services, tmp_path: Path, ceph: Ceph, tsa: Authority
) -> Iterator[FullyAnchored]:
    made, port = FullyAnchored(services, tmp_path), free_port()
    witness = [
        sys.executable,
        "-m",
        "recordings.tlog.witness",
        "--state",
        str(tmp_path / "w"),
        "--name",
        "eva.example",
    ]
    vkey = subprocess.check_output([*witness, "--print-vkey"], text=True).strip()
    made.policy.write_text(f"log {made.vkey}\nwitness Eva {vkey} http://127.0.0.1:{port}\nquorum Eva\n")
    with ExitStack() as stack:
        stamper, box = stack.enter_context(stamping(tsa)), stack.enter_context(mailbox())
        made.more = {
            "AUDIT_ANCHOR_BUCKET": ceph.create_bucket("whole", object_lock=True),
            "AUDIT_ANCHOR_ACCESS_KEY_ID": ceph.access_key,
            "AUDIT_ANCHOR_SECRET_ACCESS_KEY": ceph.secret_key,
            "AUDIT_ANCHOR_DAYS": "30",
            "S3_REGION": REGION,
            "AUDIT_TSA_URL": stamper.url,
            "AUDIT_TSA_CERTIFICATES": str(tsa.certificates),
            "AUDIT_MAIL_TO": "eva@auditor.example",
            "AUDIT_MAIL_FROM": "portal@example.com",
            "SMTP_URL": f"smtp://portal:geheim@127.0.0.1:{box.port}",
        }
        stack.callback(kill, made.signer())
        listening = [*witness, "--listen", f"127.0.0.1:{port}", "--log", made.vkey]
        stack.callback(kill, subprocess.Popen(listening, text=True))
        yield made


@pytest.fixture
def sealing(trail: FullyAnchored) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts the sealer; the last one ends with the test."""
    with ExitStack() as stack:

        def start() -> subprocess.Popen[str]:
            process = trail.sealer()
            stack.callback(kill, process)
            return process

        yield start


def test_the_log_is_everywhere_survives_its_sealer_and_comes_back_from_the_bucket(
    trail: FullyAnchored, sealing: Callable[[], subprocess.Popen[str]], databases: Databases
) -> None:
    write_events(trail.services, 300)
    sealer = sealing()
    everybody = {"witness Eva", "bucket", "timestamp", "mail"}
    wait_for(lambda: trail.known().keys() == everybody)

    # Killed, and started again: it goes on where it stopped, and tells those whose time has come.
    kill(sealer)
    backup = trail.services
    copied = f"{current_database()}_now"
    write_events(trail.services, 30)
    databases.drop(copied)
    _clone(databases, copied)
    sealer = sealing()
    wait_for(lambda: trail.size > 330)
    wait_for(lambda: trail.known()["witness Eva"] == trail.size)
    write_events(trail.services, 300)
    wait_for(lambda: trail.size > 630)
    _hurry(trail, "bucket")
    wait_for(lambda: trail.known()["bucket"] == trail.known()["witness Eva"] == trail.size)
    assert trail.rows("SELECT code FROM audit.incident") == []
    whole = trail.rows("SELECT n, entry FROM audit.leaf ORDER BY n")
    kill(sealer)

    # A backup takes the place of the database: it is not sealed, and the bucket gives back what it lacks.
    trail.services = databases.addresses(copied)
    refused = trail.seal("--once")
    assert (refused.returncode, "has seen" in refused.stderr) == (1, True), refused.stderr
    restored = trail.seal("--restore-from", "bucket")
    assert restored.returncode == 0, restored.stderr
    found = trail.rows("SELECT n, entry FROM audit.leaf ORDER BY n")
    assert found[: len(whole)] == whole
    assert "geheim" not in (trail.folder / "seal_trail.log").read_text()
    trail.services = backup
    databases.drop(copied)


def _clone(databases: Databases, name: str) -> None:
    from django.db import connections

    for connection in connections.all():
        connection.close()
    databases.clone(name, template=current_database())


def _hurry(trail: FullyAnchored, party: str) -> None:
    """Make a party due, as if its interval had passed."""
    with psycopg.connect(trail.services.admin_url) as connection:
        connection.execute(
            "UPDATE audit.outside SET success_at = success_at - every WHERE name = %s", [party]
        )
