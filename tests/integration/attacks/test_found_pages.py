"""What was found at the doors for outsiders: files that are bombs, files that are no forgeries, a log nobody follows.

T16, T22 and the bombs of section 4 of the findings; each test fails on the code as it was found.
"""

import io
import json
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from recordings.tlog import merkle
from recordings.tlog.checkpoint import parse
from recordings.tlog.notes import Note
from tests.forge import Log as ForgedLog
from tests.forge_zip import pack
from tests.integration.proof.anchors.conftest import Log as AnchoredLog
from tests.integration.proof.anchors.conftest import log as log
from tests.integration.proof.anchors.conftest import sealer as sealer
from tests.integration.proof.anchors.conftest import watcher as watcher
from tests.integration.proof.evidence.conftest import client as client
from tests.integration.proof.evidence.conftest import eva as eva
from tests.integration.proof.evidence.conftest import opened as opened
from tests.integration.proof.evidence.pages import Log, text_of, trail

RECORDING = "recording:0198c0de-0000-7000-8000-00000000000a"
ROOT = Path(__file__).resolve().parents[3]
MIB = 1024**2
SECONDS, MEMORY = 10, 300 * MIB
# A process of its own: what it measures of its child is not mixed with this one's other children.
MEASURE = """
import json, resource, sys
from pathlib import Path
from recordings.proof.evidence.check.inspection import inspect
said = inspect(Path(sys.argv[1]), Path(sys.argv[2]))
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([said.exit_code, said.verdict, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]))
"""


# --- bombs


def _genuine() -> dict[str, bytes]:
    log = ForgedLog()
    log.add(about=RECORDING)
    log.anchor()
    return log.bundle("target", RECORDING)


def _numbers(size: int) -> bytes:
    """A bundle.json of nothing but zeros."""
    return pack(_genuine() | {"bundle.json": b"[" + b"0," * (size // 2) + b"0]"}).getvalue()


def _anchors(count: int, times: int = 1) -> bytes:
    """So many anchors, each named so many times, over stamps of 47,000 empty DER elements."""
    log, inside = ForgedLog(), b"\x05\x00" * 47_000
    for _ in range(count):
        log.add(about=RECORDING)
        log.anchor()
    files = log.bundle("target", RECORDING)
    claim = json.loads(files["bundle.json"])
    claim["anchors"] = [anchor for anchor in claim["anchors"] for _ in range(times)]
    files |= {
        name: b"\x30\x83" + len(inside).to_bytes(3, "big") + inside for name in files if name.endswith(".tsr")
    }
    files["bundle.json"] = json.dumps(claim, sort_keys=True, separators=(",", ":")).encode()
    return pack(files).getvalue()


def _directory(entries: int = 1_900_000) -> bytes:
    """A directory of 1.9 million entries; the end record can only count to 65,535."""
    header = struct.pack("<I6H3I5H2I", 0x02014B50, 0x0314, 20, 0, 0, 0, 0x21, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
    directory = (header + b"a") * entries
    count = min(entries, 65_535)
    return directory + struct.pack("<I4H2IH", 0x06054B50, 0, 0, count, count, len(directory), 0, 0)


BOMBS: dict[str, Callable[[], bytes]] = {
    "127 MB of zeros": lambda: _numbers(127 * 10**6),
    "as many zeros as are allowed": lambda: _numbers(31 * MIB),
    "one anchor 100,000 times": lambda: _anchors(1, 100_000),
    "as many anchors as are allowed": lambda: _anchors(100),
    "1.9 million directory entries": _directory,
}


@pytest.mark.parametrize("make", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_answered_soon_and_in_little_memory(make: Callable[[], bytes], tmp_path: Path) -> None:
    """Section 4: somebody uploads a small file that takes hours or gigabytes to check, and the page is closed."""
    bomb, policy = tmp_path / "bomb.zip", tmp_path / "policy.txt"
    bomb.write_bytes(make())
    policy.write_text(ForgedLog().policy())
    command = [sys.executable, "-c", MEASURE, str(bomb), str(policy)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=300).stdout
    exit_code, verdict, seconds, memory = json.loads(told)
    assert exit_code in (1, 2), verdict
    assert seconds < SECONDS
    assert memory <= MEMORY


def test_a_bomb_beside_a_checkpoint_is_not_unpacked_to_compare_it(
    client: Client, opened: Callable[..., Log]
) -> None:
    """Section 4, at the other door: a zip of 1.9 million directory entries is brought for its checkpoint.txt."""
    opened()
    response = client.post("/audit/compare/", {"file": SimpleUploadedFile("b.zip", _directory())})
    assert response.status_code == 400
    assert "Use the bundle exactly as it was downloaded" in text_of(response)


# --- no forgery, and no alarm


def _packed_again(bundle: bytes, folder: str = "") -> bytes:
    """Unpacked and packed again as a person does it; on macOS with a folder and files of its own."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(f"{folder}{name}", old.read(name))
        if folder:
            new.writestr(f"__MACOSX/{folder}._report.csv", b"\x00\x05\x16\x07")
            new.writestr(f"{folder}.DS_Store", b"\x00\x00\x00\x01Bud1")
    return out.getvalue()


@pytest.mark.parametrize("folder", ["", "audit-trail/"], ids=["zip", "macOS"])
def test_a_bundle_that_was_packed_again_is_no_alarm(
    client: Client, settings: Any, tmp_path: Path, folder: str
) -> None:
    """T22: a person unpacks a bundle and packs it again, and the portal tells the trail of a forgery."""
    from recordings.models import AuditEvent

    forged = ForgedLog()
    forged.add(about=RECORDING)
    settings.AUDIT_POLICY_FILE = tmp_path / "policy.txt"
    settings.AUDIT_POLICY_FILE.write_text(forged.policy())
    again = _packed_again(pack(forged.bundle("target", RECORDING)).getvalue(), folder)
    response = client.post("/audit/verify/", {"bundle": SimpleUploadedFile("report.zip", again)})
    said = response.context["checked"].inspection
    assert (said.exit_code, said.tone) == (2, "warn")
    assert said.verdict.startswith("NOT CHECKED: ")
    assert "Use the file exactly as it was downloaded" in text_of(response)
    (event,) = AuditEvent.objects.filter(kind="audit.bundle_checked")
    assert event.outcome == "completed"


# --- outsiders


@pytest.fixture
def public(opened: Callable[..., Log], settings: Any) -> int:
    """A log of more than a tile that anybody may follow; its size."""
    settings.AUDIT_LOG_PUBLIC = True
    log = opened("Internal-Audit")
    log.write(300)
    return log.seal()


def test_an_outsider_follows_the_log_without_a_session_and_without_an_event(public: int) -> None:
    """Section 4: nobody outside could follow the log, and whoever did made it grow."""
    from recordings.models import AuditEvent

    before = AuditEvent.objects.count()
    monitor = Client()
    checkpoint = parse(Note.parse(monitor.get("/log/checkpoint").content).text)
    full, rest = monitor.get("/log/tile/0/000"), monitor.get(f"/log/tile/0/001.p/{public - 256}")
    data = full.content + rest.content
    hashes = [data[at : at + 32] for at in range(0, len(data), 32)]
    assert (checkpoint.size, checkpoint.root) == (public, merkle.root(hashes))
    assert monitor.get("/log/tile/1/000.p/1").content == merkle.root(hashes[:256])
    assert AuditEvent.objects.count() == before


def test_what_is_public_may_be_kept_by_shared_caches_and_names_nobody(public: int, client: Client) -> None:
    """Also when somebody asks who is signed in: no cookie of theirs is in an answer that a cache gives to others."""
    addresses = {
        "/log/checkpoint": "public, max-age=5",
        "/log/tile/0/000": "public, max-age=31536000, immutable",
        f"/log/tile/0/001.p/{public - 256}": "public, max-age=31536000, immutable",
    }
    for address, kept in addresses.items():
        for reader in (Client(), client):
            response = reader.get(address)
            assert (response.status_code, response["Cache-Control"]) == (200, kept)
            assert "Cookie" not in response.get("Vary", "")
            assert response.cookies == {}
            assert response["Access-Control-Allow-Origin"] == "*"
    assert trail() == []


@pytest.mark.parametrize("path", ["0/001.p/3", "0/999", "2/000", "x", "entries", "0/000.p/256"])
def test_what_is_not_there_is_not_found_and_not_kept(public: int, path: str) -> None:
    response = Client().get(f"/log/tile/{path}")
    assert (response.status_code, response["Cache-Control"]) == (404, "no-store")


@pytest.mark.parametrize("path", ["entries/000", "entries/001.p/3", "entries/x"])
def test_entries_are_never_public(public: int, path: str) -> None:
    """Whoever holds a bundle knows the tag key: entries would tell them about people and objects of others."""
    response = Client().get(f"/log/tile/{path}")
    assert (response.status_code, response["Location"].partition("?")[0]) == (302, "/accounts/login/")


def test_entries_are_an_event_and_private_in_a_public_log(public: int, client: Client) -> None:
    response = client.get("/log/tile/entries/000")
    assert response["Cache-Control"] == "private, max-age=31536000, immutable"
    assert trail() == [("audit.viewed", "log:tiles", {})]


def test_one_address_cannot_read_without_end(public: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recordings.proof.evidence.pages.tile_views.READS_A_MINUTE", 3)
    monkeypatch.setattr("recordings.proof.evidence.pages.tile_views.time.time", lambda: 1_800_000_000.0)
    statuses = [Client().get("/log/checkpoint").status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    refused = Client().get("/log/tile/0/000")
    assert (refused["Retry-After"], refused["Cache-Control"]) == ("60", "no-store")
    assert Client(REMOTE_ADDR="203.0.113.9").get("/log/checkpoint").status_code == 200


@pytest.mark.usefixtures("redis_down")
def test_without_redis_a_public_log_is_served_uncounted(public: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recordings.proof.evidence.pages.tile_views.READS_A_MINUTE", 1)
    assert [Client().get("/log/checkpoint").status_code for _ in range(3)] == [200, 200, 200]


def test_a_log_is_not_public_unless_somebody_says_so(opened: Callable[..., Log]) -> None:
    log = opened()
    log.write(3)
    size = log.seal()
    for address in ("/log/checkpoint", f"/log/tile/0/000.p/{size}"):
        assert Client().get(address).status_code == 302


# --- witnesses


def test_a_witness_that_was_set_back_is_an_incident_and_is_served(
    log: AnchoredLog, sealer: Any, watcher: Callable[[str], Any], tmp_path: Path
) -> None:
    """T16: somebody gives a witness an older state file; it goes on and could sign another history."""
    from recordings.tlog.state import State
    from recordings.tlog.witness import Witness

    auditor = watcher("auditor")
    destination = auditor.destination()
    older = log.grow(3)
    destination.publish(sealer)
    kept = (auditor._state.folder / "state.json").read_bytes()
    newer = log.grow(5)
    destination.publish(sealer)
    back = tmp_path / "set back"
    back.mkdir()
    (back / "state.json").write_bytes(kept)
    state = State(back)
    auditor.answer = Witness(state, auditor.key, [log.signer.key.verifier]).add_checkpoint
    newest = log.grow(2)
    assert auditor.destination().publish(sealer).size == newest
    state.close()
    ((code, detail),) = log.incidents
    assert code == "witness_went_back"
    assert f"state has {older} leaves of {log.signer.origin}, but it has cosigned {newer}" in detail
    log.grow()  # the sealer tells it, and goes on
    assert log.kinds("sealer.incident") == 1
