"""A witness gets checkpoints in order, its signatures are verified, and certain refusals are incidents."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from recordings.proof.anchors import ledger
from recordings.proof.anchors.destination import DestinationError
from recordings.proof.anchors.ledger import Connection
from recordings.proof.anchors.witness import WitnessDestination
from recordings.tlog.cosigner import SIZE, Response
from recordings.tlog.notes import WITNESS, Note, SigningKey
from recordings.tlog.policy import Party
from recordings.tlog.state import State
from recordings.tlog.witness import Witness
from tests.integration.proof.anchors.conftest import Log, Watcher

Make = Callable[[str], Watcher]


def _sizes(log: Log) -> list[int]:
    return [size for (size,) in log.rows("SELECT size FROM audit.cosignature ORDER BY size")]


def _asked(watcher: Watcher) -> list[tuple[int, int]]:
    """List the (old size, new size) of each request."""
    texts = [request.decode() for request in watcher.asked]
    return [(int(text.split()[1]), int(text.partition("\n\n")[2].split("\n")[1])) for text in texts]


def test_the_newest_checkpoint_is_cosigned(log: Log, sealer: Connection, watcher: Make) -> None:
    auditor, size = watcher("auditor"), log.grow(3)
    visit = auditor.destination().publish(sealer)
    assert visit.size == size
    ((note, line),) = log.rows("SELECT note, line FROM audit.checkpoint JOIN audit.cosignature USING (size)")
    (signed,) = Note.parse(note + line + "\n").verify([auditor.key.verifier])
    ((seconds,),) = log.rows("SELECT extract(epoch FROM time)::bigint FROM audit.cosignature")
    assert seconds == signed.time


def test_growth_is_proven_from_what_it_signed_before(log: Log, sealer: Connection, watcher: Make) -> None:
    auditor = watcher("auditor")
    destination = auditor.destination()
    sizes = []
    for count in (3, 250, 1, 300):
        sizes.append(log.grow(count))
        destination.publish(sealer)
    assert _sizes(log) == sizes
    assert _asked(auditor) == list(zip([0, *sizes], sizes, strict=False))


def test_after_a_restart_it_continues_from_the_database(log: Log, sealer: Connection, watcher: Make) -> None:
    auditor, first = watcher("auditor"), log.grow(2)
    auditor.destination().publish(sealer)
    second = log.grow(2)
    auditor.destination().publish(sealer)
    assert _asked(auditor) == [(0, first), (first, second)]


def test_a_witness_with_another_size_is_asked_again(log: Log, sealer: Connection, watcher: Make) -> None:
    """409: our database lost a cosignature, or an older state of the witness was restored."""
    auditor, first = watcher("auditor"), log.grow(2)
    real = auditor.answer
    auditor.answer = lambda request: (real(request), Response(500, "lost on the way"))[1]
    with pytest.raises(DestinationError, match="500"):
        auditor.destination().publish(sealer)
    auditor.answer = real
    second = log.grow(2)
    auditor.destination().publish(sealer)
    assert _asked(auditor)[1:] == [(0, second), (first, second)]
    assert _sizes(log) == [second]
    assert log.incidents == []


def test_a_witness_that_names_a_new_size_each_time_fails(log: Log, sealer: Connection, watcher: Make) -> None:
    auditor = watcher("auditor")
    log.grow(9)
    answers = iter(range(1, 100))
    auditor.answer = lambda request: Response(409, f"{next(answers)}\n", SIZE)
    with pytest.raises(DestinationError, match="different size in each response"):
        auditor.destination().publish(sealer)
    assert len(auditor.asked) == 2


def test_the_checkpoint_of_every_manifest_is_cosigned(log: Log, sealer: Connection, watcher: Make) -> None:
    """A bundle needs the cosignature on the checkpoint directly after its manifest; a later one is no use."""
    auditor = watcher("auditor")
    destination = auditor.destination()
    log.grow()
    destination.publish(sealer)
    seen = len(_sizes(log))
    first = log.grow(manifest=True)
    log.grow(2)
    second = log.grow(manifest=True)
    log.grow(2)
    newest = log.grow(5)
    destination.publish(sealer)
    assert _sizes(log)[seen:] == [first, second, newest]


def test_witnesses_agree_on_checkpoints_however_busy_the_log_is(
    log: Log, sealer: Connection, watcher: Make
) -> None:
    """A quorum must be met on one checkpoint, so slower witnesses get what the faster ones signed, not the newest."""
    fast, middle, slow = (watcher(name) for name in ("fast", "middle", "slow"))
    destinations = [
        WitnessDestination(watcher.key.name, watcher.party, immediate=True)
        for watcher in (fast, middle, slow)
    ]
    log.grow()
    for turn in range(12):
        log.grow()
        destinations[0].publish(sealer)
        log.grow()
        for number, every in ((1, 2), (2, 5)):
            if turn % every == 1:
                destinations[number].publish(sealer)
    for destination in destinations:
        destination.close()
    counts = log.rows("SELECT size, count(*) FROM audit.cosignature GROUP BY size ORDER BY size")
    assert [count for _, count in counts].count(3) == 3  # once for each visit of the slowest
    assert (
        log.rows("SELECT count(DISTINCT size) FROM audit.cosignature WHERE witness <> 'fast.example'")[0][0]
        <= 8
    )


def test_when_it_is_due(log: Log, sealer: Connection, watcher: Make) -> None:
    """At most every ten seconds; at once for a manifest, and always at once when viewings wait for it."""
    auditor = watcher("auditor")
    calm, immediate = auditor.destination(), auditor.destination(immediate=True)
    assert not calm.due(sealer)  # nothing is signed yet
    log.grow()
    for destination in (calm, immediate):
        assert destination.due(sealer)
        destination.publish(sealer)
        assert not destination.due(sealer)
    log.grow()
    assert (calm.due(sealer), immediate.due(sealer)) == (False, True)
    log.grow(manifest=True)
    assert calm.due(sealer)


def test_a_witness_with_a_pace_is_asked_only_at_its_interval(
    log: Log, sealer: Connection, watcher: Make, admin_connection: Connection
) -> None:
    """Once an hour by the database's clock. No manifest, viewing or restart makes it sooner."""
    auditor = watcher("auditor")
    hour = timedelta(hours=1)
    first = WitnessDestination("auditor", auditor.party, immediate=True, every=hour)
    again = WitnessDestination("auditor", auditor.party, immediate=True, every=hour)
    ledger.register(sealer, {first.name: hour})
    log.grow()
    assert first.due(sealer)
    ledger.record_success(sealer, first.name, first.publish(sealer).size, "")
    manifest = log.grow(manifest=True)
    newest = log.grow(3)
    assert not first.due(sealer)
    assert not again.due(sealer)
    admin_connection.execute("UPDATE audit.outside SET success_at = success_at - interval '1 hour'")
    assert again.due(sealer)
    again.publish(sealer)
    assert _sizes(log)[-2:] == [manifest, newest]
    for destination in (first, again):
        destination.close()


def test_nobody_outside_the_quorum_decides_what_the_quorum_signs(
    log: Log, sealer: Connection, watcher: Make
) -> None:
    """A public witness has cosigned an older checkpoint. The internal witness is still sent the newest."""
    internal, public = watcher("internal"), watcher("public")
    log.grow()
    strangers = WitnessDestination("public", public.party, immediate=False, following={"internal"})
    strangers.publish(sealer)
    newest = log.grow()
    counted = WitnessDestination("internal", internal.party, immediate=False, following={"internal"})
    assert counted.publish(sealer).size == newest
    log.grow()
    assert strangers.publish(sealer).size == newest
    for destination in (strangers, counted):
        destination.close()


@pytest.mark.parametrize("regrown", [5, 40])
def test_a_rewritten_history_is_refused_and_an_incident(
    log: Log, sealer: Connection, watcher: Make, regrown: int
) -> None:
    """The log is rewritten with its real key, seen from the portal's side. The witness keeps the evidence."""
    auditor, known = watcher("auditor"), log.grow(5)
    auditor.destination().publish(sealer)
    log.rewrite()
    log.grow(regrown)
    for _ in range(3):
        with pytest.raises(DestinationError, match=r"\(422\)"):
            auditor.destination().publish(sealer)
    ((code, detail),) = log.incidents
    assert (code, detail.partition(":")[0]) == ("witness_refused", "witness auditor")
    assert _sizes(log) == []
    log.grow()
    assert log.kinds("sealer.incident") == 1
    assert any(auditor.evidence.iterdir())
    assert _asked(auditor)[2][0] == known


def test_a_truncated_log_is_an_incident(log: Log, sealer: Connection, watcher: Make) -> None:
    """The witness has seen more leaves than there are."""
    auditor, known = watcher("auditor"), log.grow(9)
    auditor.destination().publish(sealer)
    log.rewrite()
    log.forget_events()
    log.grow(3)
    with pytest.raises(DestinationError, match=f"cosigned {known} leaves"):
        auditor.destination().publish(sealer)
    ((code, detail),) = log.incidents
    assert (code, "leaves are missing" in detail) == ("witness_refused", True)


def test_a_second_incident_needs_a_success_in_between(log: Log, sealer: Connection, watcher: Make) -> None:
    auditor = watcher("auditor")
    real = auditor.answer
    destination = auditor.destination()
    ledger.register(sealer, {destination.name: destination.every})
    for incidents in (1, 1, 2):
        log.grow()
        auditor.answer = lambda request: Response(422, "I do not believe you.\n")
        with pytest.raises(DestinationError, match="do not believe"):
            destination.publish(sealer)
        assert len(log.incidents) == incidents
        if len(auditor.asked) == 2:
            auditor.answer = real
            ledger.record_success(sealer, destination.name, destination.publish(sealer).size, "")
    log.grow()
    assert log.kinds("sealer.incident") == 2


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_other_refusals_are_errors_but_no_incidents(
    log: Log, sealer: Connection, watcher: Make, status: int
) -> None:
    auditor = watcher("auditor")
    log.grow()
    auditor.answer = lambda request: Response(status, "no\n")
    with pytest.raises(DestinationError, match=str(status)):
        auditor.destination().publish(sealer)
    assert log.incidents == []


def _cosigned(request: bytes, key: SigningKey, time: int | None = None) -> Response:
    return Response(200, key.sign(Note.parse(request.partition(b"\n\n")[2]).text, time) + "\n")


def test_an_invalid_signature_is_not_stored(log: Log, sealer: Connection, watcher: Make) -> None:
    """Signed by the right key over something else, by another key of the same name, or by an unknown key."""
    auditor = watcher("auditor")
    log.grow()
    destination = auditor.destination()
    stranger = SigningKey.generate(auditor.key.name, WITNESS)
    for lie in (
        lambda request: Response(200, auditor.key.sign("other\n") + "\n"),
        lambda request: _cosigned(request, stranger),
        lambda request: Response(200, "no signature\n"),
    ):
        auditor.answer = lie
        with pytest.raises(DestinationError):
            destination.publish(sealer)
    assert _sizes(log) == []
    assert {code for code, _ in log.incidents} == {"witness_bad_cosignature"}


def test_a_cosignature_from_the_future_is_not_stored(log: Log, sealer: Connection, watcher: Make) -> None:
    auditor = watcher("auditor")
    log.grow()
    auditor.answer = lambda request: _cosigned(request, auditor.key, 2**62)
    with pytest.raises(DestinationError, match="future"):
        auditor.destination().publish(sealer)
    assert _sizes(log) == []


def test_lines_of_others_beside_its_own_are_ignored(log: Log, sealer: Connection, watcher: Make) -> None:
    auditor = watcher("auditor")
    log.grow()
    stranger, real = SigningKey.generate("stranger.example", WITNESS), auditor.answer
    auditor.answer = lambda request: Response(
        200, _cosigned(request, stranger).body + real(request).body + _cosigned(request, stranger).body
    )
    auditor.destination().publish(sealer)
    ((line,),) = log.rows("SELECT line FROM audit.cosignature")
    assert line.split()[1] == auditor.key.name


def test_a_witness_that_does_not_answer(log: Log, sealer: Connection, watcher: Make) -> None:
    auditor = watcher("auditor")
    log.grow()
    gone = Party(auditor.key.verifier, "http://127.0.0.1:9/")
    with pytest.raises(DestinationError, match="could not be reached"):
        WitnessDestination("auditor", gone, immediate=False).publish(sealer)


def test_a_missing_tile_is_an_error(
    log: Log, sealer: Connection, watcher: Make, admin_connection: Connection
) -> None:
    auditor = watcher("auditor")
    destination = auditor.destination()
    log.grow(300)
    destination.publish(sealer)
    log.grow(1)
    admin_connection.execute("ALTER TABLE audit.tile DISABLE TRIGGER ALL")
    admin_connection.execute("DELETE FROM audit.tile")
    with pytest.raises(DestinationError, match="cannot be computed"):
        destination.publish(sealer)


def test_T16_a_witness_that_was_put_back_is_an_incident(
    log: Log, sealer: Connection, watcher: Make, tmp_path: Path
) -> None:
    """An older state of the witness was restored, from which it could cosign a second history."""
    auditor, first = watcher("auditor"), log.grow(2)
    auditor.destination().publish(sealer)
    older = (tmp_path / "auditor" / "state.json").read_bytes()
    second = log.grow(3)
    auditor.destination().publish(sealer)
    auditor._state.close()
    (tmp_path / "auditor" / "state.json").write_bytes(older)
    auditor._state = State(tmp_path / "auditor")
    auditor.answer = Witness(auditor._state, auditor.key, [log.signer.key.verifier]).add_checkpoint
    # A row that nobody signed says nothing of what the witness has cosigned.
    third = log.grow(1)
    sealer.execute("INSERT INTO audit.cosignature VALUES (%s, 'auditor', 'nothing', now(), now())", [third])
    fourth = log.grow(1)
    assert auditor.destination().publish(sealer).size == fourth
    ((code, detail),) = log.incidents
    assert code == "witness_went_back"
    assert f"state has {first} leaves of" in detail
    assert f"has cosigned {second}" in detail
