"""Every attack of the threat model, done with real SQL or real files against a real log, and what catches it.

| Attack | Test here or in test_rewrites.py (A9–A13, A15–A19) | Caught by |
|---|---|---|
| A1 edit a sealed event | test_A1_… | verify_trail: entries, checkpoints; verifier: bodies, inclusion |
| A2 another name for an event | test_A2_… | the event's page (commitment); verifier: values |
| A3 leave a view out of a report | test_A3_… | verifier: completeness |
| A4 leave out the newest view | test_A4_… | verifier: completeness |
| A5 and lie about the count | test_A5_… | verifier: completeness (the head is not in the manifest) |
| A6 swap two events | test_A6_… | verify_trail: entries; verifier: inclusion |
| A7 sign again without the key | test_A7_… | verify_trail: signatures; verifier: checkpoint; no bundle is built |
| A8 edit a checkpoint | test_A8_… | verify_trail: signatures; verifier: checkpoint |
| A9 database and real key rewrite history | test_A9_… | verifier: witnesses; verify_trail: quorum; sealer's start |
| A10 the same, no witness, nobody holds anything | test_A10_… | NOT DETECTED: the verdict says self-signed only |
| A11 the same, somebody holds an older checkpoint | test_A11_… | verifier: older; the portal's compare page |
| A12 ask the witness to sign a rewrite | test_A12_… | witness: 422, evidence kept |
| A13 truncate and regrow; split view | test_A13_… | sealer's start (an incident); witness: 409, evidence kept |
| A14 an old manifest hides newer views | test_A14_… | verifier: completeness |
| A15 the application changes the trail | test_A15_… | refused by the database (more in audit/test_roles.py) |
| A16 a superuser disables triggers and edits | test_A16_… | nightly verification and its alarm |
| A17 delete an unsealed event | test_A17_… | no URL before it is sealed (AUDIT_RELEASE=sealed) |
| A18 date an insertion back | test_A18_… | the sealer marks it, the verdict says so; verifier: times when it does not |
| A19 stop the sealer | test_A19_… | lag alarm, then nothing is given out; verify_trail: unsealed |

Forged bundles by the dozen, without a database, are in tests/unit/proof/evidence/test_verifier_attacks.py.
"""

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import pytest
from django.db import connection

from recordings.audit.vault import _seal, _unwrap
from recordings.models import AuditSecret, AuditSubjectKey, Leaf
from recordings.proof.evidence.bundle import build, claims
from recordings.proof.evidence.bundle.final_checkpoint import CannotProve
from recordings.proof.evidence.bundle.population import Population
from recordings.proof.evidence.canonical_json import canonical
from recordings.proof.evidence.leaves import tiles
from recordings.proof.sealing.errors import Stopped
from recordings.reach import EVERYTHING
from recordings.tlog.notes import LOG, SigningKey, format_note
from recordings.tlog.texts import encode64
from recordings.tlog.tiles import Tiles
from recordings.trail.examine import examine
from tests.integration.attacks.scene import BLAME_NOA, RECORDING_1, TOMS, Scene, failing
from tests.integration.proof.evidence.bundles import NOA, TOM, Bundle, opened


def test_an_honest_log_and_bundle_hold(scene: Scene) -> None:
    result = scene.audited()
    assert (result.verdict, failing(result)) == ("WITNESSED by internal-audit", [])
    assert scene.verified() == []


def test_A1_a_sealed_event_is_edited(scene: Scene) -> None:
    """The body, its hash and its columns agree with one another, but not with the leaf."""
    honest = Leaf.objects.get(n=2)
    with scene.superuser() as superuser:
        superuser.execute(BLAME_NOA)
    result = scene.verification()
    assert [check.name for check in result.checks if not check.ok] == ["entries"]
    assert result.problem is not None
    assert (result.problem.n, result.problem.event_id) == (2, str(honest.event_id))
    audited = scene.audited()
    assert (audited.verdict, failing(audited)[0]) == ("INVALID", "bodies")


def test_A1_and_everything_in_the_database_is_made_to_agree(scene: Scene) -> None:
    """Event, entry, leaf and log_head are changed, but what was signed cannot be."""
    with scene.superuser() as superuser:
        superuser.execute(BLAME_NOA.replace('"user:8"', '"quality"').replace('"user:7"', '"training"'))
        superuser.execute(
            f"UPDATE audit.event SET actor_ref = 'user:8', purpose = 'training' WHERE id = {TOMS}"
        )
        superuser.execute(
            "UPDATE audit.leaf SET entry = b, hash = sha256('\\x00'::bytea || b) FROM (SELECT regexp_replace("
            "convert_from(entry, 'UTF8'), '\"bh\":\"[0-9a-f]{64}\"', '\"bh\":\"' || encode(body_hash, 'hex') || '\"')"
            "::bytea AS b FROM audit.leaf JOIN audit.event e ON e.id = event_no WHERE n = 2) AS forged WHERE n = 2"
        )
        scene.fit_the_end(superuser)
    assert scene.verified() == ["checkpoints"]
    opened("2", NOA)
    with pytest.raises(Stopped) as stopped:  # what the signer has seen did not grow into this
        scene.log.seal()
    assert stopped.value.code == "database_differs"


def test_A2_another_name_is_shown(scene: Scene) -> None:
    """Somebody with the portal's own key stores another name, with another salt, for a commitment."""
    event = Leaf.objects.get(n=2).event_id
    secret = AuditSecret.objects.get(event_id=event, field="actor.name")
    wrapped = bytes(AuditSubjectKey.objects.get(subject=secret.subject).wrapped)
    forged = _seal(
        _unwrap(secret.subject, wrapped), bytes(16) + b"Noa Levi", event.bytes + secret.field.encode()
    )
    with scene.superuser() as superuser:
        superuser.execute("UPDATE audit.personal SET sealed[array_position(fields, 'actor.name')] = %s"
                          " WHERE event_id = %s", [forged, event])  # fmt: skip
    seen = examine(event, EVERYTHING)
    assert seen is not None
    assert [value.field for value in seen.commitments if not value.holds] == ["actor.name"]
    assert not seen.all_holds
    audited = scene.audited()
    assert (audited.verdict, failing(audited)[0]) == ("INVALID", "values")


# --- a portal that builds dishonest bundles


def leaving_out(monkeypatch: pytest.MonkeyPatch, *missing: int) -> None:
    """From now on, the portal leaves these leaves out of bundles and their tables."""
    select = build.select_population

    def select_fewer(*given: Any) -> Population:
        population = select(*given)
        return replace(population, leaves=[n for n in population.leaves if n not in missing])

    monkeypatch.setattr(build, "select_population", select_fewer)


def test_A3_a_view_is_left_out(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    leaving_out(monkeypatch, 2)
    assert failing(scene.audited()) == ["completeness"]


def test_A3_by_editing_the_finished_files(scene: Scene) -> None:
    """The line, row and counts without leaf 2, with every hash computed again, as anybody can do."""
    bundle = scene.bundle()
    tree = Tree.of(bundle)
    claims = bundle.claims
    claims["leaves"], claims["rows"] = claims["leaves"] - 1, claims["rows"] - 1
    kept = {n: line for n, line in bundle.lines.items() if n != 2}
    table = bundle.read("report.csv").split(b"\r\n")
    files = {
        "events.jsonl": tree.lines(kept),
        "report.csv": b"\r\n".join([*table[:2], *table[3:]]),
    }
    claims["files"]["report.csv"] = sha256(files["report.csv"]).hexdigest()
    files["bundle.json"] = canonical(claims)
    assert failing(scene.audited(_packed(bundle, files))) == ["completeness"]


def _packed(bundle: Bundle, files: dict[str, bytes]) -> Bundle:
    return Bundle(bundle.changed(files), bundle.built)


@dataclass
class Tree:
    """The hashes of all leaves, for an attacker who rewrites the stream."""

    tiles: Tiles

    @classmethod
    def of(cls, bundle: Bundle) -> "Tree":
        return cls(tiles(connection, bundle.claims["size"]))

    def lines(self, kept: dict[int, dict[str, Any]]) -> bytes:
        written, before = b"", -1
        for n, line in kept.items():
            gap = [encode64(node) for node in self.tiles.between(before + 1, n)]
            said = {name: value for name, value in line.items() if name != "gap"}
            written += canonical({**said, **({"gap": gap} if gap else {})}) + b"\n"
            before = n
        return written


def test_A4_the_newest_view_is_left_out(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    leaving_out(monkeypatch, 3)
    assert failing(scene.audited()) == ["completeness"]


def test_A5_and_the_count_is_a_lie(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    leaving_out(monkeypatch, 3)
    real = claims._chains

    def lying(*given: Any) -> list[dict[str, Any]]:
        (told,) = real(*given)
        return [{"kind": "obj", "head": {**told["head"], "count": 2, "last": 2}}]

    monkeypatch.setattr(claims, "_chains", lying)
    assert failing(scene.audited()) == ["completeness"]


def test_A14_an_old_manifest_hides_newer_views(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The heads at leaf 5 were correct at their time. Since then, Tom has viewed recording 1 again."""
    opened("1", TOM)
    select, real_chains = build.select_population, claims._chains
    monkeypatch.setattr(
        build, "select_population", lambda link, scope, size: select(link, scope, min(size, 6))
    )
    monkeypatch.setattr(claims, "_chains", lambda link, tags, upto: real_chains(link, tags, 5))
    bundle = scene.bundle()
    assert bundle.rows == [1, 2, 3]
    assert failing(scene.audited(bundle)) == ["completeness"]


# --- order, signatures


def test_A6_two_events_are_swapped(scene: Scene) -> None:
    with scene.superuser() as superuser:
        superuser.execute("ALTER TABLE audit.leaf DROP CONSTRAINT leaf_n_check")
        for old, new in ((1, -1), (2, 1), (-1, 2)):
            superuser.execute("UPDATE audit.leaf SET n = %s WHERE n = %s", [new, old])
    result = scene.verification()
    assert result.problem is not None
    assert (result.problem.check, result.problem.n) == ("entries", 1)
    assert "n is 2, should be 1" in result.problem.what


def test_A6_in_a_bundle(scene: Scene) -> None:
    """Two entries are swapped, with their numbers."""
    bundle = scene.bundle()
    lines = dict(bundle.lines)
    one, two = ({**lines[n]["entry"], "n": 3 - n} for n in (1, 2))
    lines[1], lines[2] = {**lines[2], "entry": two}, {**lines[1], "entry": one}
    files = {"events.jsonl": b"".join(canonical(line) + b"\n" for line in lines.values())}
    assert failing(scene.audited(_packed(bundle, files)))[0] == "inclusion"


def test_A7_signed_again_without_the_key(scene: Scene) -> None:
    """Another key under the log's name."""
    bundle, text = scene.bundle(), scene.note().partition("\n\n")[0] + "\n"
    forged = format_note(text, [SigningKey.generate(scene.signer.origin, LOG).sign(text)])
    with scene.superuser() as superuser:
        superuser.execute(
            "UPDATE audit.checkpoint SET note = %s WHERE size = (SELECT max(size) FROM audit.checkpoint)",
            [forged],
        )
    assert scene.verified() == ["signatures"]
    packed = _packed(bundle, {"checkpoint.txt": forged.encode()})
    assert failing(scene.audited(packed))[0] == "checkpoint"


def test_A7_the_portal_builds_nothing_on_it(scene: Scene) -> None:
    order = scene.log.order(RECORDING_1)
    scene.log.seal()
    text = scene.note().partition("\n\n")[0] + "\n"
    forged = format_note(text, [SigningKey.generate(scene.signer.origin, LOG).sign(text)])
    with scene.superuser() as superuser:
        superuser.execute("UPDATE audit.checkpoint SET note = %s WHERE note LIKE %s", [forged, f"{text}%"])
    with pytest.raises(CannotProve):
        scene.log.build(order)


def test_A8_a_checkpoint_is_edited(scene: Scene) -> None:
    bundle = scene.bundle()
    note = bundle.read("checkpoint.txt").decode()
    forged = note.replace(f"\n{bundle.claims['size']}\n", f"\n{bundle.claims['size'] + 1}\n")
    packed = _packed(bundle, {"checkpoint.txt": forged.encode()})
    assert failing(scene.audited(packed))[0] == "checkpoint"
    with scene.superuser() as superuser:
        superuser.execute(
            "UPDATE audit.checkpoint SET note = replace(note, E'\\n6\\n', E'\\n7\\n') WHERE size = 6"
        )
    assert scene.verified() == ["signatures", "cosignatures"]
