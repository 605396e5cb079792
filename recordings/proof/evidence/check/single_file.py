"""Make the verifier for browsers one HTML file: what travels in a bundle and what the portal gives for download.

The folder `static/portal/verify` is the source of both. The page that the portal serves names its scripts and its
stylesheet; the single file holds them, and its own policy admits them by their hashes and nothing else.
"""

import hashlib
import re
from base64 import b64encode
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[4] / "static" / "portal" / "verify"
_POLICY = re.compile(r'content="default-src[^"]*"')
_SHEET = re.compile(r'<link rel="stylesheet" href="([a-z0-9]+\.css)">')
_SCRIPT = re.compile(r'<script src="([a-z0-9]+\.js)"></script>')


@cache
def single_file() -> bytes:
    """Return verify.html with its stylesheet and scripts inside: the same bytes from the same sources."""
    page = (FOLDER / "verify.html").read_text(encoding="utf-8")
    sheets, scripts = _SHEET.findall(page), _SCRIPT.findall(page)
    policy = (
        f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes(sheets)}; "
        "form-action 'none'; base-uri 'none'"
    )
    page = _POLICY.sub(lambda _: f'content="{policy}"', page)
    page = _SHEET.sub(lambda link: f"<style>{_source(link[1])}</style>", page)
    page = _SCRIPT.sub(lambda script: f"<script>{_source(script[1])}</script>", page)
    return page.encode()


def _source(name: str) -> str:
    text = (FOLDER / name).read_text(encoding="utf-8")
    if re.search(r"</(script|style)|<!--", text, re.IGNORECASE):
        raise ValueError(f"{name} holds text that would end its element in HTML")
    return text


def _hashes(names: list[str]) -> str:
    """The sources of a content security policy that admit these files and nothing else."""
    return " ".join(
        f"'sha256-{b64encode(hashlib.sha256(_source(name).encode()).digest()).decode()}'" for name in names
    )
