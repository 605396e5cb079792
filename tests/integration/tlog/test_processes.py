"""Both command lines in real processes: first start, restart, refusals, key rotation, and a machine without Django."""

import signal
import stat
from pathlib import Path

import pytest

from recordings.tlog.client import Client
from recordings.tlog.notes import Note, SigningKey, VerifierKey, format_note
from tests.integration.tlog.processes import key_and_address, manage, module, run, started
from tests.unit.tlog.grown import ORIGIN, checkpoint, note, path

LOG_KEY = SigningKey.generate(ORIGIN)


def _witness(tmp_path: Path, *more: str) -> list[str]:
    state = str(tmp_path / "witness")
    return ["--state", state, "--name", "audit.example", "--listen", "127.0.0.1:0", *more]


def _signer(tmp_path: Path, *more: str | Path) -> list[str | Path]:
    return ["--state", tmp_path / "signer", "--socket", tmp_path / "s.sock", "--origin", ORIGIN, *more]


def _add(place: str | Path, old: int, hashes: list[bytes], text: str) -> list[str]:
    with Client(place) as client:
        return client.add_checkpoint(old, hashes, text)


def test_a_witness_runs_with_python_and_cryptography_alone(tmp_path: Path) -> None:
    with started(module("witness"), *_witness(tmp_path, "--log", LOG_KEY.vkey)) as process:
        vkey, place = key_and_address(process)
        lines = _add(place, 0, [], note(5, LOG_KEY))
    signed = Note.parse(note(5, LOG_KEY) + f"{lines[0]}\n").verify([VerifierKey.parse(vkey)])
    assert [one.key.name for one in signed] == ["audit.example"]
    assert process.returncode == 0


def test_a_restarted_witness_knows_key_and_size(tmp_path: Path) -> None:
    with started(manage("witness"), *_witness(tmp_path, "--log", LOG_KEY.vkey)) as process:
        first, place = key_and_address(process)
        _add(place, 0, [], note(5, LOG_KEY))
    with started(manage("witness"), *_witness(tmp_path, "--log", LOG_KEY.vkey)) as process:
        second, place = key_and_address(process)
        assert _add(place, 5, path(5, 9), note(9, LOG_KEY))
        assert run(manage("witness"), *_witness(tmp_path, "--print-vkey")).stdout == f"{first}\n"
    assert second == first


def test_the_signer_listens_on_its_socket_only_and_removes_it(tmp_path: Path) -> None:
    with started(manage("sign_trail"), *_signer(tmp_path, "--socket-mode", "660")) as process:
        vkey, place = key_and_address(process)
        assert place == str(tmp_path / "s.sock")
        assert stat.S_IMODE(Path(place).stat().st_mode) == 0o660
        lines = _add(Path(place), 0, [], checkpoint(5).text())
    Note.parse(format_note(checkpoint(5).text(), lines)).verify([VerifierKey.parse(vkey)])
    assert process.returncode == 0
    assert not Path(place).exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_on_a_signal_with_clients_connected(tmp_path: Path, number: int) -> None:
    with started(module("signer"), *_signer(tmp_path)) as process:
        _, place = key_and_address(process)
        client = Client(Path(place))
        client.latest(ORIGIN)
        process.send_signal(number)
        assert process.wait(timeout=60) == 0
    client.close()


def test_the_public_key_can_be_printed_before_the_first_start(tmp_path: Path) -> None:
    asked = ["--state", tmp_path / "signer", "--origin", ORIGIN, "--print-vkey"]
    printed = run(manage("sign_trail"), *asked).stdout.strip()
    assert VerifierKey.parse(printed).name == ORIGIN
    assert stat.S_IMODE((tmp_path / "signer" / "signer.key").stat().st_mode) == 0o600
    with started(manage("sign_trail"), *_signer(tmp_path)) as process:
        assert key_and_address(process)[0] == printed
        assert run(manage("sign_trail"), *_signer(tmp_path, "--print-vkey")).stdout == f"{printed}\n"


def test_the_public_key_of_a_later_epoch_has_its_name(tmp_path: Path) -> None:
    first = run(manage("sign_trail"), *_signer(tmp_path, "--print-vkey")).stdout.strip()
    second = run(manage("sign_trail"), *_signer(tmp_path, "--print-vkey", "--origin", f"{ORIGIN}/2")).stdout
    assert second.strip() == VerifierKey.parse(first).named(f"{ORIGIN}/2").vkey
    refused = run(manage("sign_trail"), *_signer(tmp_path, "--print-vkey", "--origin", "other.example"))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"The key is {first}; it cannot sign for other.example.\n"


@pytest.mark.parametrize("who", ["signer", "witness"])
def test_a_second_process_with_the_same_state_is_refused(tmp_path: Path, who: str) -> None:
    given = _signer(tmp_path) if who == "signer" else _witness(tmp_path)
    with started(module(who), *given) as process:
        key_and_address(process)
        second = run(module(who), *given)
    assert second.returncode == 1
    assert second.stderr.startswith(f"Another process is using {tmp_path / who}. ")
    assert second.stderr.count("\n") == 1


def test_a_second_process_on_the_same_socket_is_refused(tmp_path: Path) -> None:
    with started(module("signer"), *_signer(tmp_path)) as process:
        key_and_address(process)
        second = run(module("signer"), *_signer(tmp_path), "--state", tmp_path / "other")
        assert (second.returncode, second.stderr) == (
            1,
            f"Another process is listening on {tmp_path / 's.sock'}.\n",
        )
        with Client(tmp_path / "s.sock") as client:
            assert client.latest(ORIGIN) is None


def test_a_key_that_others_can_read_is_refused_in_one_sentence(tmp_path: Path) -> None:
    run(module("witness"), *_witness(tmp_path, "--print-vkey"))
    (tmp_path / "witness" / "witness.key").chmod(0o644)
    refused = run(module("witness"), *_witness(tmp_path))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "witness.key is open to others (mode 0644)" in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("who", "given", "sentence"),
    [
        ("witness", ["--log", "x"], "A key must be: name, plus sign, key id, plus sign, base64."),
        ("witness", ["--log", SigningKey.generate("w", 4).vkey], "the key of w is not a log's key"),
        ("witness", ["--listen", "7380"], "must be HOST:PORT"),
        ("witness", ["--listen", "localhost:x"], "must be HOST:PORT"),
        ("witness", ["--name", "two words"], "A key's name must not be empty or contain spaces"),
        ("signer", ["--socket", "/"], "/ exists and is not a socket."),
        ("signer", ["--origin", ""], "A key's name must not be empty or contain spaces"),
        ("signer", ["--socket-mode", "666"], "must be 600 or 660"),
        ("signer", ["--also", "/nonexistent"], "The key file /nonexistent cannot be read: No such file"),
    ],
)
def test_invalid_options_are_named(tmp_path: Path, who: str, given: list[str], sentence: str) -> None:
    usual = _signer(tmp_path) if who == "signer" else _witness(tmp_path)
    refused = run(module(who), *usual, *given)
    assert refused.returncode in (1, 2)
    assert sentence in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_replaced_key_signs_beside_the_new_one_and_a_witness_follows(tmp_path: Path) -> None:
    state, old_key = tmp_path / "signer", tmp_path / "old.key"
    with started(module("signer"), *_signer(tmp_path)) as process:
        old = key_and_address(process)[0]
        first = _add(tmp_path / "s.sock", 0, [], checkpoint(5).text())
    (state / "signer.key").rename(old_key)
    assert "signer.key is missing" in run(module("signer"), *_signer(tmp_path)).stderr
    with started(module("signer"), *_signer(tmp_path, "--also", old_key)) as process:
        new = key_and_address(process)[0]
        second = _add(tmp_path / "s.sock", 5, path(5, 9), checkpoint(9).text())
    assert (len(first), len(second), new != old) == (1, 2, True)
    witness = started(module("witness"), *_witness(tmp_path, "--log", old, "--log", new))
    with witness as process, Client(key_and_address(process)[1]) as client:
        client.add_checkpoint(0, [], format_note(checkpoint(5).text(), first))
        client.add_checkpoint(5, path(5, 9), format_note(checkpoint(9).text(), second))
        assert str(client.latest(ORIGIN)).count("\n— ") == 3
