"""Write files atomically and durably: after a power failure a file is complete or absent."""

import os
from pathlib import Path

_OWNER_ONLY = 0o600


def replace(path: Path, data: bytes) -> None:
    """Replace a file. After return the new content is on disk; until then the old content is."""
    temporary = _write_temporary(path, data)
    temporary.replace(path)
    _sync_folder(path.parent)


def write_new(path: Path, data: bytes) -> bool:
    """Write a file unless it exists; False, without changing anything, when it does."""
    temporary = _write_temporary(path, data)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    _sync_folder(path.parent)
    return True


def _write_temporary(path: Path, data: bytes) -> Path:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
