"""Remove signatures from what is stored and shown: a presigned URL is a bearer secret."""

import json
import re
from collections.abc import Callable
from typing import Any

from recordings.commbox.parsing.fields import fold
from recordings.storage.s3_urls import strip_query

EXCERPT_CHARACTERS = 200

_SUSPECT = re.compile("[/=%]")  # most texts contain none of these and are clean
# Bounded repeats, so that no text is slow to search.
_URL_QUERY = re.compile(
    r"(\b[a-z][a-z0-9+.-]{1,15}:\\?/\\?/[^\s?#\"'<>]{0,1500})[?#][^\s\"'<>]*", re.IGNORECASE
)
_USER_INFO = re.compile(r"(:\\?/\\?/)[^/\s\"'<>@\\]*@")
# Also outside a plain URL, such as in a URL encoded inside another.
_SIGNATURE = re.compile(
    r"(x-amz-(?:signature|credential|security-token)|\bsignature|awsaccesskeyid)(?:=|%3d)[^&\s\"'<>\\]+",
    re.IGNORECASE,
)


def without_queries(text: str) -> str:
    """Remove the query and the user name from every URL in a text."""
    return _masked(_URL_QUERY.sub(r"\1", text)) if _SUSPECT.search(text) else text


def without_signatures(text: str) -> str:
    """Remove the query from every signed URL in a text; other URLs stay unchanged."""
    if not _SUSPECT.search(text):
        return text
    shortened = _URL_QUERY.sub(lambda match: match[1] if _SIGNATURE.search(match[0]) else match[0], text)
    return _masked(shortened)


def scrubbed(item: dict[str, Any], clean: Callable[[str], str] = without_signatures) -> dict[str, Any]:
    """Copy an item with every text cleaned. A `recordingUrl` always loses its query."""
    return {clean(key): _scrubbed(value, key, clean) for key, value in item.items()}


def excerpt_of(item: Any) -> str:
    """Quote the beginning of an item, without the queries of URLs."""
    text = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False, default=str)
    return without_queries(text[: EXCERPT_CHARACTERS * 10])[:EXCERPT_CHARACTERS]


def _scrubbed(value: Any, key: str, clean: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return scrubbed(value, clean)
    if isinstance(value, list):
        return [_scrubbed(item, key, clean) for item in value]
    if not isinstance(value, str):
        return value
    return _masked(strip_query(value)) if fold(key) == "recordingurl" else clean(value)


def _masked(text: str) -> str:
    return _USER_INFO.sub(r"\1***@", _SIGNATURE.sub(r"\1=", text))
