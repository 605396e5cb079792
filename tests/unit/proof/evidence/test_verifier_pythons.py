"""The same verdict on each Python: all forged files, checked by another interpreter, sentence by sentence."""

import base64
import io
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from recordings.proof.evidence.check.verify_audit import verify
from tests.forge_bundle import VERIFIER
from tests.forgeries import case, cases

# The oldest that is promised, in another implementation than this one, must be there where nothing may be left out.
REQUIRED = "pypy3"
OTHERS = ["python3.9", "python3.10", "python3.12", "python3.13", "python3.14"]
_RUNNER = """
import base64, json, runpy, sys
verify = runpy.run_path(sys.argv[1])["verify"]
for name in sys.stdin.read().split():
    with open(name + ".json") as file:
        brought = {key: base64.b64decode(text) for key, text in json.load(file).items()}
    print(json.dumps([name, *verify(name + ".bin", **brought)]))
"""


def _works(python: str) -> bool:
    found = shutil.which(python)
    return (
        found is not None
        and not subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases as files."""
    made = tmp_path_factory.mktemp("cases")
    for name in cases():
        brought = {
            key: value.encode() if isinstance(value, str) else value
            for key, value in case(name).brought.items()
        }
        (made / f"{name}.bin").write_bytes(case(name).data)
        texts = {key: base64.b64encode(value).decode() for key, value in brought.items()}
        (made / f"{name}.json").write_text(json.dumps(texts))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("python", [REQUIRED, *OTHERS])
def test_another_python_says_the_same(python: str, folder: Path) -> None:
    if not _works(python):
        assert python != REQUIRED or os.environ.get("CI") != "true", f"{python} is needed here"
        pytest.skip(f"{python} is not installed")
    (folder / "runner.py").write_text(_RUNNER)
    done = subprocess.run(
        [python, "runner.py", str(VERIFIER)],
        cwd=folder,
        input="\n".join(cases()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = {name: rest for name, *rest in map(json.loads, done.stdout.splitlines())}
    assert said.keys() == set(cases())
    differing = {name for name in cases() if said[name] != json.loads(json.dumps(verify_here(name)))}
    assert differing == set()


def verify_here(name: str) -> list[Any]:
    return list(verify(io.BytesIO(case(name).data), **case(name).brought))
