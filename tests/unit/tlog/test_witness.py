"""A witness: what it signs, what it refuses and with which status, and what it stores."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.tlog import files
from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.cosigner import AddCheckpointRequest, Cosigner, Response
from recordings.tlog.merkle import EMPTY_ROOT
from recordings.tlog.notes import WITNESS, Note, SigningKey, format_note
from recordings.tlog.state import State
from recordings.tlog.witness import Witness
from tests.unit.tlog.examples import REQUEST
from tests.unit.tlog.grown import ORIGIN, checkpoint, note, path, request, root

LOG_KEY = SigningKey.generate(ORIGIN)
NEXT_KEY = SigningKey.generate(ORIGIN)
WITNESS_KEY = SigningKey.generate("audit.example/witness", WITNESS)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(tmp_path / "state")
    yield made
    made.close()


@pytest.fixture
def witness(state: State) -> Witness:
    return Witness(state, WITNESS_KEY, [LOG_KEY.verifier, NEXT_KEY.verifier])


def _ask(witness: Witness, old: int, size: int, history: str = "true") -> Response:
    asked = request(old, path(old, size, history), note(size, LOG_KEY, history))
    return witness.add_checkpoint(asked)


def _evidence(cosigner: Cosigner) -> dict[str, bytes]:
    folder = cosigner._state.folder / "evidence"
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_the_specifications_request_is_parsed() -> None:
    asked = AddCheckpointRequest.parse(REQUEST.encode())
    assert (asked.old, len(asked.path)) == (20_852_014, 4)
    assert str(Note.parse(asked.note)) == asked.note
    assert request(asked.old, list(asked.path), asked.note) == REQUEST.encode()


def test_a_witness_follows_a_growing_log(witness: Witness) -> None:
    for old, size in ((0, 0), (0, 1), (1, 1), (1, 5), (5, 64), (64, 65)):
        answer = _ask(witness, old, size)
        assert (answer.status, answer.content_type) == (200, "text/plain; charset=utf-8")
        both = Note.parse(note(size, LOG_KEY) + answer.body).verify([LOG_KEY.verifier, WITNESS_KEY.verifier])
        assert [one.key for one in both] == [LOG_KEY.verifier, WITNESS_KEY.verifier]
        assert (both[1].time or 0) > 1_700_000_000
        latest = witness.latest(sha256(ORIGIN.encode()).hexdigest())
        assert latest == Response(200, note(size, LOG_KEY) + answer.body)
    assert _evidence(witness) == {}


def test_a_log_begins_at_any_size(witness: Witness) -> None:
    assert _ask(witness, 0, 17).status == 200


@pytest.mark.parametrize("old", [0, 1, 4, 6])
def test_a_wrong_old_size_is_answered_with_the_recorded_one(witness: Witness, old: int) -> None:
    _ask(witness, 0, 5)
    assert _ask(witness, old, 6) == Response(409, "5\n", "text/x.tlog.size")
    assert _evidence(witness) == {}


def test_a_new_witness_has_size_0(witness: Witness) -> None:
    assert _ask(witness, 3, 6) == Response(409, "0\n", "text/x.tlog.size")


def test_an_old_size_above_the_new_one_is_a_bad_request(witness: Witness) -> None:
    _ask(witness, 0, 5)
    assert witness.add_checkpoint(request(5, [], note(4, LOG_KEY))).status == 400


def test_an_unknown_log_is_not_found(witness: Witness) -> None:
    stranger = SigningKey.generate("other.example/log")
    text = note(5, stranger, origin="other.example/log")
    assert witness.add_checkpoint(request(0, [], text)).status == 404


@pytest.mark.parametrize("key", [SigningKey.generate(ORIGIN), SigningKey.generate("other.example")])
def test_a_checkpoint_without_a_trusted_signature_is_forbidden(witness: Witness, key: SigningKey) -> None:
    assert witness.add_checkpoint(request(0, [], note(5, key))).status == 403


def test_a_broken_signature_of_a_trusted_key_is_forbidden_even_beside_a_good_one(witness: Witness) -> None:
    text = checkpoint(5).text()
    for good, other in ((LOG_KEY, NEXT_KEY), (NEXT_KEY, LOG_KEY), (LOG_KEY, LOG_KEY)):
        broken = format_note(text, [good.sign(text), other.sign(checkpoint(6).text())])
        assert witness.add_checkpoint(request(0, [], broken)).status == 403


def test_lines_of_unknown_keys_are_dropped_and_both_keys_of_a_rotation_kept(witness: Witness) -> None:
    text = checkpoint(5).text()
    lines = [key.sign(text) for key in (LOG_KEY, SigningKey.generate("x.example"), NEXT_KEY)]
    answer = witness.add_checkpoint(request(0, [], format_note(text, lines)))
    latest = witness.latest(sha256(ORIGIN.encode()).hexdigest()).body
    assert latest == format_note(text, [lines[0], lines[2], answer.body.rstrip("\n")])


@pytest.mark.parametrize("hashes", [[], [root(1)], path(4, 9), path(5, 9)[:-1], [*path(5, 9), root(1)]])
def test_an_invalid_proof_is_unprocessable_and_kept_as_evidence(
    witness: Witness, hashes: list[bytes]
) -> None:
    signed = _ask(witness, 0, 5)
    asked = request(5, hashes, note(9, LOG_KEY))
    assert witness.add_checkpoint(asked).status == 422
    kept = _evidence(witness)
    assert set(kept.values()) == {asked, (note(5, LOG_KEY) + signed.body).encode()}
    assert _ask(witness, 5, 9).status == 200


def test_a_proof_where_there_is_nothing_to_prove_is_unprocessable(witness: Witness) -> None:
    assert witness.add_checkpoint(request(0, [root(1)], note(5, LOG_KEY))).status == 422
    _ask(witness, 0, 5)
    assert witness.add_checkpoint(request(5, [root(1)], note(5, LOG_KEY))).status == 422


def test_size_0_has_the_empty_trees_root(witness: Witness) -> None:
    text = Checkpoint(ORIGIN, 0, root(1)).text()
    assert witness.add_checkpoint(request(0, [], format_note(text, [LOG_KEY.sign(text)]))).status == 422
    text = Checkpoint(ORIGIN, 0, EMPTY_ROOT).text()
    assert witness.add_checkpoint(request(0, [], format_note(text, [LOG_KEY.sign(text)]))).status == 200


def test_a_rewritten_history_is_refused_whatever_is_claimed(witness: Witness) -> None:
    """The log's own key signs a different history; every way to request a cosignature is refused."""
    _ask(witness, 0, 20)
    before = witness.latest(sha256(ORIGIN.encode()).hexdigest())
    answers = {
        (old, size): _ask(witness, old, size, "false").status
        for size in (10, 20, 30)
        for old in (0, 10, 20, 30)
    }
    assert {asked: status for asked, status in answers.items() if status not in (400, 409)} == {
        (20, 20): 422,
        (20, 30): 422,
    }
    assert {int(name.split("-")[0]) for name in _evidence(witness)} == {20, 30}
    assert witness.latest(sha256(ORIGIN.encode()).hexdigest()) == before
    assert _ask(witness, 20, 21).status == 200


def test_a_truncated_and_regrown_log_is_refused(witness: Witness) -> None:
    """The log is cut to 8 leaves, as by a restored backup, and grows differently beyond its earlier size."""
    _ask(witness, 0, 20)
    assert _ask(witness, 8, 12, "false") == Response(409, "20\n", "text/x.tlog.size")
    assert _ask(witness, 20, 25, "false").status == 422
    assert any(name.startswith("25-") for name in _evidence(witness))


def test_a_split_view_is_refused_and_both_signed_roots_are_kept(witness: Witness) -> None:
    """Two histories of one size for two audiences. Even under a wrong old size, two roots of one size are evidence."""
    first = _ask(witness, 0, 20)
    for old, status in ((7, 409), (20, 422)):
        assert _ask(witness, old, 20, "false").status == status
    requests = [data for name, data in _evidence(witness).items() if name.endswith(".request")]
    recorded = [data for name, data in _evidence(witness).items() if name.endswith(".recorded")]
    assert requests == [request(7, path(7, 20, "false"), note(20, LOG_KEY, "false"))]
    assert recorded == [(note(20, LOG_KEY) + first.body).encode()]


def test_evidence_is_never_overwritten(witness: Witness) -> None:
    _ask(witness, 0, 20)
    _ask(witness, 20, 30, "false")
    kept = _evidence(witness)
    _ask(witness, 20, 21)
    for hashes in ([], [root(1)]):
        witness.add_checkpoint(request(21, hashes, note(30, LOG_KEY, "false")))
    assert _evidence(witness) == kept


@pytest.mark.parametrize(
    "asked",
    [
        b"",
        b"old 0",
        b"old 0\n",
        b"\n\n",
        b"old 00\n\n",
        b"old -1\n\nx",
        b"old  0\n\nx",
        b"new 0\n\nx",
        b"old 0\n\n",
        b"old 0\n\nnot a note\n",
        b"old 0\n\xff\n\nx",
        b"old 0\r\n\r\nx",
        b"old 0\nAAAA\n\nx",
        request(0, [root(1)] * 64, note(5, LOG_KEY)),
        request("0\n", [], note(5, LOG_KEY)),
        request(0, [], checkpoint(5).text()),
        request(0, [], note(5, LOG_KEY).replace("\n5\n", "\n05\n")),
        request(0, [], note(5, LOG_KEY)[:-1]),
        request(0, [], format_note("origin\n", [LOG_KEY.sign("origin\n")])),
    ],
)
def test_a_malformed_request_is_a_bad_request(witness: Witness, asked: bytes) -> None:
    answer = witness.add_checkpoint(asked)
    assert (answer.status, answer.body.endswith(".\n") or ":" in answer.body) == (400, True)


def test_63_hashes_are_not_too_many(witness: Witness) -> None:
    _ask(witness, 0, 5)
    assert witness.add_checkpoint(request(5, [root(1)] * 63, note(9, LOG_KEY))).status == 422


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary() | st.binary().map(lambda data: b"old 0\n\n" + data))
def test_any_bytes_are_answered(witness: Witness, data: bytes) -> None:
    assert witness.add_checkpoint(data).status in (400, 404)


def test_nothing_is_signed_that_was_not_stored(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a full disk there is no signature, and the previous size still counts."""
    _ask(witness, 0, 5)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        _ask(witness, 5, 9)
    monkeypatch.undo()
    assert _ask(witness, 4, 9) == Response(409, "5\n", "text/x.tlog.size")
    assert _ask(witness, 5, 10).status == 200
