"""All parties at once, beside the sealer: no party delays another, and every failure is survived."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from auditportal.embedded.redis import free_port
from recordings.exceptions import NotWitnessed
from recordings.proof.anchors import pace, publisher, witness
from recordings.proof.anchors.destination import Destination, DestinationError, Published
from recordings.proof.anchors.ledger import Connection
from recordings.proof.anchors.state import outside_parties
from recordings.proof.sealing.release import wait_released
from recordings.tlog.cosigner import Response
from tests.integration.proof.anchors.conftest import Log, Watcher
from tests.mailbox import mailbox
from tests.sealing import write_events
from tests.tsa import Authority, stamping
from tests.waiting import wait_for

Make = Callable[[str], Watcher]


@contextmanager
def running() -> Iterator[threading.Event]:
    """Run the publisher in a thread, as the sealer does."""
    stop = threading.Event()
    thread = threading.Thread(target=publisher.run, args=[stop])
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(60)
        assert not thread.is_alive()


def write_policy(settings: Any, folder: Path, log: Log, **witnesses: tuple[str, str]) -> None:
    """Write a policy that names these witnesses by vkey and URL."""
    lines = [f"log {log.signer.vkey}"]
    lines += [f"witness {name} {vkey} {url}" for name, (vkey, url) in witnesses.items()]
    settings.AUDIT_POLICY_FILE = folder / "policy.txt"
    settings.AUDIT_POLICY_FILE.write_text("\n".join([*lines, "quorum none"]) + "\n")


def place(watcher: Watcher) -> tuple[str, str]:
    return watcher.key.vkey, watcher.party.url


def cosigned(log: Log, witness: str) -> list[int]:
    rows = log.rows("SELECT size FROM audit.cosignature WHERE witness = %s ORDER BY size", witness)
    return [size for (size,) in rows]


@pytest.fixture(autouse=True)
def _immediate(settings: Any) -> None:
    settings.AUDIT_RELEASE = "witnessed"


def test_a_slow_and_a_lying_witness_delay_nobody(
    log: Log, watcher: Make, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        witness, "_SECONDS", 600.0
    )  # whoever waited for the slow one would wait longer than we do
    good, slow, lying = watcher("good"), watcher("slow"), watcher("lying")
    release = threading.Event()
    slow.answer = lambda request: (release.wait(600), Response(500, "late"))[1]
    lying.answer = lambda request: Response(200, good.key.sign("something else\n") + "\n")
    write_policy(settings, tmp_path, log, good=place(good), slow=place(slow), lying=place(lying))
    sizes = [log.grow()]
    with running():
        for _ in range(5):
            wait_for(lambda: sizes[-1] in cosigned(log, "good"))
            sizes.append(log.grow())
        wait_for(lambda: slow.asked and lying.asked)
        assert len(slow.asked) == 1  # all that time it has been asked once
        release.set()
    assert cosigned(log, "good")[:5] == sizes[:5]
    assert cosigned(log, "slow") == cosigned(log, "lying") == []
    found = {party.name: party for party in outside_parties()}
    assert list(found) == ["witness good", "witness lying", "witness slow"]
    assert (found["witness good"].trouble, found["witness good"].alarm) == ("", False)
    assert "not signed by any trusted key" in found["witness lying"].trouble
    assert found["witness lying"].size is None


def test_a_public_witness_that_hangs_does_not_delay_the_quorum(
    log: Log, watcher: Make, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A witness outside the quorum accepts connections but never answers. Viewings wait only for the quorum."""
    monkeypatch.setattr(witness, "_SECONDS", 600.0)
    internal, public = watcher("internal"), watcher("public")
    release = threading.Event()
    public.answer = lambda request: (release.wait(600), Response(500, "late"))[1]
    write_policy(settings, tmp_path, log, internal=place(internal), public=place(public))
    policy = settings.AUDIT_POLICY_FILE
    policy.write_text(policy.read_text().replace("quorum none", "quorum internal"))
    with running():
        for _ in range(5):
            (event,) = write_events(log.services)
            size = log.grow()
            wait_for(lambda: public.asked)
            wait_released([UUID(event)])
            wait_for(lambda size=size: size in cosigned(log, "internal"))
        release.set()
    assert len(public.asked) == 1
    found = {party.name: party.every for party in outside_parties()}
    assert found == {"witness internal": timedelta(seconds=10), "witness public": timedelta(hours=1)}


def test_a_waiting_viewing_is_served_at_once(
    log: Log, watcher: Make, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With AUDIT_RELEASE=witnessed, viewings wait for cosignatures."""
    for module in (pace, witness):
        monkeypatch.setattr(module, "COUNTED", timedelta(hours=1))  # when nobody waits
    auditor = watcher("auditor")
    write_policy(settings, tmp_path, log, auditor=place(auditor))
    log.grow()
    with running():
        wait_for(lambda: cosigned(log, "auditor"))
        for _ in range(5):
            size = log.grow()
            wait_for(lambda size=size: size in cosigned(log, "auditor"))


def _start(folder: Path, port: int, vkey: str) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "recordings.tlog.witness",
        "--state",
        str(folder),
        "--name",
        "internal.example",
    ]
    return subprocess.Popen(
        [*command, "--listen", f"127.0.0.1:{port}", "--log", vkey], stderr=subprocess.DEVNULL
    )


def test_a_witness_process_that_is_killed_and_restarted(log: Log, settings: Any, tmp_path: Path) -> None:
    state, port = tmp_path / "witness", free_port()
    printed = [
        sys.executable,
        "-m",
        "recordings.tlog.witness",
        "--state",
        str(state),
        "--name",
        "internal.example",
    ]
    vkey = subprocess.check_output([*printed, "--print-vkey"], text=True).strip()
    write_policy(settings, tmp_path, log, Internal=(vkey, f"http://127.0.0.1:{port}"))
    process = _start(state, port, log.signer.vkey)
    try:
        with running():
            first = log.grow()
            wait_for(lambda: first in cosigned(log, "Internal"))
            process.kill()
            process.wait()
            second = log.grow()
            wait_for(lambda: outside_parties()[0].trouble)
            assert outside_parties()[0].size == first
            process = _start(state, port, log.signer.vkey)
            wait_for(lambda: second in cosigned(log, "Internal"))
            wait_for(lambda: not outside_parties()[0].trouble)
    finally:
        process.kill()
        process.wait()


def test_time_stamp_and_mail_together(log: Log, settings: Any, tmp_path: Path, tsa: Authority) -> None:
    size = log.grow(3)
    with stamping(tsa) as stamper, mailbox() as box:
        settings.AUDIT_TSA_URL = stamper.url.replace("//", "//portal:geheim@") + "?token=geheim"
        settings.AUDIT_TSA_CERTIFICATES = tsa.certificates
        settings.AUDIT_MAIL_TO, settings.AUDIT_MAIL_FROM = ("eva@auditor.example",), "portal@example.com"
        settings.SMTP_URL = f"smtp://portal:geheim@127.0.0.1:{box.port}"
        with running():
            wait_for(lambda: len(log.rows("SELECT FROM audit.anchor")) == 2)
            log.grow(2)  # neither is due again
            time.sleep(1.5)
    found = log.rows("SELECT kind, size, place, evidence::text FROM audit.anchor ORDER BY kind")
    assert [row[:2] for row in found] == [("mail", size), ("timestamp", size)]
    assert found[1][2] == stamper.url
    assert "geheim" not in str(found) + str(outside_parties())
    assert [party.words for party in outside_parties()] == ["Daily mail", "Time stamp"]
    assert "Authorization" in stamper.requests[0][0]


def test_settings_that_cannot_be_used_are_reported(log: Log, settings: Any, tmp_path: Path) -> None:
    write_policy(settings, tmp_path, log, odd=(log.signer.vkey.replace("x", "y"), "http://127.0.0.1:9"))
    settings.AUDIT_ANCHOR_BUCKET = "http://elsewhere.example/bucket"
    settings.AUDIT_TSA_URL = "http://tsa.example/"
    settings.AUDIT_MAIL_TO = ("eva@auditor.example",)
    log.grow()
    with running():
        wait_for(lambda: len([party for party in outside_parties() if party.trouble]) == 4)
    troubles = {party.name: party.trouble for party in outside_parties()}
    assert "Line 2 of the policy" in troubles["policy"]
    assert "https://" in troubles["bucket"]
    assert "AUDIT_TSA_CERTIFICATES" in troubles["timestamp"]
    assert "AUDIT_MAIL_FROM" in troubles["mail"]


def test_a_party_that_is_no_longer_served_disappears(
    log: Log, watcher: Make, settings: Any, tmp_path: Path
) -> None:
    auditor = watcher("auditor")
    write_policy(settings, tmp_path, log, auditor=place(auditor))
    log.grow()
    with running():
        wait_for(lambda: outside_parties())
    write_policy(settings, tmp_path, log)
    with running():
        wait_for(lambda: not outside_parties())


def test_it_waits_for_a_database_that_does_not_answer(log: Log, settings: Any) -> None:
    settings.DATABASE_SEALER_URL = "postgresql://nobody@127.0.0.1:9/none"
    with running():
        time.sleep(0.3)


def test_of_two_publishers_one_serves_a_party_and_the_other_takes_over(
    log: Log, settings: Any, tsa: Authority
) -> None:
    with mailbox() as box:
        settings.AUDIT_MAIL_TO, settings.AUDIT_MAIL_FROM = ("eva@auditor.example",), "portal@example.com"
        settings.SMTP_URL = f"smtp://127.0.0.1:{box.port}"
        with running():
            with running():
                log.grow()
                wait_for(lambda: box.letters)
                time.sleep(2.5)
                assert len(box.letters) == 1
            log.rows("UPDATE audit.outside SET success_at = success_at - every RETURNING 1")
            log.grow()
            wait_for(lambda: len(box.letters) == 2)


def test_a_viewing_waits_for_its_witness(log: Log, watcher: Make, settings: Any, tmp_path: Path) -> None:
    """AUDIT_RELEASE=witnessed: not released while the witness does not answer, and at once when it does."""
    auditor = watcher("auditor")
    real, away = auditor.answer, Response(503, "away\n")
    auditor.answer = lambda request: away
    write_policy(settings, tmp_path, log, auditor=place(auditor))
    policy = settings.AUDIT_POLICY_FILE
    policy.write_text(policy.read_text().replace("quorum none", "quorum auditor"))
    (event,) = write_events(log.services)
    log.grow()
    with running():
        with pytest.raises(NotWitnessed):
            wait_released([UUID(event)])
        auditor.answer = real
        wait_for(lambda: cosigned(log, "auditor"))  # it is asked again after a pause
        wait_released([UUID(event)])


class FailsOnce(Destination):
    """A destination that raises an unexpected error once."""

    name, every, poll = "bucket", timedelta(seconds=2), 0.02

    def __init__(self) -> None:
        self.attempts = 0

    def due(self, connection: Connection) -> bool:
        return True

    def publish(self, connection: Connection) -> Published:
        self.attempts += 1
        if self.attempts == 1:
            raise ZeroDivisionError
        if self.attempts == 2:
            connection.close()  # the database went away
            connection.execute("SELECT 1")
        if self.attempts == 3:
            raise DestinationError("Not today.")
        return Published(1)


def test_a_defect_or_a_lost_connection_ends_no_thread(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    clumsy, stop = FailsOnce(), threading.Event()
    monkeypatch.setattr(publisher, "_FIRST_PAUSE", 0.01)
    thread = threading.Thread(target=publisher.serve, args=[clumsy, stop])
    thread.start()
    wait_for(lambda: clumsy.attempts >= 5)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
