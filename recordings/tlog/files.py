"""Files that are whole or not there, and are still so after the power failed."""

import os
from pathlib import Path

_OWNER_ONLY = 0o600


def replace(path: Path, data: bytes) -> None:
    """Put `data` in the place of the file: after return it is on disk, before it the old content is."""
    written = _write_beside(path, data)
    written.replace(path)
    _sync_folder(path.parent)


def write_new(path: Path, data: bytes) -> bool:
    """Write a file that is not there yet; False, and nothing touched, when it is."""
    written = _write_beside(path, data)
    try:
        os.link(written, path)
    except FileExistsError:
        return False
    finally:
        written.unlink()
    _sync_folder(path.parent)
    return True


def _write_beside(path: Path, data: bytes) -> Path:
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return beside


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
