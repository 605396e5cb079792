"""Files on disk: keys that only their owner can read, and a state that is complete and locked by one process."""

import json
import os
import stat
from pathlib import Path

import pytest

from recordings.tlog import files, keys
from recordings.tlog.command import key_of, open_state
from recordings.tlog.keys import KeyFileError
from recordings.tlog.notes import LOG, WITNESS
from recordings.tlog.state import LastSigned, State, StateError
from tests.unit.tlog.grown import ORIGIN, checkpoint


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_key_is_generated_once_and_loaded_again(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    made = key_of(path, ORIGIN, LOG)
    assert _mode(path) == 0o600
    assert key_of(path, ORIGIN, LOG).vkey == keys.load(path).vkey == made.vkey
    with pytest.raises(KeyFileError, match="never overwritten"):
        keys.generate(path, ORIGIN, LOG)
    assert [file.name for file in tmp_path.iterdir()] == ["log.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620, 0o601])
def test_a_key_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "log.key"
    keys.generate(path, ORIGIN, LOG)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match=rf"log\.key is open to others \(mode 0{mode:o}\)"):
        keys.load(path)
    path.chmod(0o400)
    assert keys.load(path).name == ORIGIN


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"PRIVATE+KEY+a+b+c", b"hello\n"])
def test_a_file_without_a_key_is_refused_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log.key"
    files.write_new(path, content)
    with pytest.raises(KeyFileError, match=r"log\.key does not hold a private key") as refused:
        keys.load(path)
    assert not content or content.decode("utf-8", "replace").strip() not in str(refused.value)


def test_a_missing_key_and_another_key_are_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be read: No such file"):
        keys.load(tmp_path / "log.key")
    keys.generate(tmp_path / "log.key", ORIGIN, LOG)
    for name, kind in (("other.example", LOG), (ORIGIN, WITNESS)):
        with pytest.raises(KeyFileError, match=f"not a key of this kind named {name}"):
            keys.load_as(tmp_path / "log.key", name, kind)


def test_a_state_is_loaded_again_and_private(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    assert (state.is_new, state.last_signed(ORIGIN)) == (True, LastSigned())
    state.put(checkpoint(5), "five")
    state.put(checkpoint(5, origin="b.example"), "other")
    state.put(checkpoint(6), "six")
    state.close()
    again = State(tmp_path / "state")
    assert again.last_signed(ORIGIN) == LastSigned(6, checkpoint(6).root, "six")
    assert (again.is_new, again.origins) == (False, [ORIGIN, "b.example"])
    again.close()
    assert _mode(tmp_path / "state") == 0o700
    assert _mode(tmp_path / "state" / "state.json") == 0o600


def test_a_second_process_with_the_same_state_is_refused(tmp_path: Path) -> None:
    first = State(tmp_path)
    with pytest.raises(StateError, match=f"Another process is using {tmp_path}"):
        State(tmp_path)
    first.close()
    State(tmp_path).close()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"logs": {}}',
        '{"logs": [], "retiring": {}}',
        '{"logs": {"a": {}}, "retiring": {}}',
    ],
)
def test_a_state_that_cannot_be_read_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "state.json").write_text(content)
    for _ in range(2):
        with pytest.raises(StateError, match="Nothing is signed without it"):
            State(tmp_path)


def test_a_root_of_the_wrong_length_is_refused(tmp_path: Path) -> None:
    seen = {"size": 1, "root": "AAAA", "note": ""}
    (tmp_path / "state.json").write_text(json.dumps({"logs": {"a": seen}, "retiring": {}}))
    with pytest.raises(StateError):
        State(tmp_path)


def test_a_key_without_state_or_a_state_without_key_is_not_a_first_start(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.key"
    first = open_state(tmp_path, path)
    key_of(path, ORIGIN, LOG)
    first.close()
    (tmp_path / "state.json").unlink()
    with pytest.raises(StateError, match=r"state\.json is missing"):
        open_state(tmp_path, path)
    path.unlink()
    state = open_state(tmp_path, path)
    state.put(checkpoint(5), "five")
    state.close()
    with pytest.raises(StateError, match=r"log\.key is missing"):
        open_state(tmp_path, path)
    open_state(tmp_path, path, replacing=True).close()


def test_a_file_is_replaced_atomically(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    files.replace(path, b"one")
    monkeypatch.setattr(files.os, "fsync", _fail)
    with pytest.raises(OSError, match="5"):
        files.replace(path, b"two")
    monkeypatch.undo()
    assert path.read_bytes() == b"one"
    files.replace(path, b"three")
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"three"


def test_the_data_is_synced_before_the_rename_and_the_rename_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def synced(handle: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def renamed(path: Path, target: Path) -> Path:
        done.append("name")
        return rename(path, target)

    monkeypatch.setattr(files.os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    state = State(tmp_path)
    state.put(checkpoint(5), "five")
    state.close()
    assert done == ["file", "name", "folder"]


def _fail(_: int) -> None:
    raise OSError(5, "Input/output error")


def test_a_new_file_never_replaces_another(tmp_path: Path) -> None:
    assert files.write_new(tmp_path / "file", b"one") is True
    assert files.write_new(tmp_path / "file", b"two") is False
    assert (tmp_path / "file").read_bytes() == b"one"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
