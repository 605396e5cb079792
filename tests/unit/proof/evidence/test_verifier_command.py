"""verify_audit.py as an auditor runs it: alone, from a command line, with what is at hand."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from recordings.proof.evidence.check import verify_audit
from recordings.proof.evidence.check.verify_audit import CHECKS, NOTICE
from tests.forge import Log
from tests.forge_bundle import VERIFIER
from tests.forge_parts import recording
from tests.forge_tools import NOA
from tests.forge_zip import pack
from tests.forgeries import asked, case, cases, log


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Isolated: no site packages, nothing of the product on the path."""
    command = [sys.executable, "-I", "-S", str(VERIFIER), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


# Its own peak: what the system counts for a child begins with the memory of whoever started it.
_TELLING = """
import atexit, runpy, sys
atexit.register(lambda: sys.stderr.write([l for l in open("/proc/self/status") if l.startswith("VmHWM")][0]))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def _telling(folder: Path, *words: str) -> tuple[str, int]:
    """Its verdict and its peak of memory in KiB."""
    command = [sys.executable, "-I", "-S", "-c", _TELLING, str(VERIFIER), *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[-1], int(done.stderr.split()[-2])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "bundle.zip": case("everybody").data,
        "forged.zip": case("A02_another_name").data,
        "repacked.zip": case("packed_again_by_another_program").data,
        "one.tlog-proof": case("one_proof").data,
        "policy.txt": log().policy().encode(),
        "none.txt": log().policy("quorum none\n").encode(),
        "all.txt": log().policy("group all all w0 w1\nquorum all\n").encode(),
        "tsa.pem": log().stamper.pem,
        "checkpoint.txt": log().note(4).encode(),
        "consistency.txt": asked().request(4).encode(),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_where_it_comes_from_one_line_per_check_the_sentences_and_the_verdict(folder: Path) -> None:
    done = _run(folder, "bundle.zip")
    first, *lines = done.stdout.splitlines()
    assert first == NOTICE
    assert "get this program from someone you trust" in first
    names = [name for name, _ in CHECKS if name != "older"]
    assert [line.split()[:2] for line in lines[:14]] == [["ok", name] for name in names]
    assert lines[14] == "About: all events"
    assert lines[-2] == "Trust: the bundle’s own policy; only the bundle’s maker vouches for it"
    assert lines[-1] == "CONSISTENT (self-signed only)"
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_brought_lifts_the_verdict(folder: Path) -> None:
    kept = ["--older", "checkpoint.txt", "--proof", "consistency.txt"]
    done = _run(folder, "bundle.zip", "--policy", "policy.txt", *kept)
    assert done.stdout.splitlines()[-1] == "WITNESSED by w0, w1"
    assert "older" in done.stdout
    done = _run(folder, "bundle.zip", "--policy", "none.txt", "--tsa", "tsa.pem")
    assert done.stdout.splitlines()[-1].startswith("ANCHORED (time-stamped 2026-11-20 09:00:09 UTC")


def test_a_forged_one_ends_with_1_and_claims_nothing(folder: Path) -> None:
    done = _run(folder, "forged.zip", "--policy", "policy.txt")
    assert done.stdout.splitlines()[-1] == "INVALID"
    assert "About:" not in done.stdout
    assert (done.returncode, done.stderr) == (1, "")


def test_one_event(folder: Path) -> None:
    done = _run(folder, "one.tlog-proof", "--policy", "policy.txt")
    names = [line.split()[1] for line in done.stdout.splitlines()[1:-1]]
    assert names == ["policy", "checkpoint", "witnesses", "inclusion", "bodies", "values", "times"]
    assert done.stdout.splitlines()[-1] == "WITNESSED by w0, w1"


def test_for_machines(folder: Path) -> None:
    said = json.loads(_run(folder, "bundle.zip", "--json").stdout)
    assert said.keys() == {"checks", "statement", "verdict", "exit_code"}
    assert (said["verdict"], said["exit_code"]) == ("CONSISTENT (self-signed only)", 0)
    assert said["checks"][0].keys() == {"name", "state", "sentence"}
    assert said["statement"][0] == {"name": "About", "text": "all events"}
    said = json.loads(_run(folder, "repacked.zip", "--json").stdout)
    assert said.pop("verdict").startswith("NOT CHECKED: ")
    assert said == {"checks": [], "statement": [], "exit_code": 2}


@pytest.mark.parametrize(
    "words",
    [
        ["missing.zip"],
        ["."],
        ["policy.txt"],
        ["repacked.zip"],
        ["bundle.zip", "--policy", "missing.txt"],
        ["bundle.zip", "--extract", "policy.txt"],
    ],
)
def test_what_cannot_be_told_ends_with_2_and_never_with_a_traceback(folder: Path, words: list[str]) -> None:
    done = _run(folder, *words)
    assert done.stdout.splitlines()[-1].startswith("NOT CHECKED: ")
    assert (done.returncode, done.stderr) == (2, "")


def test_an_error_that_nobody_expected_is_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stumble(*given: object) -> None:
        raise KeyError("some name")

    monkeypatch.setattr(verify_audit, "check_bundle", stumble)
    assert verify_audit.main([str(folder / "bundle.zip")]) == 2
    said = capsys.readouterr().out.splitlines()
    assert said[0] == NOTICE
    assert re.fullmatch(
        r"NOT CHECKED: this program has a fault \(line \d+\); tell whoever gave it to you", said[1]
    )


def test_a_wrong_option_ends_with_2(folder: Path) -> None:
    assert _run(folder, "bundle.zip", "--trust-me").returncode == 2


@pytest.mark.parametrize(
    "words",
    [["bundle.zip", "--policy", "bundle.zip"], ["bundle.zip", "--older", "policy.txt"]],
)
def test_what_is_brought_and_cannot_be_read_fails_its_check(folder: Path, words: list[str]) -> None:
    done = _run(folder, *words)
    assert done.stdout.splitlines()[-1] == "INVALID"
    assert (done.returncode, done.stderr) == (1, "")


def test_a_label_cannot_write_a_line_of_its_own(tmp_path: Path) -> None:
    """Whoever names a recording does not write the verdict into somebody's terminal."""
    wicked = Log()
    names = {"object.label": "x”\nWITNESSED by everybody\x1b[2J\u202e"}
    wicked.add(about=recording(7), names=names)
    (tmp_path / "bundle.zip").write_bytes(pack(wicked.bundle("target", recording(7))).getvalue())
    done = _run(tmp_path, "bundle.zip")
    assert done.returncode == 0
    assert not any(line.startswith("WITNESSED") for line in done.stdout.splitlines())
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


def test_it_speaks_where_only_ascii_can_be_written(folder: Path) -> None:
    command = [sys.executable, "-I", "-S", str(VERIFIER), "bundle.zip"]
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
    )
    assert done.stdout.splitlines()[-1] == "CONSISTENT (self-signed only)"


def test_it_is_one_file_of_the_standard_library() -> None:
    text = VERIFIER.read_text(encoding="utf-8")
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(text, feature_version=(3, 9)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        )
    }
    assert imported - {"__future__"} <= sys.stdlib_module_names
    assert not any(word in text for word in ("fmt: off", "noqa", "type: ignore", "mypy: "))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in cases() if name.startswith("bomb_")])
def test_a_bomb_takes_little_memory(name: str, tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(case(name).data)
    words = []
    if "policy" in case(name).brought:
        policy = case(name).brought["policy"]
        (tmp_path / "policy.txt").write_text(policy, encoding="utf-8")
        words = ["--policy", "policy.txt"]
    verdict, peak = _telling(tmp_path, "bundle.zip", *words)
    assert verdict.startswith(("INVALID", "NOT CHECKED", "WITNESSED by w0"))
    assert peak < 300 * 1024


@pytest.mark.slow
def test_ten_thousand_events_take_little_memory(tmp_path: Path) -> None:
    large = Log()
    for number in range(10_000):
        names = NOA | {"purpose.note": f"note {number}", "object.label": "מרים כהן"}
        large.add(by=f"user:{number % 7}", about=recording(number % 300), names=names)
    (tmp_path / "bundle.zip").write_bytes(pack(large.bundle()).getvalue())
    (tmp_path / "policy.txt").write_text(large.policy(), encoding="utf-8")
    verdict, peak = _telling(tmp_path, "bundle.zip", "--policy", "policy.txt")
    assert verdict == "WITNESSED by w0, w1"
    assert peak < 150 * 1024
