"""The page of the witnesses: who they are, how each stands, and what somebody needs to become one."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
from django.test import Client

from auditportal.embedded import Services
from recordings.tlog.notes import WITNESS, SigningKey, VerifierKey
from tests.integration.proof.evidence.pages import Log, text_of, trail


def _with_public_witness(settings: Any) -> None:
    """A second witness that the quorum does not count, and a third without an address."""
    path = settings.AUDIT_POLICY_FILE
    keys = [SigningKey.generate(f"{name}.example", WITNESS).vkey for name in ("public", "silent")]
    lines = f"witness public {keys[0]} https://w.example/\nwitness silent {keys[1]}\n"
    path.write_text(path.read_text().replace("group", f"{lines}group", 1))


def test_each_witness_is_listed_with_its_pace_and_its_state(
    client: Client, opened: Callable[..., Log], services: Services, settings: Any
) -> None:
    log = opened("Internal-Audit")
    log.write()
    size = log.seal()
    _with_public_witness(settings)
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO audit.outside (name, asked_at, success_at, size, trouble, every) VALUES"
            " ('witness Internal-Audit', now(), now(), %s, '', '10 s'),"
            " ('witness public', now(), NULL, NULL, 'It could not be reached: timed out.', '1 h')",
            [size],
        )
    response = client.get("/audit/witnesses/")
    found = [
        (one.name, one.counted, one.pace, one.party and one.party.size)
        for one in response.context["witnesses"]
    ]
    assert found == [
        ("Internal-Audit", True, timedelta(seconds=10), size),
        ("public", False, timedelta(hours=1), None),
        ("silent", False, timedelta(hours=1), None),
    ]
    words = text_of(response)
    assert "Failing It could not be reached: timed out." in words
    assert "no address in the policy, so it is not contacted" in words
    assert trail() == [("audit.viewed", "log:witnesses", {})]


def test_what_it_prints_makes_a_witness(client: Client, opened: Callable[..., Log], tmp_path: Path) -> None:
    """The command as printed makes a key; its origin hash is where monitors find the witness's checkpoint."""
    log = opened()
    log.write()
    log.seal()
    invitation = client.get("/audit/witnesses/").context["invitation"]
    assert invitation.origin_hash == sha256(log.signer.origin.encode()).hexdigest()
    first, second = invitation.commands.replace("\\\n", "").split("\n")
    assert f"--log '{log.signer.vkey}'" in second
    root = Path(__file__).parents[4]
    command = [sys.executable, *first.split()[1:]]
    printed = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(root)}, capture_output=True, text=True, check=True
    ).stdout
    assert VerifierKey.parse(printed.strip()).name == "witness.example.com/audit"


def test_a_public_network_is_told_key_and_rate(client: Client, opened: Callable[..., Log]) -> None:
    log = opened()
    for _ in range(8):
        log.write()
        log.seal(manifest=True)
    item = client.get("/audit/witnesses/").context["invitation"].for_a_network
    lines = dict(line.split(" ", 1) for line in item.split("\n"))
    assert list(lines) == ["vkey", "origin", "bastion", "qpd", "contact"]
    assert (lines["vkey"], lines["origin"], lines["qpd"]) == (log.signer.vkey, "none", "26")


def test_it_says_whether_outsiders_can_follow(
    client: Client, opened: Callable[..., Log], settings: Any
) -> None:
    opened()
    assert "AUDIT_LOG_PUBLIC makes them public" in text_of(client.get("/audit/witnesses/"))
    settings.AUDIT_LOG_PUBLIC = True
    assert "Anyone can follow this log" in text_of(client.get("/audit/witnesses/"))


def test_without_a_policy_it_says_what_is_missing(client: Client, settings: Any) -> None:
    settings.AUDIT_POLICY_FILE = None
    response = client.get("/audit/witnesses/")
    assert "No trust policy names this log" in text_of(response)
    assert "No witness" in text_of(response)
