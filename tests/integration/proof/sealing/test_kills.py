"""The sealer and the signer are killed, after each step and at random. Each size has one root, each event one leaf."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.tlog.checkpoint import Checkpoint, parse_note
from recordings.tlog.client import Client, Unreachable
from recordings.tlog.notes import VerifierKey
from tests.integration.proof.sealing.dying import SEALER_STEPS, SIGNER_STEPS
from tests.integration.proof.sealing.processes import ORIGIN, ROOT, Trail, kill, running
from tests.integration.proof.sealing.test_command import signed_size
from tests.integration.proof.sealing.test_late import ANTI_JOIN
from tests.integration.proof.sealing.test_seal import check_log, rows
from tests.sealing import event_body, write_events
from tests.thorough import amount
from tests.waiting import wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

BUNDLE = {"type": "export.requested", "action_detail": {"format": "bundle"}}


@pytest.fixture
def trail(services: Services, tmp_path: Path) -> Trail:
    return Trail(services, tmp_path)


def check_everything(trail: Trail) -> None:
    """Check that every committed event is sealed once, and that the signer's state agrees with the leaves."""
    services = trail.services
    assert rows(services, ANTI_JOIN) == []
    ((events,),) = rows(services, "SELECT count(*) FROM audit.event")
    assert check_log(services) == events == signed_size(services)
    with running(trail.signer()):
        client = Client(trail.socket)
        note = client.latest(ORIGIN)
        client.close()
    assert note
    seen, _ = parse_note(note, [VerifierKey.parse(trail.vkey)])
    ((root,),) = rows(services, "SELECT root FROM audit.checkpoint WHERE size = %s", seen.size)
    assert seen == Checkpoint(ORIGIN, events, bytes(root))
    assert list((trail.folder / "signer" / "evidence").iterdir()) == []
    assert rows(services, "SELECT * FROM audit.incident") == []


def dying(trail: Trail, step: str, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.integration.proof.sealing.dying", step, *arguments]
    environment = trail.environment() | {"DJANGO_SETTINGS_MODULE": "auditportal.settings"}
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("step", SEALER_STEPS)
def test_a_sealer_dies_at_a_step(trail: Trail, step: str) -> None:
    with running(trail.signer()):
        trail.seal_here()
        write_events(trail.services, 300)
        write_events(trail.services, 1, **BUNDLE)
        with running(dying(trail, step)) as sealer:
            assert sealer.wait(120) == -9
        write_events(trail.services, 5)
        trail.seal_here()
    signed = "SELECT EXISTS (SELECT FROM audit.checkpoint WHERE size = manifest_n + 1) FROM audit.log_head"
    assert rows(trail.services, signed) == [(True,)]
    check_everything(trail)


@pytest.mark.parametrize("step", SIGNER_STEPS)
def test_a_signer_dies_at_a_step(trail: Trail, step: str) -> None:
    with running(trail.signer()):
        trail.seal_here()
    write_events(trail.services, 3)
    trail.socket.unlink(missing_ok=True)
    state = ("--state", str(trail.folder / "signer"), "--origin", ORIGIN, "--socket", str(trail.socket))
    with running(dying(trail, step, *state)) as signer:
        wait_for(trail.signer_listens)
        with pytest.raises(Unreachable):
            trail.seal_here()
        assert signer.wait(60) == -9
    write_events(trail.services, 2)
    with running(trail.signer()):
        trail.seal_here()
    check_everything(trail)


@contextmanager
def writing(services: Services) -> Iterator[list[int]]:
    """Run three writers that commit, roll back and commit late; yields how many events each has committed."""
    stop, committed = threading.Event(), [0, 0, 0]

    def write(who: int) -> None:
        with psycopg.connect(services.database_url) as connection:
            while not stop.wait(random.random() * 0.03):
                number = random.randint(1, 4)
                for _ in range(number):
                    body = event_body(f"user:{who}", f"recording:{random.randint(1, 9)}")[1]
                    connection.execute("SELECT audit.record_event(%s, '{}', '{}', '{}')", [body])
                    time.sleep(random.random() * 0.01)
                if random.random() < 0.2:
                    connection.rollback()
                else:
                    connection.commit()
                    committed[who] += number

    threads = [threading.Thread(target=write, args=[who]) for who in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield committed
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_sealer_and_signer_die_at_any_moment(trail: Trail) -> None:
    with ExitStack() as stack:

        def started(process: "subprocess.Popen[str]") -> "subprocess.Popen[str]":
            stack.callback(kill, process)
            return process

        signer, sealers = started(trail.signer()), [started(trail.sealer()) for _ in range(2)]
        with writing(trail.services) as committed:
            wait_for(lambda: signed_size(trail.services))
            for turn in range(amount(6, 60)):
                time.sleep(random.random())
                if turn % 3 == 2:
                    kill(signer)
                    signer = started(trail.signer())
                else:
                    kill(sealers[turn % 2])
                    sealers[turn % 2] = started(trail.sealer())
            before = sum(committed)
            wait_for(lambda: signed_size(trail.services) > before)
    with running(trail.signer()):
        trail.seal_here()
    check_everything(trail)
