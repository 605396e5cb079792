"""Evidence bundles from real sealed logs, checked by the verifier that they carry."""

import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from auditportal.embedded import Services
from recordings.audit import Kind, Outcome, Target, record
from recordings.models.fields import uuid7
from recordings.proof.evidence.bundle import final_checkpoint, pdf, population
from recordings.proof.evidence.bundle.scope import Scope
from recordings.proof.evidence.canonical_json import canonical
from recordings.proof.evidence.check.verify_audit import verify
from recordings.proof.evidence.errors import CannotBuild, CannotProve, TooMuch
from recordings.proof.sealing.tags import tag
from tests.cells import original
from tests.integration.proof.evidence.bundles import (
    NOA,
    TOM,
    Log,
    checked,
    discovered,
    make_log,
    on_recording,
    opened,
    played,
    ref_of,
    table,
)
from tests.sealing import ORIGIN, begin_epoch, open_log_long_ago

pytestmark = pytest.mark.usefixtures("committed_db")

Admin = psycopg.Connection[Any]
ON_1 = on_recording("1")


@pytest.fixture
def log(services: Services, settings: Any, tmp_path: Path) -> Log:
    return make_log(services, settings, tmp_path)


def test_a_bundle_about_a_recording_is_complete_and_checks(log: Log) -> None:
    for number in (1, 2, 1, 3, 1):
        opened(str(number), note="=1+1")
    bundle = log.bundle(ON_1)
    assert checked(bundle, log) == "CONSISTENT (self-signed only)"
    claims = bundle.claims
    assert bundle.rows == [1, 3, 5]
    assert bundle.leaves == [0, 1, 3, 5, 6, 7]  # with the opening, the request and the manifest
    assert (claims["leaves"], claims["rows"]) == (6, 3)
    assert (claims["opening"], claims["request"], claims["size"]) == (0, 6, 8)
    (chain,) = claims["chains"]
    assert (chain["kind"], chain["head"]["count"], chain["head"]["last"]) == ("obj", 3, 5)
    assert claims["scope"] == {"kind": "target", "ref": ref_of("1")}
    assert set(claims) == {
        *("v", "type", "origin", "size", "report", "request", "scope", "tag_key", "opening", "chains"),
        *("leaves", "rows", "files", "anchors"),
    }


def test_the_request_binds_what_is_asked_for(log: Log) -> None:
    opened("1")
    scope = on_recording("1", since=datetime(2020, 1, 1, tzinfo=UTC), until=datetime(2020, 2, 1, tzinfo=UTC))
    bundle = log.bundle(scope)
    asking = bundle.lines[bundle.claims["request"]]["body"]
    assert asking["action_detail"]["scope"] == bundle.claims["scope"] == scope.as_claim()
    assert asking["object"]["ref"] == f"report:{bundle.claims['report']}"
    assert bundle.rows == []
    assert checked(bundle, log)


def test_the_zip_has_the_agreed_files_and_their_hashes(log: Log) -> None:
    opened("1")
    bundle = log.bundle(ON_1)
    assert bundle.names == [
        *("README.txt", "bundle.json", "checkpoint.txt", "policy.txt", "events.jsonl"),
        *("report.csv", "report.xlsx", "report.pdf", "verify_audit.py", "verify.html", "SHA256SUMS"),
    ]
    for name, digest in bundle.claims["files"].items():
        assert hashlib.sha256(bundle.read(name)).hexdigest() == digest
    assert set(bundle.claims["files"]) == {"report.csv", "report.xlsx", "report.pdf"}


def test_the_pdf_s_first_page_says_what_the_bundle_says(log: Log, first_page: Callable[[bytes], str]) -> None:
    discovered("1")
    bundle = log.bundle(ON_1)
    told = first_page(bundle.read("report.pdf"))
    root = bundle.read("checkpoint.txt").decode().split("\n")[2]
    for text in (*bundle.said.values(), bundle.claims["report"], root, bundle.claims["files"]["report.csv"]):
        assert "".join(text.split()) in told
    assert "onlyreport.csvisrecomputedfromtheevents" in told.lower()


def test_the_table_says_what_the_events_say(log: Log) -> None:
    opened("1", label="דנה מרלו", note="=1+1")
    bundle = log.bundle(ON_1)
    (row,) = table(bundle)
    body = bundle.lines[1]["body"]
    assert row["body_sha256"] == hashlib.sha256(canonical(body)).hexdigest()
    assert {
        name: row[name] for name in ("leaf", "type", "outcome", "actor", "actor_name", "role", "purpose")
    } == {
        "leaf": "1",
        "type": "recording.opened",
        "outcome": "granted",
        "actor": "user:7",
        "actor_name": "Noa Levi",
        "role": "compliance_officer",
        "purpose": "quality",
    }
    assert (row["target"], row["target_label"], row["parent"]) == (ref_of("1"), "דנה מרלו", "object:14")
    assert (row["note"], row["address"], row["detail"]) == ("'=1+1", "192.0.2.7", '{"where":"page"}')
    assert checked(bundle, log)


def test_searched_words_stand_in_the_clear_until_they_are_erased(log: Log, admin_connection: Admin) -> None:
    record(
        Kind.SEARCHED, by=NOA, detail={"found": 2, "where": "objects"}, private={"q": 'marlowe, "dana"\n=1'}
    )
    everything = Scope("actor", "user:7")
    before = log.bundle(everything)
    assert json.loads(table(before)[0]["detail"]) == {
        "found": 2,
        "q": 'marlowe, "dana"\n=1',
        "where": "objects",
    }
    admin_connection.execute("DELETE FROM audit.subject_key WHERE subject = 'user:7'")
    after = log.bundle(everything)
    commitment = after.lines[1]["body"]["action_detail"]["q"]
    assert json.loads(table(after)[0]["detail"])["q"] == commitment
    assert table(after)[0]["actor_name"] == "erased"
    assert checked(before, log)
    assert checked(after, log)


def test_the_workbook_says_the_same_as_the_csv(log: Log) -> None:
    for number in range(3):
        opened("1", label=f"Dana {number}", note="=1+1")
    bundle = log.bundle(ON_1)
    sheet = openpyxl.load_workbook(io.BytesIO(bundle.read("report.xlsx"))).active
    head, *rows = [[str(cell or "") for cell in row] for row in sheet.iter_rows(values_only=True)]
    listed = [list(row.values()) for row in table(bundle)]
    assert head == list(table(bundle)[0])
    assert rows == [[original(cell) for cell in row] for row in listed]


def test_viewings_are_counted_apart_from_other_events(log: Log) -> None:
    opened("1")
    played("1")
    built = log.bundle(ON_1).built
    assert (built.rows, built.viewings) == (2, 1)


def test_the_shipped_verifier_checks_it_as_a_stranger_runs_it(log: Log, tmp_path: Path) -> None:
    opened("1")
    bundle = log.bundle(ON_1)
    (tmp_path / "audit-trail.zip").write_bytes(bundle.file.getvalue())
    (tmp_path / "verify_audit.py").write_bytes(bundle.read("verify_audit.py"))
    (tmp_path / "your-policy.txt").write_text(log.signer.policy_text)
    command = "python3 verify_audit.py audit-trail.zip --policy your-policy.txt"
    assert command in bundle.read("README.txt").decode()
    ran = subprocess.run(
        [sys.executable, *command.split()[1:]], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.rstrip().endswith("CONSISTENT (self-signed only)")


def test_sha256sum_reads_the_list(log: Log, tmp_path: Path) -> None:
    opened("1")
    bundle = log.bundle(ON_1)
    for name in bundle.names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(bundle.read(name))
    subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, check=True, capture_output=True
    )


# --- scopes


def test_a_bundle_about_a_person_holds_what_they_did(log: Log) -> None:
    opened("1")
    opened("2", by=TOM)
    opened("3")
    bundle = log.bundle(Scope("actor", "user:7"))
    assert checked(bundle, log)
    assert [row["target"] for row in table(bundle)][:2] == [ref_of("1"), ref_of("3")]
    # Asking for it is in it: the request was sealed before the manifest.
    assert [row["type"] for row in table(bundle)] == ["recording.opened"] * 2 + ["export.requested"]


def test_a_bundle_about_the_sealer_ends_before_the_manifest(log: Log) -> None:
    opened("1")
    bundle = log.bundle(Scope("actor", "system:sealer"))
    assert checked(bundle, log)
    assert bundle.rows == [0]
    assert bundle.leaves == [0, 2, 3]


def test_the_whole_trail_is_one_unbroken_range(log: Log) -> None:
    for number in range(3):
        opened(str(number))
    bundle = log.bundle(Scope("all"))
    assert checked(bundle, log)
    assert bundle.leaves == bundle.rows == [0, 1, 2, 3, 4, 5]
    assert bundle.claims["range"] == {"first": 0, "last": 5}
    assert "chains" not in bundle.claims
    assert not any("gap" in line for line in bundle.lines.values())


def test_an_object_s_bundle_holds_the_events_on_its_recordings(log: Log) -> None:
    record(Kind.OBJECT_OPENED, by=NOA, target=Target("object", "object:14"), outcome=Outcome.GRANTED)
    for recording in ("1", "2", "1"):
        opened(recording)
    record(Kind.OBJECT_OPENED, by=TOM, target=Target("object", "object:15"), outcome=Outcome.GRANTED)
    bundle = log.bundle(Scope("object", "object:14"))
    assert checked(bundle, log)
    assert bundle.rows == [1, 2, 3, 4]
    assert [chain["kind"] for chain in bundle.claims["chains"]] == ["obj", "par"]
    assert [chain["head"]["count"] for chain in bundle.claims["chains"]] == [1, 3]


def test_an_object_without_any_event_has_neighbours_in_both_lists(log: Log) -> None:
    opened("1")
    bundle = log.bundle(Scope("object", "object:15"))
    assert checked(bundle, log)
    assert [set(chain) for chain in bundle.claims["chains"]] == [{"kind", "absence"}] * 2
    assert bundle.said["Viewings"] == "not stated: no recording of this object was ever registered in the log"


# --- nobody viewed this


def test_nobody_viewed_this_is_said_of_a_recording_that_the_log_knows(services: Services, log: Log) -> None:
    open_log_long_ago(services, log.signer)
    discovered("7")
    for number in range(6):
        opened(str(number))
    bundle = log.bundle(on_recording("7"))
    assert checked(bundle, log)
    assert bundle.rows == [1]
    assert bundle.said["Viewings"].startswith("none: no video URL was issued from ")


def test_a_log_that_has_just_been_opened_vouches_for_no_time(log: Log) -> None:
    discovered("7")
    bundle = log.bundle(on_recording("7"))
    assert checked(bundle, log)
    assert bundle.said["Complete"].endswith(" and covers no time yet")
    assert bundle.said["Viewings"] == "not stated: the log does not cover this period"


def test_of_a_time_before_the_log_nothing_is_stated(services: Services, log: Log) -> None:
    """An empty March is no finding when the log was opened in April."""
    open_log_long_ago(services, log.signer)
    discovered("7")
    march = {"since": datetime(2020, 3, 1, tzinfo=UTC), "until": datetime(2020, 4, 1, tzinfo=UTC)}
    for scope in (on_recording("7", **march), Scope("all", **march)):
        bundle = log.bundle(scope)
        assert checked(bundle, log)
        assert bundle.said["Complete"].startswith("not stated: the log covers only the time from ")
        assert bundle.said["Viewings"] == "not stated: the log does not cover this period"


def test_that_there_is_nothing_is_shown_by_the_neighbours(log: Log) -> None:
    for number in range(6):
        opened(str(number))
    bundle = log.bundle(on_recording("99"))
    assert checked(bundle, log)
    (chain,) = bundle.claims["chains"]
    assert set(chain) == {"kind", "absence"}
    assert table(bundle) == []
    assert bundle.said["Viewings"] == "not stated: this recording was never registered in the log"


@pytest.mark.parametrize("side", ["left", "right"])
def test_absence_at_an_end_of_the_list_has_one_neighbour(log: Log, side: str) -> None:
    opened("1")
    log.seal()
    key = _tag_key(log)
    others = [tag(key, "obj", ref) for ref in (ref_of("1"), "report:x")]
    beyond: Callable[[bytes], bool] = (
        (lambda own: own < min(others)) if side == "left" else (lambda own: own > max(others))
    )
    # The only other object is the report that is asked for; its tag is known once it is asked for.
    report = uuid7()
    others[1] = tag(key, "obj", f"report:{report}")
    scope = next(
        scope
        for scope in (on_recording(str(n)) for n in range(2, 9999))
        if beyond(tag(key, "obj", scope.ref))
    )
    order = log.order(scope, report=report)
    log.seal()
    bundle = log.build(order)
    assert checked(bundle, log)
    (chain,) = bundle.claims["chains"]
    assert set(chain["absence"]) == {"right" if side == "left" else "left"}


def test_absence_in_a_log_without_any_parent(log: Log) -> None:
    """The list of parents is empty: there are no neighbours."""
    bundle = log.bundle(Scope("object", "object:14"))
    assert checked(bundle, log)
    assert bundle.claims["chains"][1] == {"kind": "par", "absence": {}}


def _tag_key(log: Log) -> bytes:
    with psycopg.connect(log.services.sealer_url) as connection:
        ((key,),) = connection.execute("SELECT tag_key FROM audit.log_head").fetchall()
    return bytes(key)


# --- a log that goes on under another name


def test_a_bundle_of_a_later_epoch_counts_all_leaves_and_names_its_opening(log: Log, settings: Any) -> None:
    opened("1")
    log.seal()
    begin_epoch(log.services, log.signer)
    following = log.signer.key.verifier.named(f"{ORIGIN}/2")
    settings.AUDIT_POLICY_FILE.write_text(f"log {following.vkey}\nquorum none\n")
    opened("1")
    bundle = log.bundle(ON_1)
    result = verify(bundle.file, policy=f"log {following.vkey}\nquorum none\n")
    assert [check for check in result.checks if check.state == "fail"] == []
    claims = bundle.claims
    assert (claims["origin"], claims["opening"], bundle.rows) == (f"{ORIGIN}/2", 2, [1, 3])
    assert bundle.said["Log"].endswith("; under this name since leaf 2: the disk was lost")


# --- erased, witnessed, not provable


def test_an_erased_person_reads_erased_and_everything_holds(log: Log, admin_connection: Admin) -> None:
    opened("1", label="Dana Marlowe")
    opened("1", label="Ron Ash")
    before = log.bundle(ON_1)
    admin_connection.execute("DELETE FROM audit.subject_key WHERE subject = 'customer:Dana Marlowe'")
    after = log.bundle(ON_1)
    assert [row["target_label"] for row in table(before)] == ["Dana Marlowe", "Ron Ash"]
    assert [row["target_label"] for row in table(after)] == ["erased", "Ron Ash"]
    assert "object.label" not in after.lines[1]["reveal"]
    assert b"Dana" not in b"".join(after.read(name) for name in after.names if name != "report.pdf")
    assert after.said["Personal values"].endswith(", 1 erased or not disclosed")
    assert checked(before, log)
    assert checked(after, log)


def test_witnesses_lift_the_verdict(services: Services, settings: Any, tmp_path: Path) -> None:
    log = make_log(services, settings, tmp_path, witnesses=("internal-audit",))
    opened("1")
    bundle = log.bundle(ON_1)
    assert checked(bundle, log) == "WITNESSED by internal-audit"
    assert bundle.built.witnesses == ("internal-audit",)
    assert bundle.built.verdict == "Witnessed by internal-audit."
    assert bundle.said["Cosigned by"].startswith("internal-audit (20")
    assert "when it happened" not in bundle.said["Not checked"]
    assert bundle.read("policy.txt").decode() == log.signer.policy_text


def test_a_quorum_that_does_not_answer_is_left_at_that(
    services: Services, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(final_checkpoint, "WAIT_SECONDS", 0.2)
    log = make_log(services, settings, tmp_path, witnesses=("internal-audit",))
    opened("1")
    policy = log.signer.policy_text
    monkeypatch.setattr(log.signer, "witnesses", {})
    bundle = log.bundle(ON_1)
    assert "quorum was not met" in bundle.built.verdict
    assert "quorum none" in bundle.read("policy.txt").decode()
    assert verify(bundle.file, policy=policy).verdict == "INVALID"
    assert verify(bundle.file).verdict == "CONSISTENT (self-signed only)"


def test_a_log_that_was_never_opened_fails_at_once(log: Log) -> None:
    with pytest.raises(CannotProve) as caught:
        log.build(log.order(ON_1))
    assert caught.value.sentence == final_checkpoint.NOT_OPENED


def test_a_sealer_that_stands_still_fails_with_a_sentence(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(final_checkpoint, "WAIT_SECONDS", 0.3)
    log.seal()
    with pytest.raises(CannotProve) as caught:
        log.build(log.order(ON_1))
    assert caught.value.sentence == final_checkpoint.NOT_SEALED


def test_without_a_policy_nothing_is_built(log: Log, settings: Any) -> None:
    settings.AUDIT_POLICY_FILE = None
    with pytest.raises(CannotProve) as caught:
        log.build(log.order(ON_1))
    assert caught.value.sentence == final_checkpoint.NO_POLICY


def test_a_pdf_that_cannot_be_set_fails_with_a_sentence(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.py").write_text("raise SystemExit('no fonts')")
    monkeypatch.setattr(pdf, "_TYPESET", tmp_path / "broken.py")
    opened("1")
    with pytest.raises(CannotBuild) as caught:
        log.bundle(ON_1)
    assert caught.value.sentence.startswith("The PDF could not be made.")


def test_a_note_that_cannot_be_drawn_keeps_no_bundle_from_being_built(log: Log) -> None:
    opened("1", label="Dana\ue000", note="\U000f0000 中 \ufdd0 \u0378")
    bundle = log.bundle(ON_1)
    assert checked(bundle, log)
    assert table(bundle)[0]["note"] == "\U000f0000 中 \ufdd0 \u0378"
    assert bundle.read("report.pdf").startswith(b"%PDF")


@pytest.mark.parametrize("scope", [ON_1, Scope("all"), Scope("all", since=datetime(2026, 11, 1, tzinfo=UTC))])
def test_more_than_a_bundle_carries_says_what_to_narrow(
    log: Log, monkeypatch: pytest.MonkeyPatch, scope: Scope
) -> None:
    monkeypatch.setattr(population, "LIMIT", 2)
    for _ in range(3):
        opened("1")
    with pytest.raises(TooMuch) as caught:
        log.bundle(scope)
    assert "period" in caught.value.sentence


def test_what_is_left_out_of_a_bundle_is_noticed(log: Log) -> None:
    for _ in range(3):
        opened("1")
    bundle = log.bundle(ON_1)
    lines = bundle.read("events.jsonl").splitlines(keepends=True)
    assert verify(bundle.changed({"events.jsonl": b"".join(lines[:2] + lines[3:])})).verdict == "INVALID"
