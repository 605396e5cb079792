"""Bundles that people bring: each gets its true answer, in the verifier's own words, and the answer is in the trail."""

import hashlib
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from recordings.proof.evidence.check import admission, inspection, verify_audit
from recordings.proof.evidence.check.admission import Admission, NotAdmitted
from recordings.proof.evidence.check.inspection import Inspection
from tests.forge import Log as ForgedLog
from tests.forge_zip import pack
from tests.integration.proof.evidence.pages import text_of, trail
from tests.waiting import wait_for

RECORDING = "recording:0198c0de-0000-7000-8000-00000000000a"


@pytest.fixture(scope="module")
def log() -> ForgedLog:
    """A log elsewhere: a recording that was watched, another that was not."""
    log = ForgedLog()
    log.add("recording.discovered", about=RECORDING, by="system:refresh", object={"parent": "object:3"})
    for _ in range(3):
        log.add(about=RECORDING, names={"actor.name": "Eva Lang"}, object={"parent": "object:3"})
    return log


@pytest.fixture
def trusting(log: ForgedLog, settings: Any, tmp_path: Path) -> None:
    """The portal's policy names this log and its witnesses."""
    settings.AUDIT_POLICY_FILE = tmp_path / "policy.txt"
    settings.AUDIT_POLICY_FILE.write_text(log.policy())


@pytest.fixture
def bundle(log: ForgedLog) -> bytes:
    return pack(log.bundle("object", "object:3")).getvalue()


def verify(client: Client, data: bytes, name: str = "bundle.zip") -> Any:
    return client.post("/audit/verify/", {"bundle": SimpleUploadedFile(name, data)})


def tones(response: Any) -> dict[str, str]:
    return {check.name: check.tone for check in response.context["checked"].inspection.checks}


def checked_events() -> list[tuple[str, str]]:
    """Outcome and verdict of each check in the trail."""
    from recordings.models import AuditEvent

    outcomes = (
        AuditEvent.objects.filter(kind="audit.bundle_checked")
        .order_by("id")
        .values_list("outcome", flat=True)
    )
    return list(
        zip(outcomes, (detail["verdict"] for _, _, detail in trail("audit.bundle_checked")), strict=True)
    )


def test_a_bundle_is_checked_by_the_file_that_strangers_run(
    client: Client, trusting: None, bundle: bytes, tmp_path: Path, settings: Any
) -> None:
    response = verify(client, bundle)
    said = response.context["checked"].inspection
    (tmp_path / "bundle.zip").write_bytes(bundle)
    command = [sys.executable, verify_audit.__file__, str(tmp_path / "bundle.zip")]
    told = subprocess.run(
        [*command, "--policy", str(settings.AUDIT_POLICY_FILE)], capture_output=True, text=True, check=True
    ).stdout
    assert said.verdict == told.splitlines()[-1] == "WITNESSED by w0, w1"
    for name, text in said.statement:
        assert f"{name}: {text}" in told or text in told
    assert dict(said.statement)["Viewings"].startswith("3 video URLs")
    kind, target, detail = trail("audit.bundle_checked")[-1]
    assert (kind, target) == ("audit.bundle_checked", None)
    assert detail == {
        "sha256": hashlib.sha256(bundle).hexdigest(),
        "size_bytes": len(bundle),
        "verdict": "WITNESSED by w0, w1",
        "failed": [],
    }
    assert checked_events() == [("completed", "WITNESSED by w0, w1")]


def test_the_statement_stands_above_the_verdict_and_the_verdict_above_the_checks(
    client: Client, trusting: None, bundle: bytes
) -> None:
    words = text_of(verify(client, bundle))
    places = [
        words.index(text)
        for text in ("What the report states", "About", "Viewings", "WITNESSED by w0", "Checks")
    ]
    assert places == sorted(places)
    assert "Verified with this portal's own trust policy" in words
    assert "your policy" in words


def test_what_was_not_there_to_check_is_not_green(client: Client, trusting: None, bundle: bytes) -> None:
    """T6: a check that had nothing to check says so."""
    found = tones(verify(client, bundle))
    assert (found["anchors"], found["files"]) == ("", "ok")


def test_a_contradiction_is_red_and_an_error_in_the_trail(
    client: Client, trusting: None, log: ForgedLog
) -> None:
    files = log.bundle("object", "object:3")
    altered = files | {"report.csv": files["report.csv"].replace(b"Eva", b"Tom")}
    response = verify(client, pack(altered).getvalue())
    said = response.context["checked"].inspection
    assert (said.verdict, said.tone, said.statement) == ("INVALID", "bad", ())
    assert "files" in trail("audit.bundle_checked")[-1][2]["failed"]
    assert checked_events() == [("error", "INVALID")]
    assert "FAIL" in text_of(response)


def test_self_signed_is_not_green(client: Client, bundle: bytes, settings: Any) -> None:
    settings.AUDIT_POLICY_FILE = None
    response = verify(client, bundle)
    assert response.context["checked"].inspection.tone == "info"
    assert "only its maker vouches for that" in text_of(response)


def test_a_signer_of_another_house_lifts_nothing(
    client: Client, bundle: bytes, settings: Any, tmp_path: Path
) -> None:
    """Only keys of the installation's own policy count."""
    settings.AUDIT_POLICY_FILE = tmp_path / "own.txt"
    settings.AUDIT_POLICY_FILE.write_text(
        f"log {ForgedLog(signs_as='another house').key.vkey}\nquorum none\n"
    )
    assert verify(client, bundle).context["checked"].inspection.verdict == "INVALID"


def test_the_proof_of_one_event_is_checked_too(client: Client, trusting: None, log: ForgedLog) -> None:
    response = verify(client, log.proof(2, log.note()), "x.tlog-proof")
    assert response.context["checked"].inspection.verdict == "WITNESSED by w0, w1"


@pytest.mark.parametrize(
    "data",
    [b"%PDF-1.7", b"PK\x05\x06" + bytes(3), b"", b"c2sp.org/tlog-proof@v1\n"],
    ids=["pdf", "zip", "empty", "proof"],
)
def test_what_is_no_bundle_is_not_checked_and_no_alarm(client: Client, trusting: None, data: bytes) -> None:
    response = verify(client, data or b"\n")
    said = response.context["checked"].inspection
    assert (response.status_code, said.tone, said.statement) == (200, "warn", ())
    assert said.verdict.startswith("NOT CHECKED: ")
    assert [outcome for outcome, _ in checked_events()] == ["completed"]


def test_no_file_is_an_error_of_the_form(client: Client, trusting: None) -> None:
    response = client.post("/audit/verify/", {})
    assert (response.status_code, "Choose a file." in text_of(response)) == (400, True)
    assert checked_events() == []


def test_a_file_that_is_too_large_is_not_read_to_its_end(
    client: Client, trusting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recordings.proof.evidence.check.uploads.LARGEST", 1000)
    monkeypatch.setattr("recordings.proof.evidence.check.uploads.LARGEST_REQUEST", 1000)
    response = verify(client, bytes(5000))
    assert response.status_code == 400
    assert "Verify it with verify_audit.py on your own computer" in text_of(response)


def test_the_verifiers_are_handed_out_with_their_hashes(client: Client, trusting: None) -> None:
    page = client.get("/audit/verify/")
    for name, kind in (("verify_audit.py", "text/x-python"), ("verify.html", "text/html")):
        response = client.get(f"/audit/{name}")
        assert response["Content-Disposition"] == f'attachment; filename="{name}"'
        assert response["Content-Type"] == f"{kind}; charset=utf-8"
        assert hashlib.sha256(response.content).hexdigest() in text_of(page)
    assert client.get("/audit/verify_audit.py").content == Path(verify_audit.__file__).read_bytes()
    assert b"<script src" not in client.get("/audit/verify.html").content


def test_the_logs_key_is_given_with_a_fingerprint_for_the_telephone(
    client: Client, trusting: None, log: ForgedLog, tmp_path: Path
) -> None:
    page = client.get("/audit/verify/")
    (key,) = page.context["keys"]
    assert key.vkey == log.key.vkey
    command = "cut -d+ -f3- | tr -d '\\n' | base64 -d | sha256sum"
    printed = subprocess.run(
        ["sh", "-c", command], input=log.key.vkey, capture_output=True, text=True, check=True
    )
    assert key.spoken.replace(" ", "") == printed.stdout.split()[0]
    assert [len(group) for group in key.spoken.split()] == [4] * 16
    assert key.spoken in text_of(page)


# --- whose turn it is


def test_each_person_has_one_turn_and_two_are_served_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "PATIENCE_SECONDS", 0.05)
    queue = Admission()
    with queue.turn(1):
        with pytest.raises(NotAdmitted, match="of yours"), queue.turn(1):
            pass
        with queue.turn(2), pytest.raises(NotAdmitted, match="Other people's"), queue.turn(3):
            pass
        with queue.turn(3):
            pass
    with queue.turn(1):
        pass


def test_who_waits_is_served_when_a_place_is_free_and_the_line_has_an_end() -> None:
    queue, leave, served = Admission(), threading.Event(), []

    def hold(person: int) -> None:
        with queue.turn(person):
            served.append(person)
            leave.wait(600)

    threads = [threading.Thread(target=hold, args=[person]) for person in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(queue._people) >= admission.AT_ONCE + admission.WAITING)
    with pytest.raises(NotAdmitted, match="in a minute"), queue.turn(5):
        pass
    assert len(served) == admission.AT_ONCE
    leave.set()
    for thread in threads:
        thread.join(60)
    assert sorted(served) == [1, 2, 3, 4]


def test_a_check_that_runs_closes_the_page_for_nobody_else(
    client: Client, trusting: None, bundle: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody's check goes on; the same person is told to wait, another is served."""
    from recordings.proof.evidence.check import verify_views
    from tests.factories import person

    other = Client()
    other.force_login(person("compliance_officer"))
    with verify_views._admission.turn(int(client.session["_auth_user_id"])):
        assert verify(client, bundle).status_code == 503
        assert client.get("/audit/verify/").status_code == 200
        assert verify(other, bundle).context["checked"].inspection.verdict == "WITNESSED by w0, w1"


# --- the process


def test_a_check_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = _inspect(monkeypatch, tmp_path, "import time; time.sleep(60)", SECONDS=0.3)
    assert (said.exit_code, said.tone) == (2, "warn")
    assert "verify_audit.py on your own computer" in said.verdict


@pytest.mark.parametrize(
    ("code", "limit"),
    [
        ("while True: pass", {"PROCESSOR_SECONDS": 1}),
        ("held = bytearray(400 * 1024**2); print(len(held))", {}),
        ("while True: print('x' * 1000)", {}),
        ("print('{\"verdict\": 1}')", {}),
    ],
    ids=["processor", "memory", "output", "other words"],
)
def test_a_check_that_takes_too_much_is_not_checked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str, limit: dict[str, float]
) -> None:
    assert _inspect(monkeypatch, tmp_path, code, **limit).verdict.startswith("NOT CHECKED: ")


def test_the_process_knows_nothing_of_the_portal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting and no secret is in its environment, and the portal's code is not importable."""
    monkeypatch.setenv("SECRET_KEY", "geheim")
    code = (
        "import json, os, sys\n"
        "found = json.dumps([dict(os.environ), sys.path])\n"
        "print(json.dumps({'verdict': found, 'checks': [], 'statement': []}))"
    )
    said = _inspect(monkeypatch, tmp_path, code)
    assert "geheim" not in said.verdict
    assert f'"{Path(verify_audit.__file__).parents[4]}"' not in said.verdict


def test_half_a_character_is_shown_as_a_question_mark(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = 'print(\'{"verdict": "\\\\ud800 x", "checks": [], "statement": []}\')'
    assert _inspect(monkeypatch, tmp_path, code).verdict == "? x"


def _inspect(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str, **limits: float) -> Inspection:
    """Another program in the verifier's place."""
    program = folder / "program.py"
    program.write_text(code)
    monkeypatch.setattr(inspection, "VERIFIER", program)
    for name, value in limits.items():
        monkeypatch.setattr(inspection, name, value)
    return inspection.inspect(folder / "program.py")
