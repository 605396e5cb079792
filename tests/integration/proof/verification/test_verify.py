"""The verification of a real log: an unchanged log passes, and each change by an attacker is named."""

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.proof.verification import verify as verify_module
from recordings.proof.verification.verify import verify
from tests.integration.proof.verification.helpers import Log, failed
from tests.sealing import load_log, seal_unsigned, write_events

NAMES = [
    "bodies", "columns", "entries", "leaves", "tiles", "root", "opening", "checkpoints", "signatures", "cosignatures",
    "quorum", "manifests", "marks", "unsealed", "restored", "incidents", "guards", "values",
]  # fmt: skip


def test_an_unchanged_log_passes(log: Log) -> None:
    result = log.verified()
    assert [check.name for check in result.checks] == NAMES
    assert (result.ok, failed(result), result.problem) == (True, [], None)
    assert (result.events, result.leaves) == (742, 742)


def test_an_empty_database_passes(committed_db: None, services: Services) -> None:
    result = verify(services.database_url)
    assert (result.ok, result.events, result.leaves) == (True, 0, 0)


def test_two_processes_have_the_same_result_as_one(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = log.verified()
    monkeypatch.setattr(verify_module, "_MIN_LEAVES_FOR_TWO_PROCESSES", 0)
    progress: list[int] = []
    both = log.verified(progress=lambda done, size: progress.append(done))
    assert max(progress) == 742
    assert [(check.name, check.ok, check.sentence) for check in both.checks] == [
        (check.name, check.ok, check.sentence) for check in alone.checks
    ]


def test_what_a_segment_assumes_about_the_one_before_is_checked(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second half begins at leaf 256, and the chain of user:0 with it."""
    monkeypatch.setattr(verify_module, "_MIN_LEAVES_FOR_TWO_PROCESSES", 0)
    with log.superuser() as connection:
        connection.execute(
            "UPDATE audit.leaf SET entry = b, hash = sha256('\\x00'::bytea || b), act_n = 3000 FROM ("
            "SELECT regexp_replace(convert_from(entry, 'UTF8'), '\"act_n\":\\d+', '\"act_n\":3000')::bytea AS b"
            " FROM audit.leaf WHERE n = 256) AS x WHERE n = 256"
        )
    result = log.verified()
    assert result.problem is not None
    assert (result.problem.check, result.problem.n) == ("entries", 256)
    assert "counts act_n 3000" in result.problem.what


@pytest.mark.parametrize("gap", [20, 1_000_000])
def test_events_are_found_across_gaps_in_their_numbers(log: Log, gap: int) -> None:
    """Rolled back transactions leave small gaps, a restored sequence a large one, where events are read singly."""
    sequence = "pg_get_serial_sequence('audit.event', 'id')"
    with log.superuser() as superuser:
        superuser.execute(f"SELECT setval({sequence}, nextval({sequence}) + {gap})")
    write_events(log.services, 3, actor="user:0")
    with psycopg.connect(log.services.sealer_url, autocommit=True, options="-c timezone=UTC") as sealer:
        assert seal_unsigned(sealer, load_log(sealer, log.signer)).count == 3
    assert log.verified().ok
    with log.superuser() as superuser:
        superuser.execute(
            "UPDATE audit.event SET actor_ref = 'user:99' WHERE id = (SELECT max(id) FROM audit.event)"
        )
    result = log.verified()
    assert (failed(result), result.leaves) == (["columns"], 745)


N = 300  # a leaf somewhere in the middle
EVENT = f"(SELECT event_no FROM audit.leaf WHERE n = {N})"
# Changes by a superuser who disabled the triggers, and the check that finds each at leaf N.
FORGERIES = {
    "a body and its hash": (
        "UPDATE audit.event SET body = b, body_hash = sha256(b) FROM (SELECT replace(convert_from(body, 'UTF8'),"
        f" '\"granted\"', '\"denied\"')::bytea AS b FROM audit.event WHERE id = {EVENT}) AS x WHERE id = {EVENT}",
        "entries",
    ),
    "a column": (f"UPDATE audit.event SET actor_ref = 'user:99' WHERE id = {EVENT}", "columns"),
    "the time it was recorded": (
        f"UPDATE audit.event SET recorded_at = recorded_at - interval '1 day' WHERE id = {EVENT}",
        "entries",
    ),
    "the time it happened": (
        f"UPDATE audit.event SET occurred_at = occurred_at + interval '1 second' WHERE id = {EVENT}",
        "columns",
    ),
    "whether clocks differed": (f"UPDATE audit.event SET skewed = NOT skewed WHERE id = {EVENT}", "columns"),
    "an event deleted": (f"DELETE FROM audit.event WHERE id = {EVENT}", "leaves"),
    "an event deleted, its leaf as if restored": (
        f"WITH gone AS (DELETE FROM audit.event WHERE id = {EVENT})"
        f" UPDATE audit.leaf SET event_no = NULL WHERE n = {N}",
        "restored",
    ),
    "an entry and its hash": (
        "UPDATE audit.leaf SET entry = b, hash = sha256('\\x00'::bytea || b) FROM (SELECT"
        " replace(convert_from(entry, 'UTF8'), '\"granted\"', '\"denied\"')::bytea AS b FROM audit.leaf"
        f" WHERE n = {N}) AS x WHERE n = {N}",
        "entries",
    ),
    "an index of the leaf": (
        f"UPDATE audit.leaf SET act = sha256(act) WHERE n = {N}",
        "leaves",
    ),
    "a leaf deleted": (f"DELETE FROM audit.leaf WHERE n = {N}", "leaves"),
    "two leaves swapped": (
        f"UPDATE audit.leaf SET n = -1 WHERE n = {N}; UPDATE audit.leaf SET n = {N} WHERE n = {N + 1};"
        f" UPDATE audit.leaf SET n = {N + 1} WHERE n = -1",
        "entries",
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_the_first_bad_event_is_named(log: Log, forgery: str) -> None:
    statement, check = FORGERIES[forgery]
    with log.superuser() as connection:
        connection.execute("ALTER TABLE audit.leaf DROP CONSTRAINT leaf_n_check")
        ((event_id,),) = connection.execute(f"SELECT event_id FROM audit.leaf WHERE n = {N}").fetchall()
        connection.execute(statement)
    result = log.verified()
    problem = result.problem
    assert problem is not None
    assert check in failed(result)
    assert problem.n == N
    assert problem.event_id in ("", str(event_id)) or "swapped" in forgery
    assert not result.ok


# Changes that do not belong to one event, and the check that finds each.
ELSEWHERE = {
    "a tile": (
        "UPDATE audit.tile SET hashes = substr(hashes, 33) || substr(hashes, 1, 32) WHERE position = 1",
        "tiles",
    ),
    "a tile gone": ("DELETE FROM audit.tile WHERE position = 0", "tiles"),
    "a tile too many": (
        "INSERT INTO audit.tile SELECT 0, 9, hashes FROM audit.tile WHERE level = 0 AND position = 0",
        "tiles",
    ),
    "the end's root": ("UPDATE audit.log_head SET root = sha256(root)", "root"),
    "the end's size": ("UPDATE audit.log_head SET size = size - 1", "root"),
    "a signed root": (
        "UPDATE audit.checkpoint SET root = sha256(root) WHERE size = (SELECT min(size) FROM audit.checkpoint)",
        "checkpoints",
    ),
    "a checkpoint's origin": ("UPDATE audit.checkpoint SET origin = 'elsewhere.example/log'", "signatures"),
    "a checkpoint's signature": (
        "UPDATE audit.checkpoint SET note = regexp_replace(note, '(— \\S+ ....)....', '\\1AAAA')",
        "signatures",
    ),
    "a checkpoint of a larger log": (
        "INSERT INTO audit.checkpoint SELECT size + 1, root, origin, note FROM audit.checkpoint"
        " ORDER BY size DESC LIMIT 1",
        "checkpoints",
    ),
    "a cosignature": (
        "UPDATE audit.cosignature SET line = regexp_replace(line, '(— \\S+ ....)....', '\\1AAAA')",
        "cosignatures",
    ),
    "the time of a cosignature": (
        "UPDATE audit.cosignature SET time = time - interval '1 hour'",
        "cosignatures",
    ),
    "missing cosignatures": (
        "DELETE FROM audit.cosignature; UPDATE audit.checkpoint SET signed_at = signed_at - interval '61 minutes'",
        "quorum",
    ),
    "the tag key": ("UPDATE audit.log_head SET tag_key = sha256(tag_key)", "opening"),
    "the log's name": ("UPDATE audit.log_head SET origin = 'elsewhere.example/log'", "opening"),
    "an incident": ("INSERT INTO audit.incident (code, detail) VALUES ('event_altered', 'x')", "incidents"),
    "a trigger": ("ALTER TABLE audit.anchor DISABLE TRIGGER anchor_is_kept", "guards"),
    "a trigger that replication skips": ("ALTER TABLE audit.anchor ENABLE TRIGGER anchor_is_kept", "guards"),
    "a trigger with another function": (
        "CREATE FUNCTION audit.allow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';"
        " CREATE OR REPLACE TRIGGER anchor_is_kept BEFORE UPDATE OR DELETE ON audit.anchor FOR EACH ROW"
        " EXECUTE FUNCTION audit.allow(); ALTER TABLE audit.anchor ENABLE ALWAYS TRIGGER anchor_is_kept",
        "guards",
    ),
}


@pytest.mark.parametrize("forgery", ELSEWHERE)
def test_each_change_is_found(log: Log, forgery: str) -> None:
    statement, check = ELSEWHERE[forgery]
    with log.superuser() as connection:
        assert connection.execute(statement).rowcount != 0
    result = log.verified()
    assert check in failed(result)
    assert result.problem is not None
