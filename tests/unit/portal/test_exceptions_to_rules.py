"""Where a security rule of the linter is switched off, the line says why; and nothing secret is kept with the code."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OURS = sorted(
    path for folder in ("auditportal", "recordings", "tests") for path in (ROOT / folder).rglob("*.py")
)
# What a key of a cloud, of a code host or of a payment service looks like, and a private key.
SECRETS = (
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bglpat-[\w-]{20}|\bxox[abpr]-[\w-]{10,}"
    r"|\b(?:sk|rk)_live_[A-Za-z0-9]{16,}|\bAIza[\w-]{35}\b|-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"
)
# Of AWS's documentation, and made up for tests.
NO_SECRETS = {
    "AKIAIOSFODNN7EXAMPLE",
    "AKIABENCHBENCHBENCH1",
    "ASIAROLE000000000001",
    "ASIATEMPORARYKEY0001",
}


@pytest.mark.parametrize("path", [path for path in OURS if "noqa: S" in path.read_text()], ids=str)
def test_an_exception_to_a_security_rule_has_a_reason(path: Path) -> None:
    silent = [
        (number, line.strip())
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"# noqa: S\d+(?:, ?S\d+)*\W*(?:\w+\W*)?$", line)
    ]
    assert silent == []


def test_no_security_rule_is_switched_off_for_a_whole_package() -> None:
    import tomllib

    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert [rule for rule in lint["ignore"] if rule.startswith("S")] == []
    whole = {path for path, rules in lint["per-file-ignores"].items() if "S" in rules}
    assert whole == {"tests/**", "auditportal/sandbox/media/make.py"}


def test_nothing_secret_is_kept_with_the_code() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    found = {
        (name, match)
        for name in filter(None, listed.decode().split("\0"))
        if (ROOT / name).is_file() and Path(name) != Path(__file__).relative_to(ROOT)
        for match in re.findall(SECRETS, (ROOT / name).read_bytes().decode("utf-8", "replace"))
        if match not in NO_SECRETS
    }
    assert found == set()


@pytest.mark.slow
def test_nothing_secret_is_in_the_history() -> None:
    """Every line that was ever added, in every branch."""
    likely = "(AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_|glpat-|xox[abpr]-|k_live_|AIza|PRIVATE KEY-----"
    git = ["git", "log", "--all", "--no-color", "--unified=0", "--format=", "-p", "-G", likely]
    history = subprocess.run(git, cwd=ROOT, capture_output=True, check=True).stdout.decode("utf-8", "replace")
    added = "\n".join(line for line in history.splitlines() if line.startswith("+"))
    own = set(Path(__file__).read_text().splitlines())
    found = {
        match
        for line in added.splitlines()
        if line[1:] not in own
        for match in re.findall(SECRETS, line)
        if match not in NO_SECRETS
    }
    assert found == set()
