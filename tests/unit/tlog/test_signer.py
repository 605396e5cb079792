"""The log's signer: it signs for its log, the log's epochs and with the retiring key, and nothing else."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from recordings.tlog.cosigner import Cosigner, Response
from recordings.tlog.notes import LOG, Note, SigningKey, format_note
from recordings.tlog.signer import RETIRING_SECONDS, Signer
from recordings.tlog.state import State
from tests.unit.tlog.grown import ORIGIN, checkpoint, note, path, request

LOG_KEY = SigningKey.generate(ORIGIN)
NEXT_KEY = SigningKey.generate(ORIGIN)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(tmp_path / "state")
    yield made
    made.close()


@pytest.fixture
def signer(state: State) -> Signer:
    return Signer(state, LOG_KEY)


def _sign(signer: Signer, old: int, size: int, history: str = "true", origin: str = ORIGIN) -> Response:
    asked = request(old, path(old, size, history), checkpoint(size, history, origin).text())
    return signer.add_checkpoint(asked)


def _evidence(cosigner: Cosigner) -> dict[str, bytes]:
    folder = cosigner._state.folder / "evidence"
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_the_signer_signs_its_own_log_as_it_grows(signer: Signer) -> None:
    for old, size in ((0, 3), (3, 3), (3, 20)):
        answer = _sign(signer, old, size)
        signed = Note.parse(format_note(checkpoint(size).text(), [answer.body.rstrip("\n")]))
        assert [one.key for one in signed.verify([LOG_KEY.verifier])] == [LOG_KEY.verifier]


def test_the_signer_signs_no_second_history(signer: Signer) -> None:
    first = _sign(signer, 0, 20)
    assert [_sign(signer, old, 20, "false").status for old in (0, 20)] == [409, 422]
    assert [_sign(signer, 20, size, "false").status for size in (10, 21)] == [400, 422]
    assert _sign(signer, 20, 20) == first
    assert {int(name.split("-")[0]) for name in _evidence(signer)} == {20, 21}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (checkpoint(5, origin="other.example").text(), 404),
        (checkpoint(5, origin=f"{ORIGIN}/1").text(), 404),
        (checkpoint(5, origin=f"{ORIGIN}/02").text(), 404),
        (checkpoint(5, origin=f"{ORIGIN}2").text(), 404),
        (checkpoint(5, origin=f"{ORIGIN}/2/3").text(), 404),
        (checkpoint(5, origin="/2").text(), 404),
        (checkpoint(5).text() + "extension\n", 400),
        (note(5, LOG_KEY), 400),
        ("", 400),
    ],
)
def test_the_signer_signs_nothing_else(signer: Signer, text: str, status: int) -> None:
    assert signer.add_checkpoint(request(0, [], text)).status == status


def test_a_new_epoch_starts_empty_and_ends_the_one_before(signer: Signer) -> None:
    _sign(signer, 0, 20)
    second, third = f"{ORIGIN}/2", f"{ORIGIN}/3"
    assert _sign(signer, 20, 21, origin=second) == Response(409, "0\n", "text/x.tlog.size")
    answer = _sign(signer, 0, 5, origin=second)
    signed = Note.parse(format_note(checkpoint(5, origin=second).text(), [answer.body.rstrip("\n")]))
    assert signed.verify([LOG_KEY.verifier.named(second)])[0].key.name == second
    assert [_sign(signer, 20, 21).status, _sign(signer, 5, 6, origin=second).status] == [403, 200]
    assert [_sign(signer, 0, 1, origin=third).status, _sign(signer, 6, 7, origin=second).status] == [200, 403]
    assert signer.latest(sha256(ORIGIN.encode()).hexdigest()).body.startswith(f"{ORIGIN}\n20\n")


def test_a_retiring_key_signs_beside_the_new_one_for_30_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = 1_800_000_000
    expected = {0: 2, RETIRING_SECONDS - 1: 2, RETIRING_SECONDS: 1, RETIRING_SECONDS + 1: 1}
    for after, lines in expected.items():
        monkeypatch.setattr("recordings.tlog.signer.time.time", lambda now=start + after: now)
        state = State(tmp_path)
        answer = _sign(Signer(state, NEXT_KEY, retiring=LOG_KEY), state.last_signed(ORIGIN).size, 5)
        state.close()
        signed = Note.parse(checkpoint(5).text() + "\n" + answer.body)
        keys = [one.key for one in signed.verify([LOG_KEY.verifier, NEXT_KEY.verifier])]
        assert keys == [NEXT_KEY.verifier, LOG_KEY.verifier][:lines]


def test_the_state_is_one_small_file(signer: Signer) -> None:
    answer = _sign(signer, 0, 5)
    content = json.loads((signer._state.folder / "state.json").read_bytes())
    assert list(content["logs"]) == [ORIGIN]
    assert content["logs"][ORIGIN]["size"] == 5
    assert content["logs"][ORIGIN]["note"] == checkpoint(5).text() + "\n" + answer.body
    assert LOG_KEY.verifier.kind == LOG
