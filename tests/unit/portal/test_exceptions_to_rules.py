"""Where a security rule is switched off, the line says why; rules that the linter lacks; no secret beside the code."""

import ast
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
# Files that connect to other hosts, or listen.
CONNECTING = {
    "auditportal/accounts/mail.py",
    "auditportal/accounts/single_sign_on/adapter.py",
    "auditportal/accounts/single_sign_on/discovery.py",
    "auditportal/management/commands/sandbox_call.py",
    "recordings/commbox/transport.py",
    "recordings/proof/anchors/http.py",
    "recordings/proof/anchors/mail.py",
    "recordings/storage/answers.py",
    "recordings/storage/network.py",
    "recordings/storage/probe.py",
    "recordings/tlog/client.py",
    "recordings/tlog/server.py",
}
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


# --- rules of ours, which ruff does not have


def calls(path: Path) -> list[tuple[str, ast.Call, str]]:
    """Return the calls of a file: the name that is called, the call, its lines."""
    text = path.read_text()
    lines = text.splitlines()
    return [
        (
            node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", ""),
            node,
            "\n".join(lines[node.lineno - 1 : node.end_lineno]),
        )
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
    ]


PRODUCT = [path for path in OURS if "tests" not in path.relative_to(ROOT).parts]


def test_markup_that_is_not_escaped_says_why() -> None:
    """Ruff's S308 knows `mark_safe` only. A text of the code needs no reason, any other has one beside it."""
    silent = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in PRODUCT
        for name, call, lines in calls(path)
        if name in ("SafeString", "SafeText", "mark_safe", "format_html", "format_html_join")
        and not all(isinstance(argument, ast.Constant) for argument in call.args[: 1 + name.endswith("join")])
        and not re.search(r"# markup: \S", lines)
        and not (name.startswith("format_html") and "_TOTALS" in lines)  # a constant of its module
    ]
    assert silent == []


def test_templates_escape_everything() -> None:
    """Except mails in plain text, where an escaped sign would be read as it stands."""
    switched_off = re.compile(r"autoescape\s+off|\|\s*safe(?:seq)?\b")
    pages = set((ROOT / "templates").rglob("*.*")) - set((ROOT / "templates" / "mail").glob("*.txt"))
    found = [path for path in pages if switched_off.search(path.read_text())]
    assert found == []


def test_no_query_is_made_of_what_was_sent() -> None:
    """Names of fields come from the code: no `**request.GET`, no `extra()`; `RawSQL` is a constant."""
    sent = {"GET", "POST", "COOKIES", "headers"}
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in PRODUCT
        for name, call, _ in calls(path)
        if (name == "extra" and (call.args or call.keywords))
        or (name == "RawSQL" and not isinstance(call.args[0], ast.Constant))
        or any(
            word.arg is None and {getattr(part, "attr", "") for part in ast.walk(word.value)} & sent
            for word in call.keywords
        )
    ]
    assert found == []


def test_only_the_clients_reach_other_hosts() -> None:
    """Addresses are checked, redirects refused and certificates verified in these files; nobody else connects."""
    libraries = r"^\s*(?:import|from) (?:httpx|requests|aiohttp|urllib3|urllib\.request|http\.client|smtplib|socket)\b"
    found = {
        str(path.relative_to(ROOT))
        for path in PRODUCT
        if re.search(libraries, path.read_text(), re.MULTILINE)
        and not path.is_relative_to(ROOT / "auditportal" / "sandbox")
        and not path.is_relative_to(ROOT / "auditportal" / "embedded")
    }
    assert found == CONNECTING


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
