"""The database's disk is full: nothing plays, what is there can be read, and nothing has to be repaired afterwards."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from auditportal.embedded import Embedded, Services
from recordings.proof.verification.verify import verify
from recordings.tlog.policy import Policy
from tests.backups import dump, restore
from tests.factories import person
from tests.integration.playback.helpers import recorded
from tests.integration.proof.sealing.processes import Trail, running
from tests.integration.proof.verification.helpers import failed
from tests.integration.serving.conftest import serving
from tests.integration.serving.test_overload import signed_in

pytestmark = pytest.mark.slow
SIZE = "320m"
MOST_PLAYS = 100  # the last page of a table is full before


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own that is soon full, where any user of this machine may walk to."""
    with tempfile.TemporaryDirectory(prefix="portal-full-") as folder:
        options = f"size={SIZE},mode=0755"
        Path(folder).chmod(0o755)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
        yield Path(folder)
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def server(small_disk: Path, tmp_path: Path) -> Iterator[Services]:
    """A PostgreSQL on that disk. What it logs goes elsewhere."""
    embedded = Embedded(small_disk / "data", durable=False, redis=False, logs=tmp_path)
    yield embedded.start()
    embedded.stop()


def fill(disk: Path) -> Path:
    """Take all the room there is, also what a checkpoint has given back since the last time."""
    file = disk / "filler"
    with file.open("ab", buffering=0) as out:
        while True:
            try:
                out.write(bytes(4_096))
            except OSError:
                return file


def has_url(answer: httpx.Response) -> bool:
    return "X-Amz-" in answer.text


def test_nothing_plays_on_a_full_disk_and_nothing_is_lost_or_repaired(
    committed_db: None, upstream: Any, services: Services, server: Services, small_disk: Path, tmp_path: Path
) -> None:
    """F31: 503 and no URL while there is no room; every acknowledged event is there; the log verifies."""
    recording, officer = recorded(upstream), person("compliance_officer").username
    restore(dump(services.admin_url, tmp_path / "copy.dump"), server.admin_url)
    with serving(tmp_path, server.database_url, DEMO="true") as served:
        client = signed_in(served, officer)

        def play() -> httpx.Response:
            token = client.cookies["csrf"]
            data = {"purpose": "compliance", "csrfmiddlewaretoken": token}
            return client.post(
                f"/recordings/{recording.pk}/viewings/", data=data, headers={"HX-Request": "true"}
            )

        assert has_url(play())
        answers = []
        while not answers or (has_url(answers[-1]) and len(answers) < MOST_PLAYS):
            filler = fill(small_disk)
            answers.append(play())
        refused = answers[-1]
        assert (refused.status_code, has_url(refused)) == (503, False)
        assert "The audit trail cannot be written right now" in refused.text
        assert [client.get(path).status_code for path in ("/health/ready", "/reports/")] == [200, 200]

        filler.unlink()
        answers.append(play())
        assert has_url(answers[-1])
        given_out = 1 + sum(map(has_url, answers))
        client.close()
    with psycopg.connect(server.admin_url) as connection:
        issued = "SELECT count(*) FROM audit.event WHERE kind = 'viewing.url_issued'"
        assert connection.execute(issued).fetchall() == [(given_out,)]
    trail = Trail(server, tmp_path)
    with running(trail.signer()):
        trail.seal_here()
    policy = Policy.parse(trail.policy.read_bytes())
    assert failed(verify(server.database_url, policy=policy, every_manifest=True)) == []
