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
from recordings.evidence import pdf, population, standing
from recordings.evidence.claims import Order
from recordings.evidence.errors import CannotBuild, CannotProve, TooMuch
from recordings.evidence.scope import Scope
from recordings.evidence.verify_audit import verify
from recordings.models.fields import uuid7
from recordings.sealing.tags import tag
from recordings.sheets.cells import original
from tests.integration.evidence.bundles import NOA, TOM, Log, checked, make_log, opened, table
from tests.sealing import ORIGIN, begin_epoch

pytestmark = pytest.mark.usefixtures("committed_db")

Admin = psycopg.Connection[Any]
ON_1 = Scope("target", "recording:1")


@pytest.fixture
def log(services: Services, settings: Any, tmp_path: Path) -> Log:
    return make_log(services, settings, tmp_path)


def test_a_bundle_about_a_recording_is_complete_and_checks(log: Log) -> None:
    for number in (1, 2, 1, 3, 1):
        opened(str(number), note="=1+1")
    bundle = log.bundle(ON_1)
    assert checked(bundle, log) == "CONSISTENT (self-signed only)"
    claims = bundle.claims
    assert claims["leaves"] == claims["rows"] == [1, 3, 5]
    assert (claims["opening"], claims["manifest"], claims["size"]) == (0, 7, 8)
    assert (claims["head"]["count"], claims["head"]["last"]) == (3, 5)
    assert claims["scope"] == {"kind": "target", "ref": "recording:1"}
    assert claims["generated_by"] == {"name": "Noa Levi", "ref": "user:7"}
    assert sorted(name for name in bundle.names if name.startswith("events/")) == [
        f"events/{n:012}.tlog-proof" for n in (0, 1, 3, 5, 7)
    ]


def test_the_table_says_what_the_events_say(log: Log) -> None:
    opened("1", label="דנה מרלו", note="=1+1")
    bundle = log.bundle(ON_1)
    (row,) = table(bundle)
    body = bundle.extra(1)["body"]
    assert row["body_sha256"] == hashlib.sha256(body.encode()).hexdigest()
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
    assert (row["target"], row["target_label"], row["parent"]) == ("recording:1", "דנה מרלו", "object:14")
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
    commitment = json.loads(after.extra(1)["body"])["action_detail"]["q"]
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
    record(Kind.URL_ISSUED, by=NOA, target=Target("recording", "recording:1"), outcome=Outcome.GRANTED)
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
    assert [row["target"] for row in table(bundle)][:2] == ["recording:1", "recording:3"]
    # Asking for it is in it: the request was sealed before the manifest.
    assert [row["type"] for row in table(bundle)] == ["recording.opened"] * 2 + ["export.requested"]


def test_a_bundle_about_the_sealer_ends_before_the_manifest(log: Log) -> None:
    opened("1")
    bundle = log.bundle(Scope("actor", "system:sealer"))
    assert checked(bundle, log)
    assert bundle.claims["leaves"] == [0]


def test_the_whole_trail_is_one_unbroken_range(log: Log) -> None:
    for number in range(3):
        opened(str(number))
    bundle = log.bundle(Scope("all"))
    assert checked(bundle, log)
    assert bundle.claims["leaves"] == bundle.claims["rows"] == [0, 1, 2, 3, 4, 5]
    assert "head" not in bundle.claims
    assert "absence" not in bundle.claims


# --- nobody viewed this


def test_nobody_viewed_this_is_shown_by_the_neighbours(log: Log) -> None:
    for number in range(6):
        opened(str(number))
    bundle = log.bundle(Scope("target", "recording:never"))
    assert checked(bundle, log)
    claims = bundle.claims
    assert claims["leaves"] == claims["rows"] == []
    assert "head" not in claims
    assert table(bundle) == []


@pytest.mark.parametrize("side", ["left", "right"])
def test_absence_at_an_end_of_the_list_has_one_neighbour(log: Log, side: str) -> None:
    opened("1")
    log.seal()
    key = _tag_key(log)
    others = [tag(key, "obj", ref) for ref in ("recording:1", "report:x")]
    beyond: Callable[[bytes], bool] = (
        (lambda own: own < min(others)) if side == "left" else (lambda own: own > max(others))
    )
    # The only other object is the report that is asked for; its tag is known once it is asked for.
    order = log.order(Scope("target", "recording:?"))
    others[1] = tag(key, "obj", f"report:{order.report}")
    ref = next(ref for ref in (f"recording:{n}" for n in range(2, 9999)) if beyond(tag(key, "obj", ref)))
    log.seal()
    bundle = log.build(
        order.__class__(order.report, order.request, Scope("target", ref), order.name, order.ref)
    )
    assert checked(bundle, log)
    assert set(bundle.claims["absence"]) == {"right" if side == "left" else "left"}


def test_absence_in_a_log_without_any_object(log: Log) -> None:
    """Not even the request names an object: the list of objects is empty."""
    event = record(Kind.REPORT_REQUESTED, by=NOA, detail={"format": "bundle"})
    log.seal()
    bundle = log.build(Order(uuid7(), event, ON_1, NOA.name, NOA.ref))
    assert checked(bundle, log)
    assert bundle.claims["absence"] == {}


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
    result = verify(bundle.file, policy_text=f"log {following.vkey}\nquorum none\n")
    assert [check for check in result.checks if not check.ok] == []
    claims = bundle.claims
    assert (claims["origin"], claims["opening"], claims["leaves"]) == (f"{ORIGIN}/2", 2, [1, 3])


# --- erased, witnessed, not provable


def test_an_erased_person_reads_erased_and_everything_holds(log: Log, admin_connection: Admin) -> None:
    opened("1", label="Dana Marlowe")
    opened("1", label="Ron Ash")
    before = log.bundle(ON_1)
    admin_connection.execute("DELETE FROM audit.subject_key WHERE subject = 'customer:Dana Marlowe'")
    after = log.bundle(ON_1)
    assert [row["target_label"] for row in table(before)] == ["Dana Marlowe", "Ron Ash"]
    assert [row["target_label"] for row in table(after)] == ["erased", "Ron Ash"]
    assert "object.label" not in after.extra(1)["reveal"]
    assert b"Dana" not in b"".join(after.read(name) for name in after.names if name != "report.pdf")
    assert checked(before, log)
    assert checked(after, log)


def test_witnesses_lift_the_verdict(services: Services, settings: Any, tmp_path: Path) -> None:
    log = make_log(services, settings, tmp_path, witnesses=("internal-audit",))
    opened("1")
    bundle = log.bundle(ON_1)
    assert checked(bundle, log) == "WITNESSED by internal-audit"
    assert bundle.built.witnesses == ("internal-audit",)
    assert bundle.built.verdict == "Witnessed by internal-audit."
    assert bundle.read("policy.txt").decode() == log.signer.policy_text


def test_a_quorum_that_does_not_answer_is_left_at_that(
    services: Services, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "WAIT_SECONDS", 0.2)
    log = make_log(services, settings, tmp_path, witnesses=("internal-audit",))
    opened("1")
    policy = log.signer.policy_text
    monkeypatch.setattr(log.signer, "witnesses", {})
    bundle = log.bundle(ON_1)
    assert "quorum was not met" in bundle.built.verdict
    assert "quorum none" in bundle.read("policy.txt").decode()
    assert verify(bundle.file, policy_text=policy).verdict == "INVALID"
    assert verify(bundle.file).verdict == "CONSISTENT (self-signed only)"


def test_a_log_that_was_never_opened_fails_at_once(log: Log) -> None:
    with pytest.raises(CannotProve) as caught:
        log.build(log.order(ON_1))
    assert caught.value.sentence == standing.NOT_OPENED


def test_a_sealer_that_stands_still_fails_with_a_sentence(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "WAIT_SECONDS", 0.3)
    log.seal()
    with pytest.raises(CannotProve) as caught:
        log.build(log.order(ON_1))
    assert caught.value.sentence == standing.NOT_SEALED


def test_without_a_policy_nothing_is_built(log: Log, settings: Any) -> None:
    settings.AUDIT_POLICY_FILE = None
    with pytest.raises(CannotProve) as caught:
        log.build(log.order(ON_1))
    assert caught.value.sentence == standing.NO_POLICY


def test_a_pdf_that_cannot_be_set_fails_with_a_sentence(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.py").write_text("raise SystemExit('no fonts')")
    monkeypatch.setattr(pdf, "_TYPESET", tmp_path / "broken.py")
    opened("1")
    with pytest.raises(CannotBuild) as caught:
        log.bundle(ON_1)
    assert caught.value.sentence.startswith("The PDF could not be set.")


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
    assert verify(bundle.without("events/000000000002.tlog-proof")).verdict == "INVALID"
