"""Where servers keep their files. Folders that are not ours are never changed."""

import os
import stat
from collections import namedtuple
from pathlib import Path

import pytest

from auditportal.embedded import folders
from auditportal.embedded.binaries import postgres_binaries
from auditportal.embedded.errors import EmbeddedError
from auditportal.embedded.folders import Account
from auditportal.embedded.passwords import load_passwords, write_private

STRANGER = Account("stranger", 54321, 54321)
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose parents everybody may enter, as far as the code under test can tell."""
    reach = folders._may_enter

    def may_enter(path: Path, account: Account) -> bool:
        return reach(path, account) if path.is_relative_to(tmp_path) and path != tmp_path else True

    monkeypatch.setattr(folders, "_may_enter", may_enter)
    return tmp_path


@pytest.mark.parametrize(
    ("mode", "reachable"), [(0o755, True), (0o711, True), (0o710, False), (0o700, False), (0o744, False)]
)
def test_another_user_needs_permission_to_enter(base: Path, mode: int, reachable: bool) -> None:
    folder = base / "a" / "b"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    folder.parent.chmod(mode)
    assert folders.can_reach(folder, STRANGER) is reachable
    assert folders.can_reach(folder, None) is True


def test_a_groups_permission_counts_for_its_members(base: Path) -> None:
    folder = base / "a"
    folder.mkdir()
    folder.chmod(0o710)
    assert folders.can_reach(folder, Account("member", 54321, folder.stat().st_gid)) is True
    folder.chmod(0o701)
    assert folders.can_reach(folder, Account("member", 54321, folder.stat().st_gid)) is False


def test_a_link_counts_as_its_target(base: Path) -> None:
    (base / "closed").mkdir(mode=0o700)
    (base / "closed" / "data").mkdir()
    (base / "link").symlink_to(base / "closed" / "data")
    assert folders.can_reach(base / "link", STRANGER) is False


def test_the_data_are_in_the_requested_folder_if_it_can_be_reached(base: Path) -> None:
    home = folders.home_for(base / "data", STRANGER)
    assert home == base / "data"
    assert stat.S_IMODE(home.stat().st_mode) == 0o711


def test_the_data_are_in_roots_folder_otherwise(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "ROOT_FOLDER", base / "own")
    closed = base / "closed"
    closed.mkdir()
    closed.chmod(0o700)
    home = folders.home_for(closed / "data", STRANGER)
    assert home.parent == base / "own"
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert folders.home_for(closed / "data", STRANGER) == home
    assert folders.home_for(closed / "other", STRANGER) != home


def test_an_existing_folder_keeps_its_mode(base: Path) -> None:
    (base / "data").mkdir()
    (base / "data").chmod(0o755)
    folders.home_for(base / "data", STRANGER)
    assert stat.S_IMODE((base / "data").stat().st_mode) == 0o755


def test_a_full_disk_is_reported_in_a_sentence(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders.shutil, "disk_usage", lambda path: Usage(1 << 40, 1 << 40, 12 << 20))
    with pytest.raises(EmbeddedError, match=r"data has 12 MB of free space; PostgreSQL needs 200 MB\.$"):
        folders.home_for(base / "data", None)


def test_a_folder_that_cannot_be_created_is_reported_in_a_sentence(base: Path) -> None:
    (base / "file").write_text("")
    with pytest.raises(
        EmbeddedError, match=r"^The folder .*/file/data cannot be created: Not a directory\.$"
    ):
        folders.home_for(base / "file" / "data", None)


@pytest.mark.parametrize("name", ["x" * 120, "with space", "ünïcode", "comma,comma", 'quote"'])
def test_the_path_of_the_socket_is_short_and_plain(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    home.mkdir()
    folder = folders.socket_folder(home, None)
    try:
        assert len(str(folder / ".s.PGSQL.5432")) <= 103
        assert str(folder).isascii()
        assert " " not in str(folder)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folders.socket_folder(home, None) == folder
    finally:
        folder.rmdir()


def test_a_socket_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(0o777)
    with pytest.raises(EmbeddedError, match="belongs to another user"):
        folders.make_private(tmp_path / "run", None)
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(EmbeddedError, match="belongs to another user"):
        folders.make_private(tmp_path / "link", None)


def test_a_missing_unprivileged_user_is_reported_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody_there(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(folders.pwd, "getpwnam", nobody_there)
    with pytest.raises(EmbeddedError, match="refuses to run as root"):
        folders.server_account()


def test_a_platform_without_binaries_is_reported_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        EmbeddedError, match=r"^There is no embedded PostgreSQL 18 for this platform .*DATABASE_URL"
    ):
        postgres_binaries(None, tmp_path)


def test_binaries_that_cannot_be_reached_are_copied_once(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditportal.embedded.binaries.can_reach", lambda path, account: False)
    folder = postgres_binaries(STRANGER, base)
    assert sorted(tool.name for tool in folder.iterdir()) == ["initdb", "postgres", "psql"]
    made = (folder / "postgres").stat().st_mtime_ns, folder.stat().st_ino
    assert postgres_binaries(STRANGER, base) == folder
    assert ((folder / "postgres").stat().st_mtime_ns, folder.stat().st_ino) == made
    assert all(path.stat().st_mode & 0o004 for path in folder.parent.rglob("*") if not path.is_symlink())


def test_passwords_are_generated_once_and_private(tmp_path: Path) -> None:
    file = tmp_path / "passwords.json"
    first = load_passwords(file, ("web", "admin"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len({*first.values()}) == 2
    assert load_passwords(file, ("web", "admin")) == first
    more = load_passwords(file, ("web", "redis"))
    assert more["web"] == first["web"]
    assert load_passwords(file, ("admin", "redis")) == {"admin": first["admin"], "redis": more["redis"]}


def test_a_private_file_is_private_whatever_existed(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("old")
    file.chmod(0o644)
    write_private(file, "new")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new", 0o600)
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
