"""What is verified is, byte for byte, what every program unpacks: unzip, 7-Zip, bsdtar, Python, and --extract."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.forge_bundle import VERIFIER
from tests.forge_zip import pack, sums
from tests.forgeries import case, cases
from tests.forgeries.base import files_of

COMMANDS = {
    "unzip": ["unzip", "-q", "-o", "bundle.zip", "-d", "out"],
    "7z": ["7z", "x", "-y", "-bso0", "-oout", "bundle.zip"],
    "bsdtar": ["bsdtar", "-x", "-f", "bundle.zip", "-C", "out"],
    "python": [sys.executable, "-m", "zipfile", "-e", "bundle.zip", "out"],
    "verify_audit.py": [sys.executable, "-I", "-S", str(VERIFIER), "bundle.zip", "--extract", "out"],
}


def _unpacked(folder: Path, command: list[str]) -> dict[str, bytes]:
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("program", COMMANDS)
def test_each_program_unpacks_the_same_bytes(program: str, tmp_path: Path) -> None:
    if not shutil.which(COMMANDS[program][0]):
        assert os.environ.get("CI") != "true", f"{program} is needed here"
        pytest.skip(f"{program} is not installed")
    files = files_of("all")
    (tmp_path / "bundle.zip").write_bytes(pack(files).getvalue())
    unpacked = _unpacked(tmp_path, COMMANDS[program])
    listed = unpacked.pop("SHA256SUMS")
    assert unpacked == files
    assert listed.startswith(sums(files))


def test_sha256sum_checks_what_was_unpacked(tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(pack(files_of("all")).getvalue())
    _unpacked(tmp_path, COMMANDS["python"])
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    done = subprocess.run(command, cwd=tmp_path / "out", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": OK") == len(files_of("all"))


@pytest.mark.slow
def test_every_honest_bundle_is_unpacked_alike(tmp_path: Path) -> None:
    """Python's own reader, which trusts the directory, and unzip, which looks at both headers."""
    honest = [name for name in cases() if not case(name).fails and case(name).data[:4] == b"PK\3\4"]
    honest = [name for name in honest if case(name).verdict != "NOT CHECKED"]
    assert len(honest) > 50
    for name in honest:
        (tmp_path / "bundle.zip").write_bytes(case(name).data)
        with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
            assert archive.testzip() is None
            files = {one: archive.read(one) for one in archive.namelist()}
        if shutil.which("unzip"):
            assert _unpacked(tmp_path, COMMANDS["unzip"]) == files


def _extract(folder: Path, name: str, *more: str) -> subprocess.CompletedProcess[str]:
    (folder / "bundle.zip").write_bytes(case(name).data)
    command = [sys.executable, "-I", "-S", str(VERIFIER), "bundle.zip", "--extract", "out", *more]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "name", ["the_table_alone_exchanged", "A02_another_name_in_the_table_only", "no_zip"]
)
def test_nothing_is_written_of_what_was_not_verified(name: str, tmp_path: Path) -> None:
    done = _extract(tmp_path, name)
    assert done.returncode in (1, 2)
    assert "nothing was written" in done.stdout
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_empty_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.csv").write_text("mine")
    done = _extract(tmp_path, "everybody")
    assert done.returncode == 2
    assert done.stdout.splitlines()[-1] == "NOT CHECKED: the folder out is not empty"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.csv"]
    assert (tmp_path / "out" / "report.csv").read_text() == "mine"
