"""The browser's verifier as a page of the portal, and as a single HTML file for bundles and for download.

Both are the template evidence/verifier.html with the scripts of static/portal/verify. The page loads them from the
portal. The single file contains them, and its content security policy allows only these, by their hashes. It is always
in English: its SHA-256 is published, so it must not depend on who downloads it.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from django.template.loader import render_to_string
from django.utils import translation

TEMPLATE = "evidence/verifier.html"
# Classic scripts, because browsers load no modules from a file. Each uses what those before it have defined.
SCRIPTS = tuple(
    f"portal/verify/{name}.js"
    for name in (
        *(
            "bytes",
            "language",
            "sha256",
            "json",
            "tree",
            "zip",
            "ed25519",
            "notes",
            "policy",
            "der",
            "stamps",
        ),
        *("events", "claim", "lines", "times", "completeness", "table", "statement", "report", "signatures"),
        *("log_events", "proof", "verify", "page"),
    )
)
_STATIC = Path(__file__).resolve().parents[4] / "static"
_STYLE = "portal/verify/verify.css"
_POLICY = re.compile(r'content="default-src[^"]*"')
_SHEET = re.compile(r'<link rel="stylesheet"[^>]*>')
_SCRIPT = re.compile(r'<script src="[^"]*"></script>')


@cache
def single_file() -> bytes:
    """Return verify.html with its stylesheet and scripts inside: the same bytes for the same sources."""
    with translation.override("en"):
        page: str = render_to_string(TEMPLATE, {"scripts": SCRIPTS}).lstrip()
    scripts = iter(SCRIPTS)
    policy = (
        f"default-src 'none'; script-src {_hashes(SCRIPTS)}; style-src {_hashes([_STYLE])}; "
        "form-action 'none'; base-uri 'none'"
    )
    page = _POLICY.sub(lambda _: f'content="{policy}"', page)
    page = _SHEET.sub(lambda _: f"<style>{_source(_STYLE)}</style>", page)
    page = _SCRIPT.sub(lambda _: f"<script>{_source(next(scripts))}</script>", page)
    return page.encode()


def _source(path: str) -> str:
    text = (_STATIC / path).read_text(encoding="utf-8")
    if re.search(r"</(script|style)|<!--", text, re.IGNORECASE):
        raise ValueError(f"{path} contains text that would end its element in HTML")
    return text


def _hashes(paths: Iterable[str]) -> str:
    """Return the sources of a content security policy that allow only these files."""
    return " ".join(
        f"'sha256-{b64encode(hashlib.sha256(_source(path).encode()).digest()).decode()}'" for path in paths
    )
