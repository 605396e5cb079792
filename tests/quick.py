"""`make quick`: the tests of what a change touches, without a browser, without those marked slow, with few examples.

What touches what is told by the names of folders: a change in any folder `refresh` runs the folders `refresh` among
the unit and the integration tests, a change in a test file runs that file's folder. Product code without a folder of
tests by its name (models, settings, the files at the top) runs all unit tests. Imports are not followed: what else
stands on it is tested by `make test` alone.

The change is what differs from the branch `main` (BASE=… names another commit), and what is not committed yet.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("unit", "integration")
PRODUCT = ("auditportal", "recordings")
WITHOUT = "not slow and not e2e and not ceph and not screenshots"


def main(arguments: list[str]) -> int:
    folders = touched(changed(os.environ.get("BASE", "main")))
    if not folders:
        print("Nothing that was changed has a folder of tests by its name. All of it: make test")
        return 0
    print("Tests of what was changed:", *folders, flush=True)
    command = ["-m", "pytest", "-n", "auto", "--dist", "worksteal", "-m", WITHOUT, *folders, *arguments]
    environment = {**os.environ, "QUICK": "1"}
    return subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=False).returncode


def changed(base: str) -> set[str]:
    """Paths that differ from where this branch left `base`, and new files that git does not know yet."""
    begun = _git("merge-base", base, "HEAD")
    return {
        *_git("diff", "--name-only", begun[0] if begun else "HEAD"),
        *_git("ls-files", "--others", "--exclude-standard"),
    }


def touched(paths: Iterable[str]) -> list[str]:
    """The folders of tests named like the innermost folder of each path that has tests of its name.

    All unit tests for product code that has none.
    """
    tests = (path for kind in KINDS for path in (ROOT / "tests" / kind).rglob("test_*.py"))
    folders = [path.parent.relative_to(ROOT) for path in tests]
    names = {name for folder in folders for name in folder.parts[2:]}
    wanted, anything = set(), False
    for path in map(PurePosixPath, paths):
        named = next((part for part in reversed(path.parent.parts) if part in names), "")
        wanted.add(named)
        anything = anything or (not named and path.suffix == ".py" and path.parts[0] in PRODUCT)
    found = {str(folder) for folder in folders if wanted.intersection(folder.parts[2:])}
    if anything:
        found = {folder for folder in found if not folder.startswith("tests/unit")} | {"tests/unit"}
    return sorted(found)


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
