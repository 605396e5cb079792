"""The signer is killed at random: it never signs two roots of one size, and never loses what it answered."""

import json
import os
import random
import subprocess
import threading
import time
from collections import defaultdict
from pathlib import Path

import pytest

from recordings.tlog import merkle
from recordings.tlog.checkpoint import Checkpoint, parse_note
from recordings.tlog.client import Client, Conflict, Refused, Unreachable
from recordings.tlog.notes import VerifierKey, format_note
from tests.integration.tlog.processes import answers, key_and_address, module, started
from tests.thorough import amount
from tests.unit.tlog.grown import ORIGIN
from tests.waiting import wait_for

ROUNDS = amount(8, 60)


class _ForgetfulLog:
    """A log that continues from the last answer with new leaves, like a sealer without state after a crash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.leaves: list[bytes] = []
        self.offered: dict[bytes, list[bytes]] = {}
        self.signed: dict[int, set[bytes]] = defaultdict(set)
        self.lost = 0
        self.key: VerifierKey | None = None

    def grow_until_killed(self, client: Client) -> None:
        try:
            while True:
                self.grow(client)
        except Unreachable:
            client.close()

    def grow(self, client: Client) -> None:
        leaves = [*self.leaves, *(os.urandom(32) for _ in range(random.randint(1, 5)))]
        head = Checkpoint(ORIGIN, len(leaves), merkle.root(leaves))
        self.offered[head.root] = leaves
        proof = merkle.consistency_path(leaves, len(self.leaves))
        try:
            lines = client.add_checkpoint(len(self.leaves), proof, head.text())
        except Conflict:
            self.catch_up(client)
            return
        self.answered(format_note(head.text(), lines))
        self.leaves = leaves

    def catch_up(self, client: Client) -> None:
        """Continue from the signer's checkpoint when its answer was lost: it is on disk, so it counts."""
        note = client.latest(ORIGIN)
        assert note
        self.lost += 1
        self.leaves = self.offered[self.answered(note).root]

    def answered(self, note: str) -> Checkpoint:
        assert self.key
        head, _ = parse_note(note, [self.key])
        self.signed[head.size].add(head.root)
        return head

    def check_kept(self) -> None:
        """Check that the state on disk after a kill is complete and not behind any answer."""
        kept = json.loads((self.folder / "state.json").read_bytes())["logs"].get(ORIGIN)
        if kept:
            self.answered(kept["note"])
            assert kept["size"] >= max(self.signed)

    def check(self) -> None:
        assert {size: len(roots) for size, roots in self.signed.items() if len(roots) != 1} == {}
        for size, (root,) in self.signed.items():
            assert merkle.root(self.leaves[:size]) == root


def _arguments(folder: Path) -> list[str]:
    return ["--state", str(folder), "--socket", f"{folder}.sock", "--origin", ORIGIN]


def _round(log: _ForgetfulLog, signatures: int) -> None:
    """Kill the signer at a random moment after so many signatures."""
    with started(module("signer"), *_arguments(log.folder)) as process:
        log.key = VerifierKey.parse(key_and_address(process)[0])
        client = Client(Path(f"{log.folder}.sock"))
        growing = threading.Thread(target=log.grow_until_killed, args=(client,))
        before = len(log.signed)
        growing.start()
        wait_for(lambda: len(log.signed) >= before + signatures)
        time.sleep(random.uniform(0.005, 0.12))
        process.kill()
        process.wait(timeout=60)
        growing.join(timeout=60)
    log.check_kept()


@pytest.mark.slow
def test_a_killed_signer_never_signs_two_roots_of_one_size(tmp_path: Path) -> None:
    log = _ForgetfulLog(tmp_path / "signer")
    for number in range(ROUNDS):
        _round(log, signatures=number % 2 * 2)
    with started(module("signer"), *_arguments(log.folder)) as process:
        key_and_address(process)
        client = Client(Path(f"{log.folder}.sock"))
        log.catch_up(client)
        log.grow(client)
        client.close()
    log.check()
    assert len(log.signed) >= ROUNDS


def test_a_signer_killed_before_its_answer_is_read_keeps_what_it_signed(tmp_path: Path) -> None:
    log = _ForgetfulLog(tmp_path / "signer")
    with started(module("signer"), *_arguments(log.folder)) as process:
        log.key = VerifierKey.parse(key_and_address(process)[0])
        client = Client(Path(f"{log.folder}.sock"))
        log.grow(client)
        before = list(log.leaves)
        log.grow(client)
        client.close()
        _kill(process)
    kept, log.leaves = log.leaves, before  # the answer was never received
    with started(module("signer"), *_arguments(log.folder)) as process:
        client = Client(Path(f"{log.folder}.sock"))
        wait_for(lambda: answers(client))
        other = [*before, *(os.urandom(32) for _ in range(len(kept) - len(before)))]
        rival = Checkpoint(ORIGIN, len(other), merkle.root(other)).text()
        for old, status in ((len(before), 409), (len(kept), 422)):
            proof = merkle.consistency_path(other, old)
            with pytest.raises(Refused) as refused:
                client.add_checkpoint(old, proof, rival)
            assert refused.value.status == status
        log.grow(client)
        log.grow(client)
        client.close()
    assert log.leaves[: len(kept)] == kept
    log.check()


def _kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(timeout=60)
