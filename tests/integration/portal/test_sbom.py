"""What production installs: pinned with hashes, and named in the bill of materials at its version."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.thorough import THOROUGH

ROOT = Path(__file__).resolve().parents[3]
LOCK = ROOT / "requirements-production.lock"
Versions = dict[str, str]


def locked() -> Versions:
    """What the lock file installs with this Python on this platform."""
    lines = re.findall(r"^([\w.-]+(?:\[[^\]]*\])?==[^\\\n]+)", LOCK.read_text(), re.MULTILINE)
    wanted = [Requirement(line) for line in lines]
    return {
        canonicalize_name(one.name): str(one.specifier).removeprefix("==")
        for one in wanted
        if one.marker is None or one.marker.evaluate()
    }


def listed(bom: dict[str, Any]) -> Versions:
    return {canonicalize_name(each["name"]): each["version"] for each in bom["components"]}


@pytest.mark.parametrize("name", ["requirements-production", "requirements", "requirements-dev"])
def test_each_package_is_pinned_with_hashes_and_comes_from_no_address(name: str) -> None:
    text = (ROOT / f"{name}.lock").read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 50
    for entry in entries:
        assert re.match(r"[\w.-]+(?:\[[\w, -]+\])?==[\w.+!]+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]
    assert "://" not in text


def test_pages_load_nothing_from_elsewhere() -> None:
    """Scripts, styles, fonts and pictures are files of the portal or of an installed package."""
    loading = re.compile(
        r"""(?:src|href|action|poster)=["'](?:https?:)?//|@import|url\(["']?(?:https?:)?//"""
    )
    files = [
        path
        for folder in ("templates", "static")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".html", ".css", ".js", ".svg")
    ]
    assert len(files) > 50
    assert [path for path in files if loading.search(path.read_text())] == []


@pytest.mark.slow
def test_each_package_of_production_is_described(tmp_path: Path) -> None:
    """Of this environment, which has those of development besides: with version, address and licence.

    Checking the form of the file takes half a minute; `make sbom` does it.
    """
    file = tmp_path / "sbom.json"
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--pyproject", "pyproject.toml"]
    subprocess.run(
        [*command, "--no-validate", "-o", str(file), sys.prefix], cwd=ROOT, check=True, timeout=300
    )
    bom = json.loads(file.read_text())
    assert (bom["bomFormat"], bom["metadata"]["component"]["name"]) == ("CycloneDX", "auditportal")
    assert locked().items() <= listed(bom).items()
    here = {canonicalize_name(one.metadata["Name"]): one.version for one in distributions()}
    assert listed(bom) == here
    for each in bom["components"]:
        if canonicalize_name(each["name"]) in locked():
            assert each["purl"] == f"pkg:pypi/{canonicalize_name(each['name'])}@{each['version']}"
            assert each.get("licenses"), each["name"]


@pytest.mark.slow
@pytest.mark.skipif(not THOROUGH, reason="installs production afresh from the package index")
def test_the_bill_of_materials_is_what_a_fresh_installation_has(tmp_path: Path) -> None:
    # Under `make thorough` this make would be a child, which takes its flags.
    env = {
        name: value for name, value in os.environ.items() if name not in ("MAKELEVEL", "MAKEFLAGS", "MFLAGS")
    }
    done = subprocess.run(
        ["make", "--silent", "sbom", f"SBOM_DIR={tmp_path}"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    bom = json.loads((tmp_path / "auditportal.cdx.json").read_text())
    site = next((tmp_path / "production").glob("lib/python3*/site-packages"))
    installed = {
        canonicalize_name(one.metadata["Name"]): one.version for one in distributions(path=[str(site)])
    }
    assert listed(bom) == installed == locked()
