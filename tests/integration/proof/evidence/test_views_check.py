"""Checkpoints and bundles that people bring: each gets its true answer, and the answer is in the trail."""

import io
import zipfile
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from recordings.models import Incident
from recordings.proof.evidence.bundle.scope import Scope
from recordings.proof.evidence.check import verify_audit
from recordings.tlog import merkle
from recordings.tlog.checkpoint import Checkpoint, parse
from recordings.tlog.cosigner import AddCheckpointRequest
from recordings.tlog.notes import Note, SigningKey, format_note
from tests.integration.proof.evidence.bundles import Log as BundleLog
from tests.integration.proof.evidence.pages import Log, text_of, trail


def compare(client: Client, note: str = "", file: Any = None) -> Any:
    return client.post("/audit/compare/", {"note": note, **({"file": file} if file else {})})


def note_of(client: Client, size: int) -> str:
    return str(client.get(f"/audit/checkpoints/{size}/note").content.decode())


def signed(key: SigningKey, size: int, root: bytes) -> str:
    text = Checkpoint(key.name, size, root).text()
    return format_note(text, [key.sign(text)])


@pytest.fixture
def log(opened: Any) -> Log:
    """Two checkpoints: of the first events, and of all."""
    log: Log = opened("Internal-Audit")
    log.write(5)
    log.first = log.seal()  # type: ignore[attr-defined]
    log.write(7)
    log.last = log.seal()  # type: ignore[attr-defined]
    return log


def answer(response: Any) -> str:
    return str(response.context["comparison"].verdict)


def test_our_newest_checkpoint_is_the_same_log(client: Client, log: Any) -> None:
    response = compare(client, note_of(client, log.last))
    assert answer(response) == "same_log"
    assert "Same log" in text_of(response)


def test_an_older_one_is_consistent_and_the_proof_of_it_checks(client: Client, log: Any) -> None:
    note = note_of(client, log.first)
    response = compare(client, note)
    assert answer(response) == "consistent"
    found = client.get(f"/audit/checkpoints/{log.last}/from/{log.first}")
    asked = AddCheckpointRequest.parse(found.content)
    ours, theirs = parse(Note.parse(asked.note).text), parse(Note.parse(note).text)
    assert (asked.old, ours.size) == (log.first, log.last)
    merkle.check_consistency(asked.old, theirs.root, ours.size, ours.root, asked.path)
    assert trail()[-2:] == [
        (
            "audit.checkpoint_compared",
            None,
            {
                "verdict": "consistent",
                "origin": theirs.origin,
                "size": log.first,
                "root": note.split("\n")[2],
                "note": note,
            },
        ),
        ("audit.proof_taken", f"checkpoint:{log.last}", {"old_size": log.first}),
    ]


def test_the_proof_up_to_a_reports_checkpoint_and_the_verifier_takes_it(
    client: Client, log: Any, tmp_path: Any
) -> None:
    kept = note_of(client, log.first)
    bundle = BundleLog(log.services, log.signer, tmp_path).bundle(Scope("object", "object:1"))
    size = int(bundle.read("checkpoint.txt").split(b"\n")[1])
    asked = client.get("/audit/consistency/", {"old": log.first, "size": size})
    proof = client.get(asked["Location"]).content
    policy = log.signer.policy_text
    with_older = verify_audit.verify(bundle.file, policy, None, kept, proof)
    assert [check.state for check in with_older.checks if check.name == "older"] == ["ok"]
    assert with_older.verdict == "WITNESSED by Internal-Audit"
    refused = client.get("/audit/consistency/", {"old": log.first, "size": size + 999})
    assert (refused.status_code, "There is no such proof" in text_of(refused)) == (404, True)
    assert client.get("/audit/consistency/", {"old": "x", "size": size}).status_code == 404


def test_a_second_history_under_our_key_is_an_alarm_noted_once(client: Client, log: Any) -> None:
    """A11: somebody holds an older checkpoint, and the log was rewritten since."""
    other = signed(log.signer.key, log.first, bytes(32))
    for _ in range(2):
        response = compare(client, other)
        assert answer(response) == "inconsistent"
        assert "Someone has rewritten the log" in text_of(response)
    (incident,) = Incident.objects.all()
    assert incident.code == "checkpoint_contradicted"
    assert trail("audit.checkpoint_compared")[-1][2]["note"] == other
    assert client.get("/audit/").context["log"].word == "1 incident open"


def test_a_checkpoint_newer_than_the_log_is_an_alarm(client: Client, log: Any) -> None:
    """A13: truncated since."""
    response = compare(client, signed(log.signer.key, log.last + 1000, bytes(32)))
    assert answer(response) == "newer_than_ours"
    assert Incident.objects.count() == 1


@pytest.mark.parametrize("size", ["first", "last"])
def test_an_edited_checkpoint_has_a_bad_signature_and_is_no_incident(
    client: Client, log: Any, size: str
) -> None:
    note = note_of(client, getattr(log, size)).replace(f"\n{getattr(log, size)}\n", "\n4\n", 1)
    assert answer(compare(client, note)) == "bad_signature"
    forged = signed(SigningKey.generate(log.signer.origin), log.first, bytes(32))
    assert answer(compare(client, forged)) == "bad_signature"
    assert Incident.objects.count() == 0


def test_another_log_is_another_log(client: Client, log: Any) -> None:
    key = SigningKey.generate("elsewhere.example.com/log")
    response = compare(client, signed(key, 3, bytes(32)))
    assert answer(response) == "other_log"
    assert "elsewhere.example.com/log" in text_of(response)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda note: "\ufeff" + note, "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        (lambda note: "\n" + note.replace("\n", "\u200b\n"), "U+200B ZERO WIDTH SPACE"),
        (lambda note: note.replace(" ", "\u00a0"), "U+00A0 NO-BREAK SPACE"),
        (lambda note: "\u2066" + note[:9] + "\u00ad" + note[9:] + "\u2069", "U+00AD SOFT HYPHEN"),
        (lambda note: note.replace("\n", " \r\n"), ""),
        (lambda note: note.replace("\n", "\u2028"), ""),
    ],
)
def test_what_the_clipboard_put_in_is_left_out_and_named(
    client: Client, log: Any, change: Any, named: str
) -> None:
    for number, verdict in ((log.first, "consistent"), (log.last, "same_log")):
        response = compare(client, change(note_of(client, number)))
        assert answer(response) == verdict
        assert named in text_of(response)
        assert ("They were ignored" in text_of(response)) == bool(named)


def test_a_file_that_an_editor_saved_in_utf_16_is_read(client: Client, log: Any) -> None:
    note = note_of(client, log.first).encode("utf-16")
    assert answer(compare(client, file=SimpleUploadedFile("c.txt", note))) == "consistent"


@pytest.mark.parametrize(
    ("letter", "name"), [("а", "U+0430 CYRILLIC SMALL LETTER A"), ("\u2010", "U+2010 HYPHEN")]
)
def test_origins_that_look_alike_are_told_apart(client: Client, log: Any, letter: str, name: str) -> None:
    ours = log.signer.origin
    place = len(ours) // 2
    other = SigningKey.generate(ours[:place] + letter + ours[place:])
    response = compare(client, signed(other, 3, bytes(32)))
    assert answer(response) == "other_log"
    assert f"They differ at character {place + 1}:" in text_of(response)
    assert name in text_of(response)


def test_without_a_policy_a_difference_is_not_pinned_on_anybody(
    client: Client, log: Any, settings: Any
) -> None:
    note = note_of(client, log.first)
    settings.AUDIT_POLICY_FILE = None
    assert answer(compare(client, note)) == "consistent"
    assert answer(compare(client, signed(log.signer.key, log.first, bytes(32)))) == "differs_but_unsigned"
    assert Incident.objects.count() == 0


def test_a_file_does_as_well_and_so_does_a_bundle(client: Client, log: Any) -> None:
    note = note_of(client, log.first)
    assert answer(compare(client, file=SimpleUploadedFile("c.txt", note.replace("\n", "\r\n").encode()))) == (
        "consistent"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as bundle:
        bundle.writestr("../../etc/passwd", "no")
        bundle.writestr("checkpoint.txt", note)
    assert answer(compare(client, file=SimpleUploadedFile("b.zip", packed.getvalue()))) == "consistent"


@pytest.mark.parametrize(
    ("note", "file", "sentence"),
    [
        ("", None, "Paste a checkpoint or choose a file"),
        ("hello", None, "This is not a checkpoint:"),
        ("a\nb\nc\n\n— a AAAA\n", None, "This is not a checkpoint:"),
        ("x", b"y", "but not both"),
        ("", b"PK\x03\x04 nothing", "There is no checkpoint.txt in this file."),
        ("", b"\xff\xfe\x00", "neither a checkpoint nor a bundle"),
        ("", b"x" * 70_000, "longer than 64 KiB"),
    ],
)
def test_what_is_no_checkpoint_is_told_so(
    client: Client, log: Any, note: str, file: bytes | None, sentence: str
) -> None:
    response = compare(client, note, SimpleUploadedFile("f", file) if file else None)
    assert response.status_code == 400
    assert sentence in text_of(response)
    assert trail("audit.checkpoint_compared") == []


def test_a_long_note_of_any_script_fits_into_its_event(client: Client, log: Any) -> None:
    text = Checkpoint("𝕝𝕠𝕘" * 4000, 3, bytes(32)).text()
    assert answer(compare(client, format_note(text, [log.signer.key.sign(text)]))) == "other_log"
    assert trail("audit.checkpoint_compared")[-1][2]["note"].startswith("𝕝𝕠𝕘")


def test_a_bundle_whose_checkpoint_is_damaged_is_told_so(client: Client, log: Any) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("checkpoint.txt", note_of(client, log.first))
    data = bytearray(packed.getvalue())
    for at in range(45, 90):  # within what is compressed
        data[at] ^= 0xFF
    response = compare(client, file=SimpleUploadedFile("b.zip", bytes(data)))
    assert (response.status_code, "The checkpoint.txt in this file is damaged." in text_of(response)) == (
        400,
        True,
    )


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_checkpoint_that_unpacks_to_much_is_too_long(client: Client, log: Any, method: int) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as bundle:
        bundle.writestr("checkpoint.txt", "x" * 10_000_000)
    response = compare(client, file=SimpleUploadedFile("b.zip", packed.getvalue()))
    assert (response.status_code, "longer than 64 KiB" in text_of(response)) == (400, True)


def test_the_application_can_note_this_one_kind_of_incident_only(
    client: Client, log: Any, services: Any
) -> None:
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        for statement in (
            "INSERT INTO audit.incident (code, detail) VALUES ('event_altered', 'x')",
            "UPDATE audit.incident SET detail = ''",
            "DELETE FROM audit.incident",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        connection.execute("SELECT audit.note_contradiction(%s)", ["x"])
    assert list(Incident.objects.values_list("code", flat=True)) == ["checkpoint_contradicted"]
