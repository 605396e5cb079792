"""`make messages`: collect the sentences of pages and scripts into the catalogues of locale/, and compile these.

Needs GNU gettext. A catalogue says neither where a sentence stands nor when it was collected: only what changes in the
sentences changes the file.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What manage.py wants to hear; nothing is connected to.
ENVIRONMENT = {
    **os.environ,
    "SECRET_KEY": "only-for-messages-only-for-messages-only-for-messages",
    "DATABASE_URL": "postgresql://nobody@localhost/none",
    "REDIS_URL": "redis://localhost",
    "COMMBOX_API_KEY": "none",
    "AUDIT_FIELD_KEY": "bm9uZW5vbmVub25lbm9uZW5vbmVub25lbm9uZW5vbmU=",
}
# Read by machines, operators or developers: English only.
UNTRANSLATED = (
    "tests",
    "docs",
    "deploy",
    "staticfiles",
    ".venv",
    "sandbox",
    "embedded",
    "commands",
    "verify_audit.py",
)


def collect(root: Path = ROOT) -> None:
    """Bring each catalogue below `root` up to the sentences of its code. Untranslated ones stay empty."""
    ignored = [option for name in UNTRANSLATED for option in ("--ignore", name)]
    for domain in ("django", "djangojs"):
        command = ["makemessages", "--all", "--domain", domain, "--no-location", "--no-wrap", "--no-obsolete"]
        _run([sys.executable, "-W", "ignore", "manage.py", *command, *ignored], root)
    for catalogue in root.glob("locale/*/LC_MESSAGES/*.po"):
        text = catalogue.read_text("utf-8")
        catalogue.write_text(re.sub(r'^"POT-Creation-Date:.*\n', "", text, flags=re.MULTILINE), "utf-8")


def compile_all(root: Path = ROOT) -> None:
    """Compile each catalogue beside itself. Raises CalledProcessError where a placeholder is lost."""
    for catalogue in sorted(root.glob("locale/*/LC_MESSAGES/*.po")):
        _run(
            ["msgfmt", "--check", "--no-hash", "-o", str(catalogue.with_suffix(".mo")), str(catalogue)], root
        )


def incomplete(catalogue: Path) -> str:
    """Return the entries of a catalogue that have no translation, or one that was only guessed."""
    return _run(["msgattrib", "--untranslated", str(catalogue)], ROOT) + _run(
        ["msgattrib", "--only-fuzzy", str(catalogue)], ROOT
    )


def _run(command: list[str], root: Path) -> str:
    return subprocess.run(
        command, cwd=root, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ).stdout


if __name__ == "__main__":
    collect()
    compile_all()
    for path in sorted(ROOT.glob("locale/*/LC_MESSAGES/*.po")):
        if missing := incomplete(path):
            print(f"{path.relative_to(ROOT)} lacks:\n{missing}")
