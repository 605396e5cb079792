"""The documents of scorecards: canonical bytes, the blank form, and the three forms to start from."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import rfc8785

from recordings.scorecards.form import Form, read_form

# By name, in the order of the page. Each is in English and Hebrew.
STARTERS = ("service", "disclosure", "identity")
_FOLDER = Path(__file__).parent / "starters"
_BLANK: dict[str, Any] = {"format": "auditportal-form/1", "title": "", "mode": "points", "sections": []}


def canonical(data: bytes) -> tuple[Form, bytes]:
    """Read a form, and return it with its RFC 8785 bytes, whose SHA-256 is the form's hash. Raises BadFile."""
    form = read_form(data)
    return form, rfc8785.dumps(json.loads(data))


def blank(title: str) -> bytes:
    """Return the document of a form without sections."""
    return rfc8785.dumps({**_BLANK, "title": title})


@cache
def starter(name: str) -> tuple[Form, bytes]:
    """Return one of STARTERS."""
    return canonical((_FOLDER / f"{name}.json").read_bytes())
