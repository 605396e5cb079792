"""Choose where an embedded server keeps its files, and as which user it runs.

PostgreSQL refuses to run as root, so root starts it as an unprivileged user. That user must be able to reach the data
and the binaries. Permissions of folders that are not ours are never changed: what the user cannot reach is kept
elsewhere.
"""

import hashlib
import os
import pwd
import re
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from auditportal.embedded.errors import EmbeddedError

ROOT_FOLDER = Path("/var/lib/auditportal")  # written only by root; survives restarts of the machine
_NEEDED_BYTES = 200 * 1024 * 1024
_SOCKET_PATH_MAX = 103  # sun_path has 104 bytes on macOS and 108 on Linux, with a terminating zero
_SOCKET_NAME_BYTES = len("/.s.PGSQL.5432")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")


@dataclass(frozen=True)
class Account:
    """A user of this machine."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """Return the user as whom root runs the server; None when we are not root and it runs as us."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedError("PostgreSQL refuses to run as root, and this machine has no user postgres or nobody.")


def can_reach(path: Path, account: Account | None) -> bool:
    """Tell whether `account` may enter every folder down to `path`, and enter (or execute) it."""
    resolved = path.resolve()
    return account is None or all(_may_enter(step, account) for step in (resolved, *resolved.parents))


def home_for(directory: Path, account: Account | None) -> Path:
    """Create and return `directory`, or a folder below ROOT_FOLDER instead when `account` cannot reach it."""
    directory = directory.resolve()
    _create(directory)
    if can_reach(directory, account):
        return _require_space(directory)
    _create(ROOT_FOLDER)
    home = ROOT_FOLDER / _fingerprint(directory)
    _create(home)
    return _require_space(home)


def socket_folder(home: Path, account: Account | None) -> Path:
    """Create a folder for the socket: private to the server's user, with a short path of plain characters."""
    folder = home / "run"
    if len(str(folder)) + _SOCKET_NAME_BYTES > _SOCKET_PATH_MAX or not _PLAIN_PATH.fullmatch(str(folder)):
        folder = Path(tempfile.gettempdir()) / f"auditportal-{_fingerprint(home)}"
    if len(str(folder)) + _SOCKET_NAME_BYTES > _SOCKET_PATH_MAX:
        folder = Path("/tmp") / folder.name  # noqa: S108  (make_private checks that it is ours)
    make_private(folder, account)
    return folder


def make_private(folder: Path, account: Account | None) -> None:
    """Create a folder that only `account` may enter. Raises EmbeddedError when it belongs to somebody else."""
    owner = account.uid if account else os.geteuid()
    try:
        folder.mkdir(mode=0o700)
        if account:
            os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner or status.st_mode & 0o077:
            raise EmbeddedError(f"{folder} belongs to another user. Remove it and start again.") from None


def remove(path: Path) -> None:
    """Delete one of our folders, if it exists."""
    if path.exists():
        shutil.rmtree(path)


def _may_enter(path: Path, account: Account) -> bool:
    status = path.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    return bool(status.st_mode & (stat.S_IXGRP if status.st_gid == account.gid else stat.S_IXOTH))


def _create(folder: Path) -> None:
    """Create a folder that others may enter but not list; an existing folder is not changed."""
    if folder.is_dir():
        return
    try:
        folder.mkdir(parents=True)
        folder.chmod(0o711)
    except OSError as error:
        raise EmbeddedError(f"The folder {folder} cannot be created: {error.strerror}.") from None


def _require_space(home: Path) -> Path:
    free = shutil.disk_usage(home).free
    if free < _NEEDED_BYTES:
        raise EmbeddedError(
            f"{home} has {free >> 20} MB of free space; PostgreSQL needs {_NEEDED_BYTES >> 20} MB."
        )
    return home


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
