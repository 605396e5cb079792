"""The pages of the sealed log, over real logs: what they say is so, and looking at them is in the trail first."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.test import Client

from auditportal.embedded import Services
from recordings.models import Incident, Leaf
from recordings.tlog import merkle
from recordings.tlog.checkpoint import parse, parse_note
from recordings.tlog.notes import Note
from recordings.tlog.proof import parse_proof
from tests.integration.proof.evidence.pages import Log, text_of, trail

NOTHING = UUID(int=0)


# --- checkpoints


def test_checkpoints_follow_each_other_newest_first(
    client: Client, opened: Callable[..., Log], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recordings.paging.PAGE", 2)
    monkeypatch.setattr("recordings.proof.evidence.pages.checkpoint_history.PAGE", 2)
    log = opened("Internal-Audit")
    sizes = []
    for _ in range(5):
        log.write()
        sizes.append(log.seal())
    first = client.get("/audit/checkpoints/").context
    second = client.get(f"/audit/checkpoints/{first['older_url']}").context
    third = client.get(f"/audit/checkpoints/{second['older_url']}").context
    shown = [row.size for context in (first, second, third) for row in context["page"].rows]
    assert shown == sizes[::-1]
    assert (first["newer_url"], third["older_url"]) == ("", "")
    back = client.get(f"/audit/checkpoints/{third['newer_url']}").context
    assert [row.size for row in back["page"].rows] == [row.size for row in second["page"].rows]
    assert first["page"].rows[0].witnesses == ("Internal-Audit",)
    assert first["shown"] == "Shown 2 of 5 checkpoints"


def test_a_checkpoint_is_handed_out_as_it_was_signed(client: Client, opened: Callable[..., Log]) -> None:
    log = opened("Internal-Audit")
    log.write(4)
    size = log.seal()
    page = client.get(f"/audit/checkpoints/{size}/")
    note = client.get(f"/audit/checkpoints/{size}/note")
    assert note["Content-Disposition"] == f'attachment; filename="checkpoint-{size}.txt"'
    checked = log.signer.policy.check(note.content)
    assert (checked.quorum_met, checked.checkpoint.size) == (True, size)
    said = [(signer.name, signer.role, signer.result) for signer in page.context["details"].signers]
    assert said == [
        (log.signer.origin, "log", "valid"),
        ("Internal-Audit", "witness", "valid"),
    ]
    assert trail() == [("audit.viewed", f"checkpoint:{size}", {})]


@pytest.mark.parametrize(
    "address",
    [
        "/audit/checkpoints/999/",
        "/audit/checkpoints/999/note",
        f"/audit/checkpoints/{10**30}/",
        "/audit/checkpoints/3/from/9",
        "/audit/anchors/999999999999999999999999",
        f"/audit/events/{NOTHING}/",
        f"/audit/events/{NOTHING}/proof",
        "/log/tile/0/999",
        "/log/tile/x",
        "/log/checkpoint",
    ],
)
def test_what_does_not_exist_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


# --- one event


def states(response: Any) -> list[tuple[str, bool]]:
    return [(stage.word, stage.reached) for stage in response.context["place"].stages]


def test_an_event_says_how_far_it_has_come(
    client: Client, opened: Callable[..., Log], services: Services
) -> None:
    from tests.sealing import load_log, seal_unsigned

    log = opened("Internal-Audit")
    log.write()
    log.seal()
    event = log.write()
    address = f"/audit/events/{event}/"
    assert states(client.get(address))[1:] == [("Sealed", False), ("Signed", False), ("Witnessed", False)]
    assert client.get(f"{address}proof").status_code == 404
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        seal_unsigned(connection, load_log(connection, log.signer))
    response = client.get(address)
    assert states(response)[1:] == [("Sealed", True), ("Signed", False), ("Witnessed", False)]
    assert "No signed checkpoint covers it yet" in text_of(response)
    log.seal()
    assert [reached for _, reached in states(client.get(address))] == [True] * 4


def test_an_entry_is_shown_with_all_three_of_its_chains(client: Client, opened: Callable[..., Log]) -> None:
    """Version 2 of an entry: who, what, and what that belongs to."""
    from recordings.audit import Kind, Outcome, Target, record
    from tests.integration.trail.helpers import acting

    log = opened()
    target = Target("recording", f"recording:{NOTHING}", "Dana Marlowe", "object:14", "customer:1")
    event = record(Kind.RECORDING_OPENED, by=acting(log.by), target=target, outcome=Outcome.GRANTED)
    log.seal()
    place = client.get(f"/audit/events/{event}/").context["place"]
    entry = json.loads(place.entry)
    assert (entry["v"], entry["obj_n"], entry["par_n"], "act_prev" in entry) == (2, 1, 1, True)
    assert place.steps[-1].result == place.root


def test_the_steps_end_at_the_signed_root(client: Client, opened: Callable[..., Log]) -> None:
    log = opened()
    event = log.write(11)
    log.write(9)
    log.seal()
    response = client.get(f"/audit/events/{event}/")
    place = response.context["place"]
    assert place.steps[-1].result == place.root
    assert states(response)[2:] == [("Signed", True), ("Witnessed", False)]
    assert "no witness is required" in text_of(response)


def test_a_proof_is_handed_out_and_in_the_trail_before(client: Client, opened: Callable[..., Log]) -> None:
    log = opened("Internal-Audit")
    event = log.write(6)
    log.write(3)
    log.seal()
    leaf = Leaf.objects.get(event_id=event)
    response = client.get(f"/audit/events/{event}/proof")
    assert response["Content-Disposition"] == f'attachment; filename="{leaf.n:012}.tlog-proof"'
    proof = parse_proof(response.content.decode())
    checkpoint, _ = parse_note(proof.note, [log.signer.key.verifier])
    merkle.check_inclusion(bytes(leaf.hash), leaf.n, checkpoint.size, proof.path, checkpoint.root)
    assert trail() == [("audit.proof_taken", f"event:{event}", {"leaf": leaf.n})]


def test_a_damaged_tree_is_never_drawn_as_a_proof(
    client: Client, opened: Callable[..., Log], admin_connection: psycopg.Connection
) -> None:
    """A16: somebody with a superuser's rights exchanges a leaf behind the checkpoint's back."""
    log = opened()
    event = log.write(5)
    log.write(2)
    log.seal()
    admin_connection.execute("ALTER TABLE audit.leaf DISABLE TRIGGER ALL")
    admin_connection.execute(
        "UPDATE audit.leaf SET entry = entry || ' ', hash = sha256('\\x00'::bytea || entry || ' ') WHERE event_id = %s",
        [event],
    )
    response = client.get(f"/audit/events/{event}/")
    assert "INVALID" in text_of(response)
    assert response.context["place"].steps == []


# --- the tiles


def test_a_monitor_reads_the_whole_log_by_tiles(client: Client, opened: Callable[..., Log]) -> None:
    """C2SP tlog-tiles: from /log/ alone, the root of the checkpoint comes out."""
    log = opened()
    log.write(300)
    size = log.seal()
    found = client.get("/log/checkpoint")
    assert found["Content-Type"] == "text/plain; charset=utf-8"
    assert found["Cache-Control"] == "no-store"
    checkpoint = parse(Note.parse(found.content).text)
    assert checkpoint.size == size
    full = client.get("/log/tile/0/000")
    rest = client.get(f"/log/tile/0/001.p/{size - 256}")
    assert (full["Content-Type"], len(full.content)) == ("application/octet-stream", 8192)
    assert full["Cache-Control"] == "private, max-age=31536000, immutable"
    data = full.content + rest.content
    hashes = [data[at : at + 32] for at in range(0, len(data), 32)]
    assert merkle.root(hashes) == checkpoint.root
    bundles = (
        client.get("/log/tile/entries/000").content
        + client.get(f"/log/tile/entries/001.p/{size - 256}").content
    )
    assert [merkle.leaf_hash(entry) for entry in split(bundles)] == hashes
    assert client.get("/log/tile/1/000.p/1").content == merkle.root(hashes[:256])


def split(data: bytes) -> list[bytes]:
    entries = []
    while data:
        length = int.from_bytes(data[:2], "big")
        entries.append(data[2 : 2 + length])
        data = data[2 + length :]
    return entries


def test_only_tiles_of_signed_trees_are_published(client: Client, opened: Callable[..., Log]) -> None:
    log = opened()
    log.write(9)
    size = log.seal()
    assert client.get(f"/log/tile/0/000.p/{size}").status_code == 200
    for path in (
        f"0/000.p/{size - 1}",
        f"0/000.p/{size + 1}",
        "0/000",
        "0/0",
        "entries/000",
        "1/000.p/1",
        "0/000.p/0",
    ):
        assert client.get(f"/log/tile/{path}").status_code == 404, path


def test_reading_the_tiles_is_one_event_a_minute(client: Client, opened: Callable[..., Log]) -> None:
    log = opened()
    log.write(9)
    size = log.seal()
    for _ in range(3):
        client.get(f"/log/tile/0/000.p/{size}")
    assert trail() == [("audit.viewed", "log:tiles", {})]


# --- outside


def test_incidents_and_parties_are_listed(
    client: Client, opened: Callable[..., Log], services: Services
) -> None:
    log = opened("Internal-Audit")
    log.write()
    size = log.seal()
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO audit.outside (name, asked_at, success_at, size, trouble, every)"
            " VALUES ('witness Internal-Audit', now(), now(), %s, '', '10 s'), ('mail', now(), NULL, NULL,"
            " 'The mail server did not answer.', '1 day')",
            [size],
        )
        connection.execute(
            "INSERT INTO audit.incident (code, detail) VALUES ('witness_differs', 'Two roots.')"
        )
    words = text_of(client.get("/audit/outside/"))
    assert "Witness Internal-Audit" in words
    assert "10 s" in words
    assert "The mail server did not answer." in words
    assert "open Two roots." in words
    assert trail() == [("audit.viewed", "log:witnesses", {})]
    assert Incident.objects.count() == 1
