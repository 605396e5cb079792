"""verify_audit.py as an auditor runs it: alone, from a command line, with what is at hand."""

import ast
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forge import VERIFIER, Log, pack
from tests.forge_tools import NOA
from tests.forgeries import case, log


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Isolated: no site packages, nothing of the product on the path."""
    command = [sys.executable, "-I", "-S", str(VERIFIER), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


_TELLING = """
import atexit, runpy, sys
atexit.register(lambda: sys.stderr.write([l for l in open("/proc/self/status") if l.startswith("VmHWM")][0]))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "bundle.zip": case("everybody").data,
        "forged.zip": case("A02_another_name").data,
        "one.tlog-proof": case("one_proof").data,
        "policy.txt": log().policy().encode(),
        "none.txt": log().policy("quorum none\n").encode(),
        "tsa.pem": log().stamper.pem,
        "checkpoint.txt": log().note(4).encode(),
        "consistency.txt": log().request(4).encode(),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_one_line_per_check_and_the_verdict(folder: Path) -> None:
    done = _run(folder, "bundle.zip")
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == ["ok"] * 13
    assert " ".join(line.split()[1] for line in lines[:-1]) == (
        "files policy checkpoint witnesses inclusion bodies values opening manifest completeness anchors times table"
    )
    assert lines[-1] == "CONSISTENT (self-signed only)"
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_brought_lifts_the_verdict(folder: Path) -> None:
    kept = ["--older", "checkpoint.txt", "--proof", "consistency.txt"]
    done = _run(folder, "bundle.zip", "--policy", "policy.txt", *kept)
    assert done.stdout.splitlines()[-1] == "WITNESSED by w0, w1"
    assert "older" in done.stdout
    done = _run(folder, "bundle.zip", "--policy", "none.txt", "--tsa", "tsa.pem")
    assert done.stdout.splitlines()[-1].startswith("ANCHORED (time-stamped 2026-11-20 09:00:09Z")


def test_a_forged_one_ends_with_1(folder: Path) -> None:
    done = _run(folder, "forged.zip", "--policy", "policy.txt")
    assert done.stdout.splitlines()[-1] == "INVALID"
    assert (done.returncode, done.stderr) == (1, "")


def test_one_event(folder: Path) -> None:
    done = _run(folder, "one.tlog-proof", "--policy", "policy.txt")
    assert [line.split()[1] for line in done.stdout.splitlines()[:-1]] == [
        "policy",
        "checkpoint",
        "witnesses",
        "inclusion",
        "bodies",
        "values",
    ]
    assert done.stdout.splitlines()[-1] == "WITNESSED by w0, w1"


def test_for_machines(folder: Path) -> None:
    said = json.loads(_run(folder, "bundle.zip", "--json").stdout)
    assert said["verdict"] == "CONSISTENT (self-signed only)"
    assert said["checks"][0].keys() == {"name", "ok", "sentence"}


@pytest.mark.parametrize(
    "words",
    [
        ["missing.zip"],
        ["."],
        ["bundle.zip", "--policy", "missing.txt"],
        ["bundle.zip", "--policy", "bundle.zip"],
        ["bundle.zip", "--older", "policy.txt"],
        ["policy.txt"],
    ],
)
def test_never_a_traceback(folder: Path, words: list[str]) -> None:
    done = _run(folder, *words)
    assert done.stdout.splitlines()[-1] == "INVALID"
    assert (done.returncode, done.stderr) == (1, "")


def test_it_is_one_short_file_of_the_standard_library() -> None:
    """All of it is to be read by whoever relies on it: it may get shorter, and no longer."""
    text = VERIFIER.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 370
    assert max(map(len, text.splitlines())) <= 120
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(text, feature_version=(3, 8)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        )
    }
    assert imported - {"__future__"} <= sys.stdlib_module_names


@pytest.mark.slow
def test_ten_thousand_events_in_ten_seconds_and_300_mib(tmp_path: Path) -> None:
    large = Log()
    for number in range(10_000):
        names = NOA | {"purpose.note": f"note {number}", "object.label": "מרים כהן"}
        large.add(by=f"user:{number % 7}", about=f"recording:{number % 300}", names=names)
    large.close()
    (tmp_path / "bundle.zip").write_bytes(pack(large.bundle()).getvalue())
    (tmp_path / "policy.txt").write_text(large.policy(), encoding="utf-8")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        _TELLING,
        str(VERIFIER),
        "bundle.zip",
        "--policy",
        "policy.txt",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.splitlines()[-1] == "WITNESSED by w0, w1"
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 10
    # Its own peak: what the system counts for a child begins with the memory of whoever started it.
    assert int(done.stderr.split()[-2]) < 300 * 1024
